import type { ConfigText } from '../config/index.ts';
import type { NativeHandle } from '../net/handles.ts';
import type { ClientView } from '../proxy/client/client-list.ts';
import type { ClientState } from '../proxy/client/moving-client.ts';
import type { TakenTraces } from '../proxy/engine/request-traces.ts';
import type { ServerOrder } from '../proxy/pool/connections/order.ts';
import type { Snapshot } from '../stats/snapshot.ts';
import type { AnyStep } from '../topology/known.ts';

/** A client that moves from one process to another. */
export interface MovingClient {
  /** Null for one that has just come in, through the listener of `pool`. */
  readonly state: ClientState | null;
  readonly pool: string;
  /** It speaks TLS, and has a handshake before it. */
  readonly tls: boolean;
  readonly handle: NativeHandle;
  /** Closes what this process has of it, once the other one has it. */
  release(): void;
}

/** Another process, which takes clients. */
export interface Heir {
  give(client: MovingClient): void;
  /** Asks for what clients need that will come. @param question plain data, as is the answer */
  ask(question: object): Promise<object>;
}

/** Names and where they lead. */
export type NameAddresses = readonly (readonly [host: string, address: string | null])[];

/** Those of which it is known. */
export type KnownAddresses = readonly (readonly [host: string, address: string])[];

/** Another configuration, made ready everywhere. */
export interface PreparedChange {
  commit(drainMs: number): Promise<void>;
  abort(): void;
}

/** Whatever answers the clients: the engine of this process, or worker processes. */
export interface Serving {
  readonly codec: string;
  readonly reader: string;
  /** Processes that have numbered their clients, those of programs before this one too. */
  readonly numbered: number;
  snapshot(): Snapshot | Promise<Snapshot>;
  /** The traces of requests since it was asked last. */
  takeTraces(): TakenTraces | Promise<TakenTraces>;
  /** @throws RingwayError when it cannot be had; then nothing has changed */
  prepare(next: ConfigText): Promise<PreparedChange>;
  /** Goes on with a client: one that has just come in, or another process's. */
  adopt(client: MovingClient): void;
  /** What Heir.ask() is answered with. */
  expect(question: object): Promise<object>;
  /** Hands all clients over, each as soon as all it asked is answered. */
  handOver(heir: Heir, limitMs: number): Promise<void>;
  /** Where names lead; null = whoever connects looks the name up. */
  setAddresses(addresses: NameAddresses): void;
  /** A server is to be held, released or moved, or slots of a cluster have other owners. */
  steer(step: AnyStep): void;
  /**
   * What an operator wants of single servers.
   * @param orders all that hold @param enabled the server whose ejection is over as well, or null
   */
  setOrders(orders: readonly ServerOrder[], enabled: ServerOrder | null): void;
  /** The clients of a pool that hold most: at most `count`. */
  clients(pool: string, count: number): readonly ClientView[] | Promise<readonly ClientView[]>;
  /** What session tickets are made with from now on, in every process. */
  setTicketSecret(secret: Buffer): void;
  /** The log level has changed. */
  setLevel(level: number): void;
  stop(drainMs?: number): Promise<void>;
}
