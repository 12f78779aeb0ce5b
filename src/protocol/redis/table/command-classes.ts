import { CLASS_MULTI, CLASS_OTHER, CLASS_READ, CLASS_WRITE } from '../../../stats/latency.ts';
import { COMMANDS, type CommandSpec } from './commands.ts';

function classOf({ access, handling }: CommandSpec): number {
  if (handling === 'fragment' || handling === 'same-server') return CLASS_MULTI;
  if (access === 'r') return CLASS_READ;
  return access === 'w' ? CLASS_WRITE : CLASS_OTHER;
}

/** Command classes of the metrics, by the low 16 bits of a record's INFO. */
export function redisClasses(): Uint8Array {
  const classes = new Uint8Array(0x10000).fill(CLASS_OTHER);
  for (let i = 0; i < COMMANDS.length; i++) classes[i] = classOf(COMMANDS[i]);
  return classes;
}
