import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ConfigText } from '../config/index.ts';
import { InternalErrors } from '../internal-errors.ts';
import { DRAIN_MS, TICKET_SECRET_MS } from '../limits.ts';
import type { Log } from '../log.ts';
import { TICKET_SECRET_BYTES } from '../net/tls-server.ts';
import { type GivenListeners, PoolListeners, tlsSiteOf } from '../proxy/listeners.ts';
import type { ServerOrder } from '../proxy/pool/connections/order.ts';
import type { Address } from '../stats/http/endpoints.ts';
import { StatusView } from '../stats/http/http-address.ts';
import type { ProxyState, Status } from '../stats/http/status.ts';
import type { OwnCounters, Snapshot } from '../stats/snapshot.ts';
import { type DoorOptions, type Doors, openDoors } from './doors.ts';
import { Reloader } from './reloader.ts';
import { ServerOrders } from './server-orders.ts';
import type { Heir, Serving } from './serving.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import type { TopologyKeeper } from './topology-keeper.ts';

/** The parts of a program. */
export interface ProgramOptions {
  readonly serving: Serving;
  readonly topology: TopologyKeeper;
  /** Null or absent: none is sent anywhere. */
  readonly telemetry?: Telemetry | null;
  readonly log: Log;
  readonly doors: DoorOptions;
  readonly listeners: GivenListeners;
  readonly drainMs?: number;
  /** It begins unready, as the process before it was. */
  readonly unready?: boolean;
  /** What an operator wanted of single servers of that process. */
  readonly orders?: readonly ServerOrder[];
  /** What session tickets are made with; null or absent: something new. */
  readonly ticketSecret?: Buffer | null;
  /** Sockets are for other processes: nothing is read of them here. */
  readonly paused?: boolean;
  onSocket(pool: string, socket: Socket, tls: boolean): void;
}

/** What an operator wants. */
export interface Wishes {
  readonly unready: boolean;
  /** Masters are not followed until an operator says so. */
  readonly frozen: boolean;
  /** About single servers. */
  readonly orders: readonly ServerOrder[];
}

/** A running proxy, whoever answers its clients: listeners, stats, HTTP, admin socket, reloads. */
export class Program {
  readonly serving: Serving;
  readonly topology: TopologyKeeper;
  readonly orders: ServerOrders;
  readonly listeners: PoolListeners;
  readonly reloader: Reloader;
  readonly #options: ProgramOptions;
  readonly #view: StatusView;
  readonly #errors: InternalErrors;
  #doors: Doors | null = null;
  #phase: 'starting' | 'ready' | 'draining' = 'starting';
  #unready: boolean;
  #ticketSecret: Buffer;
  #ticketTimer: NodeJS.Timeout | null = null;

