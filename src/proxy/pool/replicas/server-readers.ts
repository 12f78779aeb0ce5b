import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { Lane } from '../../backend/lane.ts';
import type { Spared } from '../connection-budget.ts';
import { Replica, type ReplicatedServer } from './replica.ts';

/** Where a replica is; null = the master itself. */
export type ReaderAddress = { readonly host: string; readonly port: number } | null;

/** The servers that the reads of one shard may go to. */
export class ServerReaders {
  readonly #server: ReplicatedServer;
  #addresses: readonly ReaderAddress[] = [];
  #readers: readonly (Replica | null)[] = [];
  /** Those that are not read any more and have connections still. */
  readonly #leaving: Set<Replica> = new Set();

  constructor(server: ReplicatedServer) {
    this.#server = server;
  }

  get addresses(): readonly ReaderAddress[] {
    return this.#addresses;
  }

  /** Reads go to these from now on. */
  set(addresses: readonly ReaderAddress[]): void {
    const before = this.#readers.filter((each) => each !== null);
    this.#addresses = addresses;
    this.#readers = addresses.map((address) => {
      if (address === null) return null;
      const { host, port } = address;
      const known = before.find(({ config }) => config.host === host && config.port === port);
      return known ?? new Replica(this.#server, host, port);
    });
    for (const replica of before) if (!this.#readers.includes(replica)) this.#leave(replica);
  }

  #leave(replica: Replica): void {
    this.#leaving.add(replica);
    replica.leave(() => this.#leaving.delete(replica));
  }

  /**
   * The connection for a read of a client: each keeps to one server, and does not go back in time.
   * @param spared when room is made @returns null when the master is to answer it
   */
  shared(client: number, lane: number, spared: Spared): BackendConnection | null {
    const readers = this.#readers;
    const { length } = readers;
    return length === 0 ? null : (readers[client % length]?.shared(client, lane, spared) ?? null);
  }

  /** Connections to those whose names lead elsewhere now take no more requests. */
  retire(hosts: ReadonlySet<string>): void {
    const moved = this.#readers.filter((each) => each !== null && hosts.has(each.config.host));
    for (const replica of new Set(moved)) replica?.places.retireAll();
  }

  get connections(): BackendConnection[] {
    const replicas = [...this.#readers.filter((each) => each !== null), ...this.#leaving];
    return replicas.flatMap(({ places }) => [...places.placed, ...places.retired]);
  }

  hasLane(lane: Lane): boolean {
    return this.connections.some((connection) => connection.lane === lane);
  }

  /** What is in flight is answered, then the connections close. */
  leave(): void {
    this.set([]);
  }

  /** No connection is left of those that were left. */
  get isEmpty(): boolean {
    return this.#readers.length === 0 && this.#leaving.size === 0;
  }
}
