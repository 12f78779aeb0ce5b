import { Random } from '../../../fuzz/random.ts';
import { seedOf } from '../../world/world.ts';
import type { Case, PoolKeys } from '../case.ts';

/** Of the cases with replicas, one in so many has them read. */
const READING = 3;

/** @returns the case as it is, or with `read_from` in both configurations */
export function withReplicaReads(given: Case): Case {
  const random = new Random(seedOf(given.seed, 'replica reads'));
  if (!random.once(READING)) return given;
  const lag = random.pick([undefined, 0, 2_000]);
  const after = random.pick([undefined, 0, 200]);
  const keys: PoolKeys = {
    read_from: random.pick(['prefer-replica', 'replica', 'any', 'nearest']),
    ...(lag === undefined ? {} : { max_replica_lag: lag }),
    ...(after === undefined ? {} : { read_after_write: after }),
  };
  const [first, second] = given.pools;
  return {
    ...given,
    pools: [
      { ...first, ...keys },
      { ...second, ...keys },
    ],
  };
}
