import { encode } from '../../clients/requests.ts';
import type { Endpoint, EndpointOwner } from '../../net/connection.ts';
import type { Attempt, Network } from '../../net/network.ts';
import type { Loop, SimTimer } from '../../world/loop.ts';
import type { Address } from '../ask-link.ts';
import type { KeyEffect, Keyspace } from '../keyspace.ts';

// Replication as Redis does it: asynchronous, over a connection that the replica makes, beginning
// with all that the master has. What travels on the connection is how far the replica has got; the
// data themselves are taken from the master's memory by then.

/** What a request has done to a key. */
export type Effect = KeyEffect;

/** Where a replica begins, and what has happened since. */
export interface Source {
  readonly snapshot: readonly Effect[];
  readonly from: number;
  /** Effects that belong together are carried out together. */
  readonly log: readonly (readonly Effect[])[];
  /** Of the history that it is a part of, as INFO has it. */
  readonly replid: string;
  /** How many bytes so many of the log are. */
  bytesOf(batches: number): number;
}

/** What replicas are given in the world, by number. */
export class Sources {
  readonly #list: Source[] = [];

  add(source: Source): number {
    return this.#list.push(source) - 1;
  }

  at(number: number): Source {
    return this.#list[number];
  }
}

const RETRY_MS = 1_000;
/** `repl-ping-replica-period 1`: master and replica say so often that they are there. */
export const REPL_PING_MS = 1_000;
/** `repl-timeout 5`: who says nothing for so long is given up. */
export const REPL_TIMEOUT_MS = 5_000;
/** A master asks its replicas how far they are. */
export const GETACK: Buffer = Buffer.from('?\r\n');

/** The server that follows another one. */
export interface FollowingServer {
  readonly network: Network;
  readonly loop: Loop;
  readonly data: Keyspace;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The connection of a replica to its master. */
export class ReplicaLink implements EndpointOwner {
  readonly #server: FollowingServer;
  readonly #sources: Sources;
  readonly master: Address;
  readonly #login: readonly string[] | null;
  #endpoint: Endpoint | null = null;
  #attempt: Attempt | null = null;
  #text = '';
  #source: Source | null = null;
  /** Told before all that it has becomes what its master had. */
  onResync: (kept: readonly Effect[]) => void = () => {};
  /** Told when it has all that its master had, and when its master has said something since. */
  onBegun: () => void = () => {};
  onTold: () => void = () => {};
  /** Batches of the master's log that are carried out. */
  offset = 0;
  /** When its master said something last, or it began to ask. */
  #heardAt = 0;
  readonly #cron: SimTimer;
  #closed = false;

  constructor(
    server: FollowingServer,
    sources: Sources,
    master: Address,
    login: readonly string[] | null,
  ) {
    this.#server = server;
    this.#sources = sources;
    this.master = master;
    this.#login = login;
    this.#cron = server.loop.timer(() => this.#tick(), REPL_PING_MS, true);
    this.#connect();
  }

  /** Whole seconds since its master said something. */
  get silentSeconds(): number {
    return Math.floor((this.#server.now - this.#heardAt) / 1000);
  }

  /** It says that it is there, and gives up a master that does not. */
  #tick(): void {
    const isWaiting = this.#endpoint !== null || this.#attempt !== null;
    if (isWaiting && this.#server.now - this.#heardAt > REPL_TIMEOUT_MS) {
      if (this.#attempt !== null) this.#attempt.cancelled = true;
      this.#again();
    } else this.#acknowledge();
  }

  /** Says how far it is. */
  #acknowledge(): void {
    if (this.#source === null) return;
    this.#endpoint?.write(encode(['REPLCONF', 'ACK', String(this.offset)]), () => {});
  }

  /** It has what its master had, and gets what comes. */
  get inSync(): boolean {
    return this.#source !== null;
  }

  /** What its own replicas follow: its master's history. Null while it gets nothing of it. */
  get source(): Source | null {
    return this.#source;
  }

  /** Of the history that its data are of; '' = of none yet. */
  replid = '';
  /** Bytes of its master's log that are carried out. */
  get bytes(): number {
    return this.#source?.bytesOf(this.offset) ?? this.#lastBytes;
  }

  /** As it was when the connection was lost. */
  #lastBytes = 0;

  #connect(): void {
    this.#heardAt = this.#server.now;
    const attempt: Attempt = {
      cancelled: false,
      onConnected: (endpoint) => {
        this.#attempt = null;
        this.#endpoint = endpoint;
        endpoint.owner = this;
        endpoint.startReading();
        if (this.#login !== null) endpoint.write(encode(this.#login), () => {});
        endpoint.write(encode(['PSYNC', '?', '-1']), () => {});
      },
      onFailed: () => this.#again(),
    };
    this.#attempt = attempt;
    const { network, loop } = this.#server;
    network.connect(loop, this.master.host, this.master.port, attempt);
  }

  #again(): void {
    this.#attempt = null;
    this.#endpoint?.close();
    this.#endpoint = null;
    this.#lastBytes = this.bytes;
    this.#source = null;
    this.#text = '';
    if (this.#closed) return;
    this.#server.loop.timer(() => {
      if (!this.#closed && this.#endpoint === null && this.#attempt === null) this.#connect();
    }, RETRY_MS);
  }

  onData(bytes: Uint8Array): void {
    this.#heardAt = this.#server.now;
    this.#text += Buffer.from(bytes).toString('latin1');
    const lines = this.#text.split('\r\n');
    this.#text = lines.pop() as string;
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    if (line.startsWith('+FULLRESYNC ')) {
      const source = this.#sources.at(Number(line.slice(12)));
      this.#source = source;
      this.onResync(source.snapshot);
      const { data } = this.#server;
      data.replace(() => data.flushAll());
      this.#apply(source.snapshot);
      this.offset = source.from;
      this.replid = source.replid;
      this.onBegun();
      this.#acknowledge();
    } else if (line.startsWith('@') && this.#source !== null) {
      const until = Number(line.slice(1));
      while (this.offset < until) this.#apply(this.#source.log[this.offset++]);
      this.onTold();
    } else if (line === '?') this.#acknowledge();
    else if (line.startsWith('-')) this.#again();
  }

  #apply(effects: readonly Effect[]): void {
    const { data } = this.#server;
    data.replace(() => {
      for (const { db, key, value, expiresAt } of effects) {
        if (value === null) data.remove(db, key);
        else data.set(db, key, value, expiresAt);
      }
    });
  }

  onEnd(): void {
    this.#again();
  }

  onError(): void {
    this.#again();
  }

  close(): void {
    this.#closed = true;
    this.#cron.cancel();
    if (this.#attempt !== null) this.#attempt.cancelled = true;
    this.#endpoint?.close();
    this.#endpoint = null;
  }
}
