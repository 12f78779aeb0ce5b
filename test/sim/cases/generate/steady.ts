import { Random } from '../../../fuzz/random.ts';
import { seedOf } from '../../world/world.ts';
import type { Action, Case, ClientPlan, Op } from '../case.ts';

// A client that asks for little, of few keys, all the time: whatever happens for a moment only, it
// has something under way.

/** Of the cases in which nothing is replicated, one in so many has one. */
const ELSEWHERE = 3;
/** Its writes have numbers that no others have. */
const FIRST_ID = 4_000_000;
const SIZES = [0, 20, 60, 200];
const KEYS = 2;

/** How often, and for how many milliseconds it rests meanwhile at most. */
interface Pace {
  readonly count: number;
  readonly pauseMs: number;
}

function opOf(random: Random, id: number): Op {
  const key = random.below(KEYS);
  switch (random.below(8)) {
    case 0:
      return { op: 'incr', key };
    case 1:
      return { op: 'mget', keys: [0, 1] };
    case 2:
    case 3:
    case 4:
      return { op: 'get', key };
    default:
      return { op: 'set', key, id, size: random.pick(SIZES) };
  }
}

function clientOf(random: Random, proxies: number, { count, pauseMs }: Pace): ClientPlan {
  const waits = random.pick([1, 2, 5]);
  const depth = random.pick([1, 1, 3]);
  let id = FIRST_ID;
  const actions = Array.from({ length: count }, (): Action[] => {
    const ops = Array.from({ length: 1 + random.below(depth) }, () => opOf(random, ++id));
    const sleep: Action = { do: 'sleep', ms: 1 + random.below(pauseMs) };
    const sent: Action = { do: 'send', ops, pieces: 1 };
    return random.once(waits) ? [sent, { do: 'wait' }, sleep] : [sent, sleep];
  });
  return { proxy: random.below(proxies), startMs: random.below(100), actions: actions.flat() };
}

/** @returns the case as it is, or with such a client */
export function withSteady(given: Case, spanMs: number): Case {
  const random = new Random(seedOf(given.seed, 'steady'));
  const isReplicated = given.availability !== undefined || given.cluster !== undefined;
  if (!isReplicated && !random.once(ELSEWHERE)) return given;
  const pauseMs = random.pick([10, 40, 150]);
  const count = Math.min(isReplicated ? 400 : 100, Math.ceil((2 * spanMs) / pauseMs));
  const client = clientOf(random, given.proxies, {
    count,
    pauseMs: Math.ceil((2 * spanMs) / count),
  });
  return { ...given, clients: [...given.clients, client] };
}
