import { Random } from '../../../fuzz/random.ts';
import { seedOf } from '../../world/world.ts';
import type { Action, Case, ClientPlan, Op } from '../case.ts';

// Clients that write and read both keys of a pair, one request behind the other: while their slot
// moves, the keys are at either node.

/** Of other cases than those with a cluster, one in so many has such a client. */
const ELSEWHERE = 6;
/** Their writes have numbers that no others have. */
const FIRST_ID = 3_000_000;
const SIZES = [0, 20, 60, 200, 1_500];
const PAIRS = 3;
const BURSTS = 60;

function clientOf(random: Random, proxies: number, spanMs: number): ClientPlan {
  const actions: Action[] = [];
  const favourite = random.below(PAIRS);
  let id = FIRST_ID;
  for (let i = 0; i < BURSTS; i++) {
    const key = random.once(3) ? random.below(PAIRS) : favourite;
    const both = (): Op => ({ op: 'both', key, id: ++id, size: random.pick(SIZES) });
    const count = 1 + random.below(4);
    for (let n = 0; n < count; n++) {
      const op: Op = random.once(3) ? { op: 'pair', key } : both();
      actions.push({ do: 'send', ops: [op], pieces: 1 });
      // The next comes while this one waits.
      if (random.once(2)) actions.push({ do: 'sleep', ms: 1 + random.below(20) });
    }
    if (random.once(3)) actions.push({ do: 'wait' });
    actions.push({ do: 'sleep', ms: 1 + random.below(Math.ceil((2 * spanMs) / BURSTS)) });
  }
  return { proxy: random.below(proxies), startMs: random.below(100), actions };
}

/** @returns the case as it is, or with such a client */
export function withPairs(given: Case, spanMs: number): Case {
  if (given.memcache === true) return given;
  const random = new Random(seedOf(given.seed, 'pairs'));
  if (given.cluster === undefined && !random.once(ELSEWHERE)) return given;
  return { ...given, clients: [...given.clients, clientOf(random, given.proxies, spanMs)] };
}
