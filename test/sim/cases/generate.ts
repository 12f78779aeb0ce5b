import { Random } from '../../fuzz/random.ts';
import { seedOf } from '../world/world.ts';
import type { Action, Case, ClientPlan, Fault, Op, PoolKeys } from './case.ts';

// A seed becomes a case: who is there, what they do, and when something goes wrong.

const CODECS = ['js', 'wasm-scalar', 'wasm'] as const;
const SMALL = [0, 20, 60, 200];
const SIZES = [...SMALL, ...SMALL, 1_500, 5_000, 17_000, 70_000];
const LARGE = 300_000;
/** The script of a client takes about so long. */
const SPAN_MS = 3_000;

class Generator {
  readonly #random: Random;
  readonly #registers: number;
  readonly #large: boolean;
  readonly #memcache: boolean;
  #writes = 0;

  constructor(random: Random, large: boolean, memcache: boolean) {
    this.#random = random;
    this.#registers = random.pick([2, 6, 20]);
    this.#large = large;
    this.#memcache = memcache;
  }

  #size(): number {
    if (this.#large && this.#random.once(30)) return LARGE;
    return this.#random.pick(SIZES);
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
    const roll = random.below(100);
    if (roll < 28) return { op: 'get', key };
    if (roll < 52) return { op: 'set', key, id: ++this.#writes, size: this.#size() };
    if (roll < 60) return { op: 'incr', key: random.below(3) };
    if (roll < 67)
      return { op: 'push', key: random.below(3), id: ++this.#writes, size: this.#size() };
    if (roll < 74) return { op: 'pop', key: random.below(3) };
    if (roll < 83) return { op: 'mget', keys: this.#keys() };
    if (roll < 88) {
      return { op: 'mset', keys: this.#keys(), id: ++this.#writes, size: random.pick(SMALL) };
    }
    if (roll < 91) return { op: 'del', keys: this.#keys() };
    if (roll < 94) return { op: random.pick(['strlen', 'exists'] as const), key };
    return { op: random.pick(['ping', 'ping', 'unknown', 'arity'] as const) };
  }

  #send(depth: number): Action {
    const ops = Array.from({ length: 1 + this.#random.below(depth) }, () => {
      return this.#memcache ? this.memcacheOp() : this.op();
    });
    if (!this.#memcache && this.#random.once(4)) ops.push(...this.#transaction());
    if (!this.#memcache && this.#random.once(8)) {
      ops.push({ op: 'await', key: this.#random.below(3), ms: this.#random.pick([20, 300]) });
    }
    return { do: 'send', ops, pieces: this.#random.once(6) ? 2 + this.#random.below(5) : 1 };
  }

  /** Both keys of a pair are written, and read. */
  #transaction(): Op[] {
    const random = this.#random;
    const key = random.below(3);
    const id = ++this.#writes;
    // Behind MULTI nothing is streamed: max_assembled_request refuses what is larger.
    const sizes = this.#large ? SMALL : [...SMALL, 5_000, 17_000, 70_000, LARGE];
    const size = random.pick(sizes);
    const of = (['a', 'b'] as const).map((half): Op => ({ op: 'half', key, half, id, size }));
    const queued = of.map((each): Op => ({ op: 'queued', of: each }));
    return [
      { op: 'pair', key },
      { op: 'multi' },
      ...queued,
      { op: 'exec', of, watched: false },
      { op: 'pair', key },
    ];
  }

  /** A register is written over what was read of it, while nobody else writes it. */
  #swap(actions: Action[]): void {
    const key = this.#random.below(2);
    const swap: Op = { op: 'swap', key, id: ++this.#writes, size: this.#random.pick(SMALL) };
    const exec: Op = { op: 'exec', of: [swap], watched: true };
    const look: readonly Op[] = [
      { op: 'watch', key },
      { op: 'look', key },
    ];
    actions.push({ do: 'wait' }, { do: 'send', ops: look, pieces: 1 }, { do: 'wait' });
    if (this.#random.once(3)) actions.push({ do: 'sleep', ms: 1 + this.#random.below(20) });
    const ops: readonly Op[] = [{ op: 'multi' }, { op: 'queued', of: swap }, exec];
    actions.push({ do: 'send', ops, pieces: 1 });
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
    const depth = random.pick([1, 4, 20, 60]);
    const isRude = random.once(3);
    if (!this.#memcache && random.once(4)) {
      actions.push({ do: 'send', ops: [{ op: 'hello', resp: random.pick([2, 3]) }], pieces: 1 });
      actions.push({ do: 'wait' });
    }
    const count = 4 + random.below(16);
    const pauseMs = Math.max(1, Math.floor(SPAN_MS / count));
    for (let i = 0; i < count; i++) {
      this.#switchDatabase(actions);
      if (!this.#memcache && random.once(5)) this.#swap(actions);
      actions.push(this.#send(depth));
      if (random.once(2)) actions.push({ do: 'wait' });
      if (random.once(2)) actions.push({ do: 'sleep', ms: 1 + random.below(2 * pauseMs) });
      if (isRude) this.#beRude(actions);
    }
    return { proxy: random.below(proxies), startMs: random.below(200), actions };
  }

  #switchDatabase(actions: Action[]): void {
    const random = this.#random;
    if (this.#memcache || !random.once(10)) return;
    // What is pipelined behind it would not know where it is if it fails.
    const op: Op = { op: 'select', db: random.below(3) };
    if (random.once(2)) actions.push({ do: 'wait' });
    actions.push({ do: 'send', ops: [op], pieces: 1 }, { do: 'wait' });
  }

  #beRude(actions: Action[]): void {
    const random = this.#random;
    switch (random.below(14)) {
      case 0:
        actions.push({ do: 'deaf', ms: random.pick([5, 100, 1_500]) });
        break;
      case 1:
        actions.push({ do: 'leave' });
        break;
      case 2:
        actions.push({ do: 'half' });
        break;
      case 3:
        actions.push({ do: 'break', bytes: random.pick([10, 2_000, 80_000]) });
        break;
    }
  }
}

function poolKeys(random: Random, servers: number, large: boolean, memcache: boolean): PoolKeys {
  const keys: Record<string, string | number | boolean> = { servers };
  if (!memcache) keys['hash_tag'] = '"{}"';
  const sometimes = (
    times: number,
    key: string,
    values: readonly (string | number | boolean)[],
  ) => {
    if (random.once(times)) keys[key] = random.pick(values);
  };
  sometimes(2, 'timeout', [50, 400, 2_000]);
  sometimes(4, 'connect_timeout', [100, 1_000]);
  sometimes(4, 'server_connections', [2, 3]);
  sometimes(3, 'retry_reads', [1, 3]);
  sometimes(3, 'breaker_failures', [0, 1, 3]);
  sometimes(4, 'breaker_max_wait', [60, 400]);
  sometimes(4, 'preconnect', [true]);
  sometimes(4, 'max_pipeline', [1, 8, 64]);
  sometimes(6, 'client_output_limit', [65_536]);
  sometimes(6, 'server_output_limit', [65_536]);
  sometimes(8, 'max_backend_connections', [servers + 1, servers + 3]);
  sometimes(6, 'bulk_connections', [1]);
  if (memcache) {
    sometimes(3, 'join_gets', [false]);
    sometimes(3, 'multiget_failure', ['error']);
  } else sometimes(4, 'partial_failure', ['per-key']);
  sometimes(4, 'distribution', ['modula']);
  sometimes(3, 'hash', ['md5', 'crc32a', 'murmur']);
  if (large) keys['max_assembled_request'] = random.pick([65_536, 262_144, 4_194_304]);
  return keys;
}

function faults(random: Random): Fault[] {
  if (random.once(8)) return [];
  if (random.once(8)) return reloads(random);
  const count = 1 + random.below(6);
  return Array.from({ length: count }, () => ({
    atMs: 50 + random.below(SPAN_MS),
    forMs: random.pick([3, 30, 200, 700, 1_500]),
  })).sort((a, b) => a.atMs - b.atMs);
}

/** One reload after the other, each to the other configuration. */
function reloads(random: Random): Fault[] {
  const count = 4 + random.below(12);
  return Array.from({ length: count }, (_, i) => ({
    atMs: 50 + Math.floor(((i + 1) * SPAN_MS) / count),
    forMs: 1,
    kind: 'reload' as const,
    server: 0,
    client: 0,
    proxy: 0,
    config: (i + 1) % 2,
  }));
}

/** The case of a seed. */
export function generateCase(seed: number): Case {
  const random = new Random(seedOf(seed, 'case'));
  const large = random.once(3);
  const servers = 1 + random.below(4);
  const proxies = random.once(4) ? 2 : 1;
  const memcache = random.once(4);
  const generator = new Generator(random, large, memcache);
  const clients = 1 + random.below(6);
  const first = poolKeys(random, servers, large, memcache);
  // The other configuration has another number of servers, or other limits.
  const other = random.once(2) ? poolKeys(random, servers, large, memcache) : { ...first };
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
    calm: random.once(4),
    proxies,
    servers,
    memoryMib: random.pick([0, 0, 8]),
    memcache,
    password: !memcache && random.once(6),
    pools: [first, second],
    clients: Array.from({ length: clients }, () => generator.client(proxies)),
    faults: faults(random),
  };
}