  constructor(text: ConfigText, options: ProgramOptions) {
    const { config, members } = text;
    const { serving, log, onSocket, paused = false, drainMs = DRAIN_MS } = options;
    this.#options = options;
    this.#errors = new InternalErrors(log);
    this.serving = serving;
    this.topology = options.topology;
    this.topology.start(serving, config, members);
    this.orders = new ServerOrders(serving, log, config, options.orders);
    this.#unready = options.unready ?? false;
    this.#ticketSecret = options.ticketSecret ?? randomBytes(TICKET_SECRET_BYTES);
    this.listeners = new PoolListeners({ ...options.listeners, log, paused, onSocket });
    const { listeners, topology, orders } = this;
    this.reloader = new Reloader(text, { serving, listeners, topology, orders, log, drainMs });
    topology.members.start((listed) => this.reloader.changeMembers(listed));
    this.#view = new StatusView({
      snapshot: () => this.snapshot(),
      state: () => this.#state(),
    });
  }

  /**
   * Opens everything.
   * @param beforeDoors awaited between the listeners and the doors @throws RingwayError
   */
  async open(beforeDoors?: () => Promise<void>): Promise<void> {
    this.serving.setTicketSecret(this.#ticketSecret);
    try {
      if (beforeDoors === undefined) {
        await this.openDoors();
        await this.listeners.open(this.reloader.current.pools);
      } else {
        await this.listeners.open(this.reloader.current.pools);
        await beforeDoors();
        await this.openDoors();
      }
    } catch (error) {
      this.closeDoors();
      this.listeners.close();
      this.topology.stop();
      await this.serving.stop(0);
      throw error;
    }
    this.listeners.inherit();
    this.#phase = 'ready';
    this.#options.telemetry?.start({
      snapshot: () => this.snapshot(),
      takeTraces: () => this.serving.takeTraces(),
    });
    this.#ticketTimer = setInterval(() => {
      this.#ticketSecret = randomBytes(TICKET_SECRET_BYTES);
      this.serving.setTicketSecret(this.#ticketSecret);
    }, TICKET_SECRET_MS).unref();
  }

  /** What the clients' session tickets are made with: for the process that takes over. */
  get ticketSecret(): Buffer {
    return this.#ticketSecret;
  }

  #state(): ProxyState {
    return this.#unready && this.#phase === 'ready' ? 'unready' : this.#phase;
  }

  /** Whether an operator wants no new clients to be sent here; those that come are served. */
  get unready(): boolean {
    return this.#unready;
  }

  set unready(unready: boolean) {
    this.#unready = unready;
  }

  /** What an operator wants. */
  get wishes(): Wishes {
    return { unready: this.#unready, frozen: this.topology.frozen, orders: this.orders.all };
  }

  set wishes({ unready, frozen, orders }: Wishes) {
    this.#unready = unready;
    if (frozen !== this.topology.frozen) this.topology.frozen = frozen;
    this.orders.inherit(orders);
  }

  /** Stats port, HTTP address and admin socket. */
  async openDoors(): Promise<void> {
    const { doors, log } = this.#options;
    this.#doors = await openDoors(doors, this.#view, log, this.#errors);
  }

  /** The URL of the status page; null when it is not served. */
  get http(): string | null {
    return this.#doors?.http ?? null;
  }

  /** Where the stats are served; null when they are not. */
  get stats(): Address | null {
    return this.#doors?.stats ?? null;
  }

  closeDoors(): void {
    this.#doors?.close();
    this.#doors = null;
  }

  /** What is counted here, and not by those who serve clients. */
  get own(): OwnCounters {
    return { ...this.reloader.counters, internalErrors: this.#errors.count };
  }

  async snapshot(): Promise<Snapshot> {
    const { own, topology, listeners } = this;
    const { replicas, figures } = topology;
    const snapshot = await this.serving.snapshot();
    const pools = snapshot.pools.map((pool) => {
      const { name } = pool;
      const second = listeners.textOf(name, tlsSiteOf(name));
      const tlsListen = pool.tlsListen === null ? null : (second ?? pool.tlsListen);
      return { ...pool, listen: listeners.textOf(name) ?? pool.listen, tlsListen };
    });
    return { ...snapshot, pools, own, replicas, topology: figures };
  }

  status(): Promise<Status> {
    return this.#view.status();
  }

  #stopTimers(): void {
    this.reloader.stop();
    this.topology.members.stop();
    if (this.#ticketTimer !== null) clearInterval(this.#ticketTimer);
  }

  /** Gives everything to another process that listens on the same sockets. */
  async handOver(heir: Heir, limitMs: number): Promise<void> {
    this.#phase = 'draining';
    this.#stopTimers();
    this.listeners.close(true);
    await this.#options.telemetry?.takeTraces();
    await this.serving.handOver(heir, limitMs);
    await this.#options.telemetry?.end();
  }

  /** @param delayMs for so long it serves on, unready */
  async stop(drainMs?: number, delayMs = 0): Promise<void> {
    this.#phase = 'draining';
    this.#stopTimers();
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    this.listeners.close();
    // Workers end with what they have noted.
    await this.#options.telemetry?.takeTraces();
    await this.serving.stop(drainMs);
    await this.#options.telemetry?.end();
    this.topology.stop();
    this.closeDoors();
  }

  /** Nothing is waited for: names that lead here are removed. */
  abandon(): void {
    this.listeners.close();
    this.closeDoors();
  }
}
