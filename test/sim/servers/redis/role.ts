import { createHash } from 'node:crypto';
import type { Loop } from '../../world/loop.ts';
import { type Address, addressText } from '../ask-link.ts';
import type { Keyspace } from '../keyspace.ts';
import type { Peer } from '../server-process.ts';
import {
  type Effect,
  REPL_PING_MS,
  REPL_TIMEOUT_MS,
  type ReplicaLink,
  type Sources,
} from './replication.ts';
import { array, bulk, integer } from './resp.ts';

const WRITES =
  /^(P?SETEX|SET(NX|RANGE)?|GET(SET|DEL)|APPEND|MSET|(INCR|DECR)(BY)?|DEL|UNLINK|P?EXPIRE|PERSIST|[LR]PUSHX?|[LR]POP|LSET|BLPOP|FLUSH(DB|ALL))$/;

/** What a command takes besides its key and value. */
const COMMAND_BYTES = 30;

/** Whether a replica refuses a command. @param name in upper case */
export function isWrite(name: string): boolean {
  return WRITES.test(name);
}

/** The server, as far as its role goes. */
export interface RoleOwner {
  readonly data: Keyspace;
  readonly address: string;
  readonly port: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly loop: Loop;
  /** A link to that master. */
  link(sources: Sources, master: Address): ReplicaLink;
  /**
   * It is not what it was: clients that wait do so no longer.
   * @param before whom it followed, when it is a master now
   */
  roleChanged(before: Address | null): void;
}

interface Follower {
  readonly peer: Peer;
  readonly address: string;
  /** When it said last that it is there. */
  heardAt: number;
}

/** Whether a Redis is a master, with replicas that follow it, or a replica itself. */
export class Role {
  readonly #owner: RoleOwner;
  readonly #sources: Sources;
  #master: Address | null;
  #link: ReplicaLink | null = null;
  #log: (readonly Effect[])[] = [];
  /** Bytes of the log up to each of its batches, that one included. */
  #ends: number[] = [];
  #histories = 0;
  #replid = '';
  /** When it was in sync last, as far as anybody has looked. */
  #inSyncAt = 0;
  #batch: Effect[] = [];
  readonly #followers: Set<Follower> = new Set();

  constructor(owner: RoleOwner, sources: Sources, master: Address | null) {
    this.#owner = owner;
    this.#sources = sources;
    this.#master = master;
    owner.data.onEffect = (effect) => {
      if (this.#master === null) this.#batch.push(effect);
    };
  }

  get link(): ReplicaLink | null {
    return this.#link;
  }

  /** Requests so far that have changed something. */
  get length(): number {
    return this.#log.length;
  }

  get isMaster(): boolean {
    return this.#master === null;
  }

  /** It has all that its master has been heard of; a master always has. */
  get inSync(): boolean {
    return this.#master === null || (this.#link?.inSync ?? false);
  }

  /** The process begins. */
  start(): void {
    this.#owner.loop.timer(() => this.#tick(), REPL_PING_MS, true);
    this.#beginHistory();
    this.#batch = [];
    if (this.#master !== null) this.#link = this.#owner.link(this.#sources, this.#master);
  }

  /** Says to its replicas that it is there, and gives up those that do not. */
  #tick(): void {
    const { now } = this.#owner;
    const ping = Buffer.from(`@${this.#log.length}\r\n`);
    for (const follower of this.#followers) {
      const { peer, heardAt } = follower;
      if (peer.endpoint.closed || now - heardAt > REPL_TIMEOUT_MS) {
        this.#followers.delete(follower);
        peer.server.close(peer);
      } else if (this.isMaster) peer.endpoint.write(ping, () => {});
    }
  }

  /** REPLCONF ACK. */
  heard(peer: Peer): void {
    for (const follower of this.#followers) {
      if (follower.peer === peer) follower.heardAt = this.#owner.now;
    }
  }

  #beginHistory(): void {
    this.#log = [];
    this.#ends = [];
    const { address, port } = this.#owner;
    const name = `${address}:${port} ${++this.#histories}`;
    this.#replid = createHash('sha1').update(name).digest('hex');
  }

  /** The process ends. */
  stop(): void {
    this.#link?.close();
    this.#link = null;
    this.#followers.clear();
    this.#batch = [];
  }

