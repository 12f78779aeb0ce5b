import { Random } from '../../../fuzz/random.ts';
import { seedOf } from '../../world/world.ts';
import type { Action, Case, ClientPlan, Op, PoolKeys } from '../case.ts';
import { CLUSTERED, CLUSTERED_REST, inCluster } from './cluster-case.ts';
import { swapOf, transactionOf } from './compounds.ts';
import { withConfirmations } from './confirmations.ts';
import { withEjection } from './ejection.ts';
import { availableKinds, availablePlan, faultKinds, faultPlan } from './fault-plan.ts';
import { withMessages } from './messages.ts';
import { withMoments } from './moments.ts';
import { withMovingReloads } from './moving-reloads.ts';
import { withPairs } from './pairs.ts';
import { type Personality, personality } from './personality.ts';
import { focus, poolKeys } from './pool-keys.ts';
import { withReplicaReads } from './replica-reads.ts';
import { withSteady } from './steady.ts';

// A seed becomes a case: who is there, what they do, and when something goes wrong.

const CODECS = ['js', 'wasm-scalar', 'wasm'] as const;
const SMALL = [0, 20, 60, 200];
const SIZES = [...SMALL, ...SMALL, 1_500, 5_000, 17_000, 70_000];
const LARGE = 300_000;
/** Of the cases with large values, half are about them. */
const BULKY = [20, 1_500, 17_000, 70_000, 70_000, LARGE];
/** The script of a client takes about so long. */
const SPAN_MS = 3_000;
/** Failovers take their time. */
const AVAILABLE_SPAN_MS = 20_000;
/** All pauses of a client together: a case waits for its clients, and not for ever. */
const LONGEST_PAUSES_MS = 90_000;
/** One seed in so many has sentinels. */
export const AVAILABLE = 6;

/** Requests of one key or more, and how many of a hundred each are by itself. */
const SHARES = {
  get: 28,
  set: 24,
  incr: 8,
  push: 7,
  pop: 7,
  mget: 9,
  mset: 5,
  del: 3,
  about: 3,
  other: 6,
} as const;

type Kind = keyof typeof SHARES;

/** How often a case has each kind of request: some much more often than others, some never. */
class Mixture {
  readonly #shares: readonly (readonly [Kind, number])[];
  readonly #sum: number;

  constructor(random: Random) {
    const isEven = random.once(2);
    this.#shares = (Object.entries(SHARES) as [Kind, number][]).map(([kind, share]) => {
      const factor = random.pick([0, 1, 1, 6]);
      return [kind, isEven ? share : share * factor] as const;
    });
    this.#sum = this.#shares.reduce((sum, [, share]) => sum + share, 0);
  }

  pick(random: Random): Kind {
    let left = random.below(this.#sum);
    for (const [kind, share] of this.#shares) {
      if (left < share) return kind;
      left -= share;
    }
    return 'get';
  }
}

class Generator {
  readonly #random: Random;
  readonly #registers: number;
  readonly #large: boolean;
  readonly #memcache: boolean;
  readonly #sizes: readonly number[];
  /** All clients begin in the same millisecond. */
  readonly #atOnce: boolean;
  readonly #kinds: Mixture;
  readonly #spanMs: number;
  #writes = 0;

  constructor(random: Random, large: boolean, memcache: boolean, spanMs: number) {
    this.#spanMs = spanMs;
    this.#random = random;
    this.#atOnce = random.once(4);
    this.#kinds = new Mixture(random);
    this.#registers = random.pick([2, 6, 20]);
    this.#large = large;
    this.#sizes = large && random.once(2) ? BULKY : SIZES;
    this.#memcache = memcache;
  }

  #size(): number {
    if (this.#large && this.#random.once(30)) return LARGE;
    return this.#random.pick(this.#sizes);
  }

