import { createHash } from 'node:crypto';
import type { Loop } from '../../world/loop.ts';
import { type Address, addressText } from '../ask-link.ts';
import type { Keyspace } from '../keyspace.ts';
import type { Peer } from '../server-process.ts';
import {
  type Effect,
  GETACK,
  REPL_PING_MS,
  REPL_TIMEOUT_MS,
  type ReplicaLink,
  type Source,
  type Sources,
} from './replication.ts';
import { array, bulk, failure, integer } from './resp.ts';

const WRITES =
  /^(P?SETEX|SET(NX|RANGE)?|GET(SET|DEL)|APPEND|MSET|(INCR|DECR)(BY)?|DEL|UNLINK|P?EXPIRE|PERSIST|[LR]PUSHX?|[LR]POP|LSET|BLPOP|FLUSH(DB|ALL))$/;

/** What a command takes besides its key and value, and each of its words. */
const COMMAND_BYTES = 30;
const WORD_BYTES = 8;
const NO_ID = '0'.repeat(40);
const NOTHING_KEPT = { replid: '', bytes: 0 };
const NO_MASTER_LINK = failure("NOMASTERLINK Can't SYNC while not connected with my master");

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
  /** When it said last that it is there, and which bytes of the history it has. */
  heardAt: number;
  acked: number;
}

/** Whether a Redis is a master, with replicas that follow it, or a replica itself. */
export class Role {
  readonly #owner: RoleOwner;
  readonly #sources: Sources;
  #master: Address | null;
  #link: ReplicaLink | null = null;
  #log: (readonly Effect[])[] = [];
  /** Bytes of the log up to each of its batches, that one included; and those before it. */
  #ends: number[] = [];
  #begin = 0;
  #histories = 0;
  #replid = '';
  /** Of the history that this one continues; '' = of none. */
  #replidBefore = '';
  /** What the data of a process are of that begins. */
  #kept: { readonly replid: string; readonly bytes: number } = NOTHING_KEPT;
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
    this.#beginHistory(this.#kept.replid, this.#kept.bytes);
    this.#batch = [];
    if (this.#master !== null) this.#link = this.#linkTo(this.#master);
  }