  /** REPLICAOF. @param master null = NO ONE */
  follow(master: Address | null): void {
    const before = this.#master;
    if (master === null ? before === null : before !== null && same(before, master)) return;
    this.#link?.close();
    this.#link = null;
    this.#master = master;
    for (const { peer } of this.#followers) peer.server.close(peer);
    this.#followers.clear();
    this.#beginHistory();
    if (master !== null) this.#link = this.#owner.link(this.#sources, master);
    if ((before === null) !== (master === null)) this.#owner.roleChanged(before);
  }

  /** A request is carried out: what it has done goes to the replicas. */
  commit(): void {
    if (this.#batch.length === 0) return;
    this.#log.push(this.#batch);
    this.#ends.push((this.#ends.at(-1) ?? 0) + sizeOf(this.#batch));
    this.#batch = [];
    const line = Buffer.from(`@${this.#log.length}\r\n`);
    for (const follower of this.#followers) {
      const { endpoint } = follower.peer;
      if (endpoint.closed) this.#followers.delete(follower);
      else endpoint.write(line, () => {});
    }
  }

  /** PSYNC. @returns what it is answered */
  sync(peer: Peer): Buffer {
    const from = this.#log.length;
    const [log, ends] = [this.#log, this.#ends];
    const source = {
      ...{ snapshot: this.#owner.data.snapshot(), from, log, replid: this.#replid },
      bytesOf: (batches: number) => ends[batches - 1] ?? 0,
    };
    const heardAt = this.#owner.now;
    this.#followers.add({ peer, address: peer.endpoint.peer.address, heardAt });
    return Buffer.from(`+FULLRESYNC ${this.#sources.add(source)}\r\n`);
  }

  /** Whether a connection is a replica's. */
  isFollower(peer: Peer): boolean {
    for (const follower of this.#followers) if (follower.peer === peer) return true;
    return false;
  }

  get #replicas(): Follower[] {
    return [...this.#followers].filter(({ peer }) => !peer.endpoint.closed);
  }

  get #offset(): number {
    return this.#link?.offset ?? this.#log.length;
  }

  /** The reply to ROLE. */
  get reply(): Buffer {
    if (this.#master !== null) {
      const state = this.#link?.inSync ? 'connected' : 'connect';
      const { host, port } = this.#master;
      const offset = integer(this.#offset);
      return array([bulk('slave'), bulk(host), integer(port), bulk(state), offset]);
    }
    const { port } = this.#owner;
    const replicas = this.#replicas.map(({ address }) => {
      return array([bulk(address), bulk(String(port)), bulk(String(this.#log.length))]);
    });
    return array([bulk('master'), integer(this.#log.length), array(replicas)]);
  }

  /** What a replica says of the connection to its master. */
  get #linkInfo(): string[] {
    const { now } = this.#owner;
    const link = this.#link;
    const isUp = link?.inSync ?? false;
    if (isUp) this.#inSyncAt = now;
    const lines = [`master_link_status:${isUp ? 'up' : 'down'}`, 'master_sync_in_progress:0'];
    lines.push(`master_last_io_seconds_ago:${isUp ? link?.silentSeconds : -1}`);
    lines.push('slave_priority:100');
    lines.push(`master_replid:${link?.replid ?? ''}`, `slave_repl_offset:${link?.bytes ?? 0}`);
    const seconds = Math.floor((now - this.#inSyncAt) / 1000);
    return isUp ? lines : [...lines, `master_link_down_since_seconds:${seconds}`];
  }

  /** The section of INFO. */
  get info(): string {
    const lines = ['# Replication', `role:${this.isMaster ? 'master' : 'slave'}`];
    if (this.#master !== null) {
      lines.push(`master_host:${this.#master.host}`, `master_port:${this.#master.port}`);
      lines.push(...this.#linkInfo);
    } else {
      lines.push(`master_replid:${this.#replid}`, `master_repl_offset:${this.#ends.at(-1) ?? 0}`);
    }
    for (const [i, { address }] of this.#replicas.entries()) {
      lines.push(`slave${i}:ip=${address},port=${this.#owner.port},state=online`);
    }
    return `${lines.join('\r\n')}\r\n`;
  }
}

/** About what a batch takes on the way to a replica. */
function sizeOf(batch: readonly Effect[]): number {
  return batch.reduce((sum, { key, value }) => {
    const items = value === null ? [] : value.type === 'list' ? value.items : [value.bytes];
    return items.reduce((bytes, { length }) => bytes + length, sum + key.length + COMMAND_BYTES);
  }, 0);
}

function same(a: Address, b: Address): boolean {
  return addressText(a) === addressText(b);
}
