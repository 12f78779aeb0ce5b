import type { DialTarget } from '../../../net/dial.ts';
import { MONITOR_LINES, MONITOR_SLOW_CLOSED, MONITORING_CLIENTS } from '../../../stats/counters.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { afterPush } from '../../client/client-pushes.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Pool } from '../../pool/pool.ts';
import { addressOf } from '../../pool/pool-changes.ts';
import { type LineOwner, ReturningLine } from '../listening/returning-line.ts';
import type { Hearing, StartWaiter } from '../listening/starting.ts';
import { loginOf, type RefusedConnection } from '../server-login.ts';
import { MonitorConnection, type MonitorConnectionOwner } from './monitor-connection.ts';

const STATUS = 0x2b; // '+'

interface MonitorLineOwner extends LineOwner {
  onLine(bytes: Buffer, start: number, end: number): void;
  onProgress(): void;
}

class MonitorLine extends ReturningLine<MonitorConnection> implements MonitorConnectionOwner {
  readonly #monitors: MonitorLineOwner;

  constructor(owner: MonitorLineOwner, target: DialTarget) {
    super(owner, target, 'show what it does');
    this.#monitors = owner;
    this.begin();
  }

  protected open(): MonitorConnection {
    return new MonitorConnection(this.#monitors.engine, this);
  }

  onReady(): void {
    this.granted();
  }

  protected opened(): void {
    this.#monitors.onProgress();
  }

  protected lost(): void {}

  protected failed(): void {
    this.#monitors.onProgress();
  }

  onLine(bytes: Buffer, start: number, end: number): void {
    this.#monitors.onLine(bytes, start, end);
  }

  onDropped(): void {}
}

/** Clients of a pool that see what its servers do: one connection to each shows it to all. */
export class Monitors implements MonitorLineOwner, Hearing {
  readonly engine: Engine;
  readonly #pool: Pool;
  /** Those for whom lines are open, and those of them that are shown what comes. */
  readonly #users: Set<ClientConnection> = new Set();
  readonly #clients: Set<ClientConnection> = new Set();
  /** By address. */
  #lines: Map<string, MonitorLine> = new Map();
  readonly #waiting: Set<StartWaiter> = new Set();

  constructor(pool: Pool) {
    this.engine = pool.engine;
    this.#pool = pool;
  }

  /** A client is about to look. */
  join(client: ClientConnection): void {
    this.#users.add(client);
    this.#pool.counters[MONITORING_CLIENTS]++;
    this.setServers();
  }

  /** It is shown what comes from now on. */
  show(client: ClientConnection): void {
    if (this.#users.has(client)) this.#clients.add(client);
  }

  leave(client: ClientConnection): void {
    this.#clients.delete(client);
    if (!this.#users.delete(client)) return;
    this.#pool.counters[MONITORING_CLIENTS]--;
    this.setServers();
  }

  /** One line to each server as long as somebody looks. */
  setServers(): void {
    const before = this.#lines;
    this.#lines = new Map();
    for (const { config } of this.#users.size === 0 ? [] : this.#pool.servers) {
      const address = addressOf(config);
      this.#lines.set(address, before.get(address) ?? new MonitorLine(this, config));
      before.delete(address);
    }
    for (const line of before.values()) line.stop();
  }

  // --- what servers show -----------------------------------------------------------------------

  onLine(bytes: Buffer, start: number, end: number): void {
    for (const client of [...this.#clients]) {
      try {
        this.#give(client, bytes, start, end);
      } catch (error) {
        client.onException(error);
      }
    }
  }

  #give(client: ClientConnection, bytes: Buffer, start: number, end: number): void {
    if (client.leaves) return;
    this.#pool.counters[MONITOR_LINES]++;
    client.pipeline.pushes.push(bytes, start, end, STATUS);
    afterPush(client, MONITOR_SLOW_CLOSED, 'what MONITOR shows');
  }

  // --- who waits -------------------------------------------------------------------------------

  await(waiter: StartWaiter): void {
    this.#waiting.add(waiter);
    this.onProgress();
  }

  stopWaiting(waiter: StartWaiter): void {
    this.#waiting.delete(waiter);
  }

  onProgress(): void {
    if (this.#waiting.size === 0) return;
    const lines = [...this.#lines.values()];
    if (!lines.every(({ settled }) => settled)) return;
    for (const waiter of [...this.#waiting]) waiter.onSettled(this.error);
  }

  get isReady(): boolean {
    return [...this.#lines.values()].some(({ ready }) => ready);
  }

  get error(): Buffer | null {
    if (this.isReady) return null;
    return [...this.#lines.values()].find(({ error }) => error !== null)?.error ?? null;
  }

  // --- the pool --------------------------------------------------------------------------------

  get login(): Buffer | null {
    return loginOf(this.#pool).request;
  }

  get messageLimit(): number {
    return this.#pool.config.clientOutputLimit;
  }

  titleOf(target: DialTarget): string {
    return `${this.#pool.config.name} | ${addressOf(target)}`;
  }

  onLoginRefused(connection: RefusedConnection): void {
    loginOf(this.#pool).onRefused(connection);
  }

  onException(error: unknown): void {
    this.engine.guard.note(`what shows the servers of pool ${this.#pool.config.name}`, error);
  }

  close(): void {
    for (const line of this.#lines.values()) line.stop();
    this.#lines = new Map();
  }
}

const all: WeakMap<object, Monitors> = new WeakMap();

/** Those of a pool. */
export function monitorsOf(pool: Pool): Monitors {
  let monitors = all.get(pool);
  if (monitors === undefined) {
    monitors = new Monitors(pool);
    all.set(pool, monitors);
  }
  return monitors;
}

/** As monitorsOf(), of a pool in which nobody may have looked yet. */
export function knownMonitorsOf(pool: object): Monitors | undefined {
  return all.get(pool);
}