  #linkTo(master: Address): ReplicaLink {
    const link = this.#owner.link(this.#sources, master);
    // Replicas of a replica follow its master's history: another one they take as a whole.
    link.onBegun = () => this.#dropFollowers();
    link.onTold = () => this.#tell(Buffer.from(`@${link.offset}\r\n`));
    return link;
  }

  #dropFollowers(): void {
    for (const { peer } of this.#followers) peer.server.close(peer);
    this.#followers.clear();
  }

  #tell(line: Buffer): void {
    for (const follower of this.#followers) {
      const { endpoint } = follower.peer;
      if (endpoint.closed) this.#followers.delete(follower);
      else endpoint.write(line, () => {});
    }
  }

  /** Says to its replicas that it is there, and gives up those that do not. */
  #tick(): void {
    const { now } = this.#owner;
    for (const follower of this.#followers) {
      const { peer, heardAt } = follower;
      if (now - heardAt <= REPL_TIMEOUT_MS) continue;
      this.#followers.delete(follower);
      peer.server.close(peer);
    }
    if (this.isMaster) this.#tell(Buffer.from(`@${this.#log.length}\r\n`));
  }

  /** REPLCONF ACK. @param batches of the log that a replica has */
  heard(peer: Peer, batches: number): void {
    for (const follower of this.#followers) {
      if (follower.peer !== peer) continue;
      follower.heardAt = this.#owner.now;
      if (this.inSync) follower.acked = this.#source.bytesOf(batches);
    }
  }

  /** Replicas are to say at once how far they are. */
  askForAcks(): void {
    this.#tell(GETACK);
  }

  /** How many replicas have said that they have so many bytes of the history. */
  countAt(bytes: number): number {
    return this.#replicas.filter(({ acked }) => acked >= bytes).length;
  }

  /** @param before the history that it continues, which is so many bytes long; '' = none */
  #beginHistory(before: string, bytes: number): void {
    this.#log = [];
    this.#ends = [];
    this.#begin = bytes;
    this.#replidBefore = before;
    const { address, port } = this.#owner;
    const name = `${address}:${port} ${++this.#histories}`;
    this.#replid = createHash('sha1').update(name).digest('hex');
  }

  /** The process ends. @param keepsData what it has is there when it begins again */
  stop(keepsData: boolean): void {
    const isKept = keepsData && this.isMaster && this.bytes > 0;
    this.#kept = isKept ? { replid: this.#replid, bytes: this.bytes } : NOTHING_KEPT;
    this.#link?.close();
    this.#link = null;
    this.#followers.clear();
    this.#batch = [];
  }

  /** REPLICAOF. @param master null = NO ONE */
  follow(master: Address | null): void {
    const before = this.#master;
    if (master === null ? before === null : before !== null && same(before, master)) return;
    const link = this.#link;
    link?.close();
    this.#link = null;
    this.#master = master;
    this.#dropFollowers();
    this.#beginHistory(link?.replid ?? '', link?.bytes ?? 0);
    if (master !== null) this.#link = this.#linkTo(master);
    if ((before === null) !== (master === null)) this.#owner.roleChanged(before);
  }

  /**
   * A request is carried out: what it has done goes to the replicas.
   * @param asked what of it they carry out as well, word by word
   */
  commit(asked: readonly (readonly Buffer[])[] = []): void {
    if (this.#batch.length === 0) return;
    this.#log.push(this.#batch);
    this.#ends.push(this.bytes + (bytesOf(asked) || sizeOf(this.#batch)));
    this.#batch = [];
    this.#tell(Buffer.from(`@${this.#log.length}\r\n`));
  }

  /** What it gives to replicas, but for the data. */
  get #source(): Omit<Source, 'snapshot' | 'from'> {
    const source = this.#link?.source;
    if (source) return source;
    const [ends, begin] = [this.#ends, this.#begin];
    const bytesOf = (batches: number): number => ends[batches - 1] ?? begin;
    return { log: this.#log, replid: this.#replid, bytesOf };
  }

  /** PSYNC. @returns what it is answered */
  sync(peer: Peer): Buffer {
    const link = this.#link;
    if (!this.inSync) return NO_MASTER_LINK;
    const { log, replid, bytesOf } = this.#source;
    const snapshot = this.#owner.data.snapshot();
    const from = link?.offset ?? log.length;
    const number = this.#sources.add({ snapshot, from, log, replid, bytesOf });
    const { address } = peer.endpoint.peer;
    this.#followers.add({ peer, address, heardAt: this.#owner.now, acked: 0 });
    return Buffer.from(`+FULLRESYNC ${number}\r\n`);
  }

  /** Whether a connection is a replica's. */
  isFollower(peer: Peer): boolean {
    for (const follower of this.#followers) if (follower.peer === peer) return true;
    return false;
  }

  get #replicas(): Follower[] {
    return [...this.#followers].filter(({ peer }) => !peer.endpoint.closed);
  }

  /** Bytes of its history so far. */
  get bytes(): number {
    return this.#link?.bytes ?? this.#ends.at(-1) ?? this.#begin;
  }

  /** The reply to ROLE. */
  get reply(): Buffer {
    if (this.#master !== null) {
      const isUp = this.#link?.inSync === true;
      const { host, port } = this.#master;
      const offset = integer(isUp ? this.bytes : -1);
      const state = bulk(isUp ? 'connected' : 'connect');
      return array([bulk('slave'), bulk(host), integer(port), state, offset]);
    }
    const { port } = this.#owner;
    const replicas = this.#replicas.map(({ address, acked }) => {
      return array([bulk(address), bulk(String(port)), bulk(String(acked))]);
    });
    return array([bulk('master'), integer(this.bytes), array(replicas)]);
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
      const before = this.#replidBefore.padEnd(NO_ID.length, '0');
      lines.push(`master_replid:${this.#replid}`, `master_replid2:${before}`);
    }
    lines.push(`master_repl_offset:${this.bytes}`);
    for (const [i, { address, acked, heardAt }] of this.#replicas.entries()) {
      const place = `ip=${address},port=${this.#owner.port}`;
      const lag = Math.floor((this.#owner.now - heardAt) / 1000);
      lines.push(`slave${i}:${place},state=online,offset=${acked},lag=${lag}`);
    }
    return `${lines.join('\r\n')}\r\n`;
  }
}

/** What writes take on the way to a replica. */
function bytesOf(asked: readonly (readonly Buffer[])[]): number {
  const words = asked.filter(([name]) => isWrite(name.toString('latin1').toUpperCase())).flat();
  return words.reduce((bytes, { length }) => bytes + length + WORD_BYTES, 0);
}

/** About what a batch takes that no write has made. */
function sizeOf(batch: readonly Effect[]): number {
  return batch.reduce((sum, { key, value }) => {
    const items = value === null ? [] : value.type === 'list' ? value.items : [value.bytes];
    return items.reduce((bytes, { length }) => bytes + length, sum + key.length + COMMAND_BYTES);
  }, 0);
}

function same(a: Address, b: Address): boolean {
  return addressText(a) === addressText(b);
}
