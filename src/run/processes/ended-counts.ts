import { RingwayError } from '../../errors.ts';
import { endedSnapshot, mergeSnapshots } from '../../stats/merge.ts';
import type { Snapshot } from '../../stats/snapshot.ts';
import type { Worker } from './worker-process.ts';

/** What workers that are gone had counted. */
export class EndedCounts {
  #sum: Snapshot[] = [];

  /** Adds what a worker had counted, once. */
  add(worker: Worker): void {
    const { last } = worker;
    worker.counted = true;
    worker.last = null;
    if (last === null) return;
    const [before] = this.#sum;
    const ended = endedSnapshot(last);
    this.#sum = [before === undefined ? ended : mergeSnapshots([ended], [before])];
  }

  /**
   * With what those have counted that serve.
   * @throws RingwayError when nobody has counted anything
   */
  with(serving: readonly Snapshot[]): Snapshot {
    if (serving.length > 0) return mergeSnapshots(serving, this.#sum);
    if (this.#sum.length > 0) return mergeSnapshots(this.#sum, []);
    throw new RingwayError('RINGWAY_INTERNAL', 'no worker serves at the moment');
  }
}
