import type { Log } from '../../log.ts';
import type { ServerOrder } from '../../proxy/pool/connections/order.ts';
import type { Known } from '../../topology/known.ts';
import type { NameAddresses } from '../serving.ts';
import type { WorkerStart } from './worker.ts';

/** How the workers run. */
export interface WorkersOptions
  extends Pick<
    WorkerStart,
    | 'codec'
    | 'reader'
    | 'latency'
    | 'memoryLimit'
    | 'maxConnections'
    | 'version'
    | 'workers'
    | 'traceRate'
  > {
  readonly log: Log;
  /** What an operator wants of single servers already. */
  readonly orders: readonly ServerOrder[];
  /** Processes that have numbered their clients before. */
  readonly numbered: number;
  /** Told for which server of which pool requests wait, by their names. */
  onTrouble(pool: string, server: string, isHint: boolean): void;
  /** Where masters are now. */
  known(): readonly Known[];
  /** Where names lead now. */
  addresses(): NameAddresses;
}