  #key(): number {
    return this.#random.below(this.#registers);
  }

  #keys(): number[] {
    const count = 1 + this.#random.below(Math.min(this.#registers, 8));
    const keys = new Set<number>();
    for (let i = 0; i < count; i++) keys.add(this.#key());
    return [...keys];
  }

  op(): Op {
    const random = this.#random;
    const key = this.#key();
    switch (this.#kinds.pick(random)) {
      case 'get':
        return { op: 'get', key };
      case 'set':
        return { op: 'set', key, id: ++this.#writes, size: this.#size() };
      case 'incr':
        return { op: 'incr', key: random.below(3) };
      case 'push':
        return { op: 'push', key: random.below(3), id: ++this.#writes, size: this.#size() };
      case 'pop':
        return { op: 'pop', key: random.below(3) };
      case 'mget':
        return { op: 'mget', keys: this.#keys() };
      case 'mset':
        return { op: 'mset', keys: this.#keys(), id: ++this.#writes, size: random.pick(SMALL) };
      case 'del':
        return { op: 'del', keys: this.#keys() };
      case 'about':
        return { op: random.pick(['strlen', 'exists'] as const), key };
      case 'other':
        return { op: random.pick(['ping', 'ping', 'unknown', 'arity'] as const) };
    }
  }

  #send(who: Personality): Action {
    const random = this.#random;
    const ops = Array.from({ length: 1 + random.below(who.depth) }, () => {
      return this.#memcache ? this.memcacheOp() : this.op();
    });
    if (!this.#memcache && random.once(who.transacts)) ops.push(...this.#transaction());
    if (!this.#memcache && random.once(who.awaits)) {
      ops.push({ op: 'await', key: random.below(3), ms: random.pick([20, 300]) });
    }
    if (!random.once(who.piecewise)) return { do: 'send', ops, pieces: 1 };
    const pauseMs = 1 + random.below(who.pieceMs);
    return { do: 'send', ops, pieces: 2 + random.below(5), pauseMs };
  }

  /** Both keys of a pair are written, and read. */
  #transaction(): Op[] {
    const random = this.#random;
    const key = random.below(3);
    const id = ++this.#writes;
    // Behind MULTI nothing is streamed: max_assembled_request refuses what is larger.
    const sizes = this.#large ? SMALL : [...SMALL, 5_000, 17_000, 70_000, LARGE];
    const size = random.pick(sizes);
    return [{ op: 'pair', key }, ...transactionOf(key, id, size), { op: 'pair', key }];
  }

  #swap(actions: Action[]): void {
    const random = this.#random;
    const [key, size] = [random.below(2), random.pick(SMALL)];
    const pauseMs = random.once(3) ? 1 + random.below(20) : 0;
    actions.push(...swapOf(key, ++this.#writes, size, pauseMs));
  }

  /** A request that memcached has, too. */
  memcacheOp(): Op {
    const random = this.#random;
    const key = this.#key();
    const roll = random.below(100);
    if (roll < 40) return { op: 'get', key };
    if (roll < 60) return { op: 'set', key, id: ++this.#writes, size: this.#size() };
    if (roll < 66) return { op: 'incr', key: random.below(3) };
    if (roll < 70) return { op: 'add', key: random.below(3) };
    if (roll < 90) return { op: 'mget', keys: this.#keys() };
    if (roll < 94) return { op: 'del', keys: [key] };
    return { op: random.pick(['ping', 'unknown', 'arity'] as const) };
  }

  client(proxies: number): ClientPlan {
    const random = this.#random;
    const actions: Action[] = [];
    const who = personality(random);
    if (!this.#memcache && random.once(4)) {
      actions.push({ do: 'send', ops: [{ op: 'hello', resp: random.pick([2, 3]) }], pieces: 1 });
      actions.push({ do: 'wait' });
    }
    const count = 4 + random.below(12);
    const pauseMs = Math.max(1, Math.floor(this.#spanMs / count));
    let left = LONGEST_PAUSES_MS;
    for (let i = 0; i < count; i++) {
      this.#switchDatabase(actions, who);
      if (!this.#memcache && random.once(who.swaps)) this.#swap(actions);
      actions.push(this.#send(who));
      if (random.once(who.waits)) actions.push({ do: 'wait' });
      // So that it is there as long as faults come.
      const ms = Math.min(left, 1 + random.below(2 * pauseMs * who.pauses));
      if (random.once(who.pauses)) {
        actions.push({ do: 'sleep', ms });
        left -= ms;
      }
      if (who.rude > 0 && random.once(who.rude)) this.#beRude(actions, who);
    }
    return { proxy: random.below(proxies), startMs: this.#start(), actions };
  }

  #start(): number {
    return this.#atOnce ? 1 : this.#random.below(200);
  }

  #switchDatabase(actions: Action[], { hops }: Personality): void {
    const random = this.#random;
    if (this.#memcache || !random.once(hops)) return;
    // What is pipelined behind it would not know where it is if it fails.
    const op: Op = { op: 'select', db: random.below(3) };
    if (random.once(2)) actions.push({ do: 'wait' });
    actions.push({ do: 'send', ops: [op], pieces: 1 }, { do: 'wait' });
  }

  #beRude(actions: Action[], { rudeness }: Personality): void {
    const random = this.#random;
    switch (random.pick(rudeness)) {
      case 'deaf':
        actions.push({ do: 'deaf', ms: random.pick([5, 100, 1_500]) });
        break;
      case 'leave':
        actions.push({ do: 'leave' });
        break;
      case 'half':
        actions.push({ do: 'half' });
        break;
      case 'break':
        actions.push({ do: 'break', bytes: random.pick([10, 2_000, 80_000, 400_000]) });
        break;
    }
  }
}

/** The case of a seed; of every sixth with sentinels, of every eighth with a cluster. */
export function generateCase(seed: number): Case {
  return withMoments(caseOf(seed));
}

function caseOf(seed: number): Case {
  if (seed % AVAILABLE === 0) {
    const given = withReplicaReads(availableCase(seed));
    return withConfirmations(beside(given, AVAILABLE_SPAN_MS));
  }
  if (seed % CLUSTERED === CLUSTERED_REST) {
    const given = withMovingReloads(withReplicaReads(clusteredCase(seed)), AVAILABLE_SPAN_MS);
    return withConfirmations(beside(given, AVAILABLE_SPAN_MS));
  }
  return beside(withEjection(plainCase(seed)), SPAN_MS);
}

/** With clients of other kinds beside those that it has. */
function beside(given: Case, spanMs: number): Case {
  return withSteady(withPairs(withMessages(given, spanMs), spanMs), spanMs);
}

function plainCase(seed: number): Case {
  const random = new Random(seedOf(seed, 'case'));
  const large = random.once(3);
  const servers = 1 + random.below(4);
  const memcache = random.once(4);
  return wholeCase(seed, random, { servers, large, memcache, spanMs: SPAN_MS });
}

function clusteredCase(seed: number): Case {
  const random = new Random(seedOf(seed, 'clustered case'));
  const large = random.once(6);
  const kind = { servers: 3, large, memcache: false, spanMs: AVAILABLE_SPAN_MS };
  return inCluster(wholeCase(seed, random, kind), AVAILABLE_SPAN_MS);
}

function availableCase(seed: number): Case {
  const random = new Random(seedOf(seed, 'available case'));
  const servers = 1 + random.below(2);
  const kind = { servers, large: random.once(6), memcache: false, spanMs: AVAILABLE_SPAN_MS };
  const given = wholeCase(seed, random, kind);
  const availability = { replicas: 1 + random.below(2), downAfterMs: random.pick([1_000, 3_000]) };
  const waits = random.pick([undefined, undefined, 0, 1_000, 20_000]);
  const [first, second] = given.pools.map((keys) => {
    const { retry_reads: _none, ...rest } = keys;
    return waits === undefined ? rest : { ...rest, failover_wait: waits };
  }) as [PoolKeys, PoolKeys];
  const kinds = availableKinds(random);
  const faults = availablePlan(random, AVAILABLE_SPAN_MS);
  return { ...given, availability, pools: [first, second], kinds, faults };
}

interface CaseKind {
  readonly servers: number;
  readonly large: boolean;
  readonly memcache: boolean;
  readonly spanMs: number;
}

function wholeCase(seed: number, random: Random, kind: CaseKind): Case {
  const { servers, large, memcache, spanMs } = kind;
  const proxies = random.once(4) ? 2 : 1;
  const generator = new Generator(random, large, memcache, spanMs);
  const clients = random.pick([1, 2, 3, 4, 5, 8]);
  const about = focus(random);
  const first = poolKeys(random, servers, large, memcache, about);
  // The other configuration has another number of servers, or other limits.
  const other = random.once(2) ? poolKeys(random, servers, large, memcache, about) : { ...first };
  const fewer = Math.max(1, servers - 1);
  // What memory was set aside for at start is not changed by a reload.
  const second: Record<string, string | number | boolean> = { ...other, servers: fewer };
  delete second['max_assembled_request'];
  const assembled = first['max_assembled_request'];
  if (assembled !== undefined) second['max_assembled_request'] = assembled;
  return {
    seed,
    codec: random.pick(CODECS),
    reader: random.once(4) ? 'data' : 'onread',
    calm: random.once(3),
    busyMicros: random.pick([0, 0, 0, 40]),
    proxies,
    servers,
    memoryMib: random.pick([0, 0, 8]),
    memcache,
    password: !memcache && random.once(6),
    pools: [first, second],
    clients: Array.from({ length: clients }, () => generator.client(proxies)),
    kinds: faultKinds(random),
    faults: faultPlan(random, spanMs),
  };
}
