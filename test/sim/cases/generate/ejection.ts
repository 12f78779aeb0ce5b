import { Random } from '../../../fuzz/random.ts';
import { seedOf } from '../../world/world.ts';
import type { Case, PoolKeys } from '../case.ts';

/** One seed in so many has servers that leave the ring when they fail. */
const EJECTING = 7;
const REST = 3;

/** @returns the case as it is, or with auto_eject_hosts in both configurations */
export function withEjection(given: Case): Case {
  const isPlain = given.availability === undefined && given.cluster === undefined;
  if (given.seed % EJECTING !== REST || !isPlain || given.servers < 2) return given;
  const random = new Random(seedOf(given.seed, 'ejection'));
  const keys: PoolKeys = {
    auto_eject_hosts: true,
    server_failure_limit: 1 + random.below(3),
    server_retry_timeout: random.pick([200, 1_000, 2_000]),
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
