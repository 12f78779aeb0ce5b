import type { Socket } from 'node:net';
import type { CodecChoice } from '../codec/choices.ts';
import { selectCodec } from '../codec/select.ts';
import type { Config, ConfigText } from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import { NUMBERED_WORKERS, WORKER_CLIENT_NUMBERS } from '../limits.ts';
import { LOG_NOTICE, type Log } from '../log.ts';
import { handleOf, socketOf } from '../net/handles.ts';
import type { ReaderKind } from '../net/reader.ts';
import { type ClientView, largestClients } from '../proxy/client/client-list.ts';
import type { LeavingClient } from '../proxy/client/moving-client.ts';
import type { TakenTraces } from '../proxy/engine/request-traces.ts';
import type { Siblings } from '../proxy/engine/siblings.ts';
import type { ServerOrder } from '../proxy/pool/connections/order.ts';
import { arenaBytes, ProxyServer } from '../proxy/proxy-server.ts';
import type { Snapshot } from '../stats/snapshot.ts';
import { takeSnapshot } from '../stats/snapshot.ts';
import { type AnyStep, type Known, stepsTo } from '../topology/known.ts';
import type { Heir, MovingClient, NameAddresses, PreparedChange, Serving } from './serving.ts';

/** How the engine of this process runs. */
export interface LocalOptions {
  readonly codec: CodecChoice;
  readonly log: Log;
  readonly reader: ReaderKind | null;
  readonly latency: boolean;
  /** Bytes that may wait for clients and servers; 0 = no limit. */
  readonly memoryLimit: number;
  /** Connections to clients and servers; 0 = what the system allows. */
  readonly maxConnections: number;
  readonly version: string;
  /** The part of all requests that is traced, 0 to 1. */
  readonly traceRate?: number;
  /** Processes that share the clients. */
  readonly workers?: number;
  /** Told for which server of which pool requests wait, by their names. */
  readonly onTrouble?: (pool: string, server: string, isHint: boolean) => void;
  /** Where masters are, if that is known already. */
  readonly known?: readonly Known[];
  /** What an operator wants of single servers already. */
  readonly orders?: readonly ServerOrder[];
  /** The other processes that share the clients. */
  readonly siblings?: Siblings;
  /** Processes that have numbered their clients before: those of this one come behind. */
  readonly numbered?: number;
}

/** The engine of this process. */
export class LocalProxy implements Serving {
  readonly codec: string;
  readonly reader: ReaderKind;
  readonly #proxy: ProxyServer;
  readonly #options: LocalOptions;
  readonly #startedAt = Date.now();

  /** @throws RingwayError RINGWAY_CODEC when the codec asked for cannot be had */
  constructor(config: Config, options: LocalOptions) {
    const { log, reader, latency, memoryLimit, version, workers = 1 } = options;
    const { maxConnections, onTrouble, known = [], orders = [], siblings } = options;
    const { numbered = 0, traceRate = 0 } = options;
    const codec = chooseCodec(options.codec, arenaBytes(config), log);
    this.#options = options;
    this.#proxy = new ProxyServer(config, {
      codec,
      log,
      reader,
      latency,
      memoryLimit,
      maxConnections,
      version,
      workers,
      clientsFrom: (numbered % NUMBERED_WORKERS) * WORKER_CLIENT_NUMBERS,
      traceRate,
      ...(onTrouble === undefined ? {} : { onTrouble }),
      ...(siblings === undefined ? {} : { siblings }),
    });
    for (const step of stepsTo(known)) this.steer(step);
    this.#proxy.setOrders(orders, null);
    this.codec = codec.name;
    this.reader = this.#proxy.engine.reader.kind;
  }

  get numbered(): number {
    return (this.#options.numbered ?? 0) + 1;
  }

  preconnect(): void {
    this.#proxy.preconnect();
  }

  /** Takes a client of a listener in this process. */
  accept(pool: string, socket: Socket, tls: boolean): void {
    this.#proxy.accept(pool, socket, tls ? 'tls' : 'plain');
  }

  snapshot(): Snapshot {
    const { version } = this.#options;
    const { engine, pools } = this.#proxy;
    const startedAt = this.#startedAt;
    return takeSnapshot({ version, startedAt, engine, pools, codec: this.codec });
  }

  takeTraces(): TakenTraces {
    return this.#proxy.engine.traces?.takeAll() ?? { traces: [], lost: 0 };
  }

  async prepare({ config }: ConfigText): Promise<PreparedChange> {
    const prepared = this.#proxy.prepare(config);
    await prepared.ready;
    return {
      commit: (drainMs: number) => Promise.resolve(prepared.commit(drainMs)),
      abort: () => prepared.abort(),
    };
  }

  /** Answers what another process that serves the same clients asks. */
  answerSibling(question: object): object {
    return this.#proxy.answerSibling(question);
  }

  adopt({ pool, state, handle, tls }: MovingClient): void {
    const fresh = tls ? 'tls' : 'plain';
    const client = this.#proxy.accept(pool, socketOf(handle), state === null ? fresh : 'moved');
    if (client === null || state === null) return;
    this.#proxy.engine.guard.bind(client, () => client.arrive(state))();
  }

  expect(question: object): Promise<object> {
    return this.#proxy.expect(question);
  }

  handOver(heir: Heir, limitMs: number): Promise<void> {
    const give = ({ state, socket }: LeavingClient): void => {
      const handle = handleOf(socket);
      const release = (): void => void socket.destroy();
      if (handle === null) release();
      else heir.give({ state, pool: state.pool, tls: false, handle, release });
    };
    return this.#proxy.handOver({ give, ask: (question) => heir.ask(question) }, limitMs);
  }

  steer(step: AnyStep): void {
    this.#proxy.steer(step);
  }

  setAddresses(addresses: NameAddresses): void {
    this.#proxy.setAddresses(addresses);
  }

  setOrders(orders: readonly ServerOrder[], enabled: ServerOrder | null): void {
    this.#proxy.setOrders(orders, enabled);
  }

  clients(pool: string, count: number): ClientView[] {
    const found = this.#proxy.pools.find(({ config }) => config.name === pool);
    return found === undefined ? [] : largestClients(found, count);
  }

  setTicketSecret(secret: Buffer): void {
    this.#proxy.ticketSecret = secret;
  }

  /** The log of this process has it already. */
  setLevel(): void {}

  stop(drainMs?: number): Promise<void> {
    return this.#proxy.stop(drainMs);
  }
}

function chooseCodec(wanted: CodecChoice, bytes: number, log: Log): ReturnType<typeof selectCodec> {
  try {
    return selectCodec({
      wanted,
      arenaBytes: bytes,
      log: (line) => log.write(LOG_NOTICE, line),
    });
  } catch (error) {
    throw new RingwayError('RINGWAY_CODEC', (error as Error).message, { cause: error });
  }
}
