import { Random } from '../../../fuzz/random.ts';
import { seedOf } from '../../world/world.ts';
import type { Action, Case, ClientPlan, Op } from '../case.ts';
import { swapOf, transactionOf } from './compounds.ts';

// Clients that write and read the keys of a pair, both or one, one request behind the other: while
// their slot moves, the keys are at either node.

/** Of other cases than those with a cluster, one in so many has such a client. */
const ELSEWHERE = 6;
/** Their writes have numbers that no others have. */
const FIRST_ID = 3_000_000;
const SIZES = [0, 20, 60, 200, 1_500];
const PAIRS = 3;
const SWAPPED = 2;
const BURSTS = 60;

class Pairing {
  readonly #random: Random;
  readonly #favourite: number;
  /** One burst in so many is a transaction, or a swap. */
  readonly #transacts: number;
  #id = FIRST_ID;

  constructor(random: Random) {
    this.#random = random;
    this.#favourite = random.below(PAIRS);
    this.#transacts = random.pick([2, 5, 20]);
  }

  #size(): number {
    return this.#random.pick(SIZES);
  }

  #ops(key: number): Op[] {
    const random = this.#random;
    const half = random.pick(['a', 'b'] as const);
    switch (random.below(6)) {
      case 0:
      case 1:
        return [{ op: 'pair', key }];
      case 2:
        return [{ op: 'one', key, half }];
      default:
        return [{ op: 'both', key, id: ++this.#id, size: this.#size() }];
    }
  }

  burst(): Action[] {
    const random = this.#random;
    const key = random.once(3) ? random.below(PAIRS) : this.#favourite;
    if (random.once(2 * this.#transacts)) {
      return swapOf(random.below(SWAPPED), ++this.#id, this.#size(), 1 + random.below(20));
    }
    const send = (ops: readonly Op[]): Action => ({ do: 'send', ops, pieces: 1 });
    return Array.from({ length: 1 + random.below(4) }, (): Action[] => {
      const transacts = random.once(this.#transacts);
      const block = transacts ? transactionOf(key, ++this.#id, this.#size()) : [];
      const sent = send([...block, ...this.#ops(key)]);
      // The next comes while this one waits.
      return random.once(2) ? [sent, { do: 'sleep', ms: 1 + random.below(20) }] : [sent];
    }).flat();
  }
}

function clientOf(random: Random, proxies: number, spanMs: number): ClientPlan {
  const pairing = new Pairing(random);
  const actions: Action[] = [];
  for (let i = 0; i < BURSTS; i++) {
    actions.push(...pairing.burst());
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
