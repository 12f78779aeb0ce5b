import { CLASS_OTHER, CLASS_READ, CLASS_WRITE } from '../../stats/latency.ts';
import { MC_GATS, MC_GET, MC_MA, MC_ME, MC_MG, MC_MS, MC_SET, MC_TOUCH } from '../frame-table.ts';

/**
 * Command classes of the metrics, by the low 16 bits of a record's INFO. A get that is cut up is
 * counted as one with several keys where that happens.
 */
export function memcacheClasses(): Uint8Array {
  const classes = new Uint8Array(0x10000).fill(CLASS_OTHER);
  classes.fill(CLASS_READ, MC_GET, MC_GATS + 1);
  classes.fill(CLASS_WRITE, MC_SET, MC_TOUCH + 1);
  classes.fill(CLASS_WRITE, MC_MS, MC_MA + 1);
  classes[MC_MG] = CLASS_READ;
  classes[MC_ME] = CLASS_READ;
  return classes;
}
