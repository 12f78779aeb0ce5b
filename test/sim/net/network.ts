import type { Random } from '../../fuzz/random.ts';
import type { Loop } from '../world/loop.ts';
import type { World } from '../world/world.ts';
import { Connection, type Endpoint } from './connection.ts';
import type { PipeTraits } from './pipe.ts';

/** A process that accepts connections. */
export interface Listener {
  readonly loop: Loop;
  /** Connections that wait to be accepted. */
  waiting: number;
  readonly backlog: number;
  onConnection(endpoint: Endpoint): void;
}

/** What becomes of an attempt to connect. */
export interface Attempt {
  onConnected(endpoint: Endpoint): void;
  onFailed(code: string): void;
  /** The process has given up. */
  cancelled: boolean;
}

/** A system sends SYN again after so long. */
const SYN_RETRY_MICROS = 1_000_000;
/** Traits of connections: what a data centre has, and what it should not have. */
const LATENCIES: readonly number[] = [20, 60, 150, 400, 2_000, 15_000];
const BANDWIDTHS: readonly number[] = [1_000, 200, 20, 5];
const CAPACITIES: readonly number[] = [2_048, 8_192, 65_536, 262_144, 2_097_152];
/** Bytes per microsecond that every connection carries: slow ones are slow, not stuck. */
const LEAST_BANDWIDTH = 6;
const CUTS: readonly number[] = [2, 5, 20, 1_000];

/** All connections of a world, its listeners, its names, and which hosts cannot reach each other. */
export class Network {
  readonly #world: World;
  readonly #listeners: Map<string, Listener> = new Map();
  /** Address by host name. */
  readonly names: Map<string, string> = new Map();
  readonly connections: Set<Connection> = new Set();
  /** How many partitions there are between two hosts. */
  readonly #partitions: Map<string, number> = new Map();
  readonly #hosts: Map<Loop, string> = new Map();
  #opened = 0;
  /** Connections that each process has begun. */
  readonly #made: Map<Loop, number> = new Map();
  /** Makes everything quick, wide and whole: faults are what a case is about. */
  readonly #calm: boolean;

  constructor(world: World, calm: boolean) {
    this.#world = world;
    this.#calm = calm;
  }

  /** Tells under which address a process makes its connections. */
  place(loop: Loop, address: string): void {
    this.#hosts.set(loop, address);
  }

  addressOf(loop: Loop): string {
    return this.#hosts.get(loop) ?? 'nowhere';
  }

  /** @returns false when somebody listens there */
  listen(address: string, port: number, listener: Listener): boolean {
    const key = `${address}:${port}`;
    if (this.#listeners.has(key)) return false;
    this.#listeners.set(key, listener);
    return true;
  }

  close(address: string, port: number): void {
    this.#listeners.delete(`${address}:${port}`);
  }

  /** Begins a connection from a process to `host`, a name or an address. */
  connect(loop: Loop, host: string, port: number, attempt: Attempt): void {
    const from = this.addressOf(loop);
    const id = ++this.#opened;
    const made = this.#made.get(loop) ?? 0;
    this.#made.set(loop, made + 1);
    // What others do must not change how this one goes: cases shrink by leaving others out.
    const random = this.#world.randomOf(`connection ${made} of ${loop.name} to ${host}:${port}`);
    const latency = this.#calm ? 50 : random.pick(LATENCIES);
    const known = this.names.get(host) ?? (/^[\d.]+$/.test(host) ? host : null);
    if (known === null) {
      this.#world.after(latency, () => loop.io(() => fail(attempt, 'ENOTFOUND')));
      return;
    }
    const syn = (): void => {
      if (attempt.cancelled) return;
      if (this.isCut(from, known)) {
        this.#world.after(SYN_RETRY_MICROS, syn);
        return;
      }
      const listener = this.#listeners.get(`${known}:${port}`);
      if (listener === undefined) {
        this.#world.after(latency, () => loop.io(() => fail(attempt, 'ECONNREFUSED')));
      } else if (listener.waiting >= listener.backlog) {
        this.#world.after(SYN_RETRY_MICROS, syn);
      } else {
        this.#open(id, random, latency, loop, listener, [from, known], port, attempt);
      }
    };
    this.#world.after(latency, syn);
  }

  #open(
    id: number,
    random: Random,
    latency: number,
    loop: Loop,
    listener: Listener,
    addresses: readonly [string, string],
    port: number,
    attempt: Attempt,
  ): void {
    const traits = [this.#traits(random, latency), this.#traits(random, latency)] as const;
    const ports = [20_000 + (id % 10_000), port] as const;
    const loops = [loop, listener.loop] as const;
    const connection = new Connection(
      this.#world,
      id,
      random,
      traits,
      loops,
      addresses,
      ports,
      (gone) => this.connections.delete(gone),
    );
    this.connections.add(connection);
    listener.waiting++;
    listener.loop.io(() => {
      listener.waiting--;
      listener.onConnection(connection.sides[1]);
    });
    const arrive = (): void => {
      if (this.isCut(addresses[0], addresses[1])) {
        connection.cut();
        this.#world.after(SYN_RETRY_MICROS, arrive);
        return;
      }
      loop.io(() => {
        if (attempt.cancelled) connection.sides[0].abort();
        else attempt.onConnected(connection.sides[0]);
      });
    };
    this.#world.after(latency, arrive);
  }

  #traits(random: Random, latencyMicros: number): PipeTraits {
    if (this.#calm) {
      const capacity = 1 << 20;
      return { latencyMicros, jitterMicros: 0, bandwidth: 1_000, capacity, cutOnce: 1_000 };
    }
    return {
      latencyMicros,
      jitterMicros: random.below(latencyMicros + 1),
      bandwidth: random.pick(BANDWIDTHS),
      capacity: Math.max(random.pick(CAPACITIES), latencyMicros * LEAST_BANDWIDTH),
      cutOnce: random.pick(CUTS),
    };
  }

  // --- partitions ------------------------------------------------------------------------------

  isCut(a: string, b: string): boolean {
    return this.#partitions.has(pairOf(a, b));
  }

  /** Nothing gets from one host to the other, nor back unless it is one way. */
  partition(a: string, b: string, oneWay = false): void {
    const pair = pairOf(a, b);
    this.#partitions.set(pair, (this.#partitions.get(pair) ?? 0) + 1);
    for (const each of this.#between(a, b)) each.cut(oneWay ? a : null);
  }

  /** One of the partitions between two hosts is over; with the last one everything gets through. */
  heal(a: string, b: string): void {
    const pair = pairOf(a, b);
    const left = (this.#partitions.get(pair) ?? 0) - 1;
    if (left > 0) {
      this.#partitions.set(pair, left);
      return;
    }
    this.#partitions.delete(pair);
    for (const each of this.#between(a, b)) each.heal();
  }

  #between(a: string, b: string): Connection[] {
    return [...this.connections].filter(
      ({ sides }) => pairOf(sides[0].address, sides[1].address) === pairOf(a, b),
    );
  }
}

function pairOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

function fail(attempt: Attempt, code: string): void {
  if (!attempt.cancelled) attempt.onFailed(code);
}
