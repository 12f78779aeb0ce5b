import type { Value } from '../servers/keyspace.ts';
import { upper } from '../servers/redis/command.ts';
import type { Asker, ServerObserver, ServerProcess } from '../servers/server-process.ts';
import { isWhole, labelOf } from './values.ts';

/** What a key held from a moment on, on one server. */
interface Change {
  readonly at: number;
  readonly value: Value | null;
}

/** Something that a server did once, so that one client at most may be told of it. */
interface Deed {
  readonly at: number;
  readonly what: string;
  told: boolean;
}

/** When and where something was carried out. */
export interface Done {
  readonly at: number;
  readonly server: string;
}

/** Who wrote what, told when it is sent. */
export interface SentWrite {
  /** Of the connection: a client that connects again is another one. */
  readonly connection: number;
  /** Counts the requests of the connection. */
  readonly order: number;
  /** Whom it was sent to. */
  readonly proxy: number;
  /** Microseconds: its first byte was sent, and its last; Infinity = not yet. */
  readonly sentAt: number;
  wholeAt: number;
}

/** Where a write stands among the changes of its key on its server. */
export interface Place {
  readonly server: string;
  readonly at: number;
  readonly index: number;
  /** Its number. */
  readonly id: number;
}

/** Which servers may be asked for a key between two moments. */
export type Owners = (key: string, from: number, to: number) => readonly string[];

const WRITES = ['SET', 'MSET', 'RPUSH', 'PUBLISH', 'SPUBLISH'];
const READS = ['GET', 'MGET', 'STRLEN', 'EXISTS'];
const KEYLESS = [
  ...['PING', 'SELECT', 'HELLO', 'AUTH', 'INFO', 'CLIENT', 'QUIT', 'CLUSTER', 'WAIT'],
  ...['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE'],
  // What a script does is told one by one.
  ...['EVAL', 'EVALSHA', 'SCRIPT'],
];

/**
 * What really happened to each key, as the servers saw it: the order in which they carried out the
 * requests is the history that clients' replies must agree with.
 */
export class History implements ServerObserver {
  readonly complaints: string[] = [];
  readonly #now: () => number;
  readonly #owners: Owners;
  readonly #changes: Map<string, Change[]> = new Map();
  readonly #deeds: Map<string, Deed[]> = new Map();
  /** Changes that a DEL has made. */
  readonly #removals: Set<Change> = new Set();
  readonly #writes: Map<number, SentWrite> = new Map();
  readonly #executed: Map<string, number> = new Map();
  readonly #carriedOut: Map<number, Done> = new Map();
  /** By swap: the write whose value was read before it. */
  readonly #expected: Map<number, number | null> = new Map();
  /** By write: what its key held before. */
  readonly #replaced: Map<number, Value | null> = new Map();
  /** By server and digest: when it had the script, and when not. */
  readonly #scripts: Map<string, { readonly at: number; readonly loaded: boolean }[]> = new Map();
  /** A server may carry out so late what it was sent: it stood still. */
  stalledMicros = 0;
  /** Keys move from server to server: only who was asked for one can have answered. */
  onlyWhoAnswered = false;
  readonly #asked: Map<string, Done[]> = new Map();
  /** Writes of keys that were acknowledged; those whose value was replaced, or taken. */
  readonly kept: Set<string> = new Set();
  readonly replacedOrTaken: Set<string> = new Set();
  /** Values that a server has lost by itself. */
  readonly gone: Set<string> = new Set();
  readonly #servers: string[] = [];
  /** By write: the keys that it was carried out for. */
  readonly #keys: Map<number, string[]> = new Map();
  /** By write and key. */
  readonly #places: Map<string, Place> = new Map();
  /** Which servers a proxy may ask for a key whose request it has had whole since then; null = any. */
  ownersSince: (key: string, write: SentWrite, bytes: number) => readonly string[] | null = () =>
    null;
  /** Told of each read of a key that a server carries out. */
  onRead: (server: string, key: string) => void = () => {};
  /** Whether a server may answer a client that has written so, before `to`. */
  mayAnswer: (server: string, write: SentWrite, to: number) => boolean = () => true;
  /** Told of each message, in the order in which its server hands it on. */
  onPublished: (server: ServerProcess, channel: string, id: number) => void = () => {};
  readonly #lastOrder: Map<string, number> = new Map();
  /** Writes that came behind a later one: only one that has failed may. */
  readonly #late: Map<number, string> = new Map();

  constructor(now: () => number, owners: Owners) {
    this.#now = now;
    this.#owners = owners;
  }

  watch(server: ServerProcess): void {
    server.observer = this;
    this.#servers.push(server.name);
    server.data.observer = {
      onChange: (db, key, value) => {
        const name = `${server.name} ${db} ${key}`;
        const list = this.#changes.get(name) ?? [];
        this.#changes.set(name, list);
        const before = list.at(-1)?.value ?? null;
        if (!server.data.isReplaced && before?.type === 'string') {
          const label = labelOf(before.bytes);
          if (label !== null) this.replacedOrTaken.add(writeName(label.id, label.key));
        }
        list.push({ at: this.#now(), value });
      },
    };
  }

  /** A swap is only to be carried out while its key holds what was read. @param read null = nothing */
  expect(id: number, read: number | null): void {
    this.#expected.set(id, read);
  }

  /** When write `id` was carried out, of several keys the last; null = not yet. */
  executedAt(id: number): Done | null {
    return this.#carriedOut.get(id) ?? null;
  }

  /** A client sends write `id`. */
  sent(id: number, write: SentWrite): void {
    this.#writes.set(id, write);
  }

  #complain(server: ServerProcess, text: string): void {
    this.complaints.push(`${server.name} ${text}`);
  }

  onExecuted(server: ServerProcess, asker: Asker, words: readonly Buffer[], reply: Buffer): void {
    const name = upper(words[0]);
    if (KEYLESS.includes(name) || words.length < 2 || reply[0] === 0x2d) return;
    const step = name === 'MSET' ? 2 : name === 'DEL' || name === 'MGET' ? 1 : words.length;
    for (let i = 1; i < words.length; i += step) {
      const key = words[i].toString('latin1');
      this.#noteAsked(server, key);
      const sentAt = this.#now() - this.stalledMicros;
      if (!this.#owners(key, sentAt, this.#now()).includes(server.name)) {
        this.#complain(server, `is asked for ${key}, which is not its own`);
      }
      if (name === 'DEL') this.#noteRemoved(server, asker.db, key);
      if (READS.includes(name)) this.onRead(server.name, key);
      if (WRITES.includes(name)) this.#checkWrite(server, asker, key, words[i + 1]);
    }
    const key = words[1].toString('latin1');
    if (name === 'BLPOP' && reply[1] === 0x32) {
      // The key, and behind it the element.
      const element = elementOf(reply.subarray(reply.lastIndexOf('$', reply.length - 1)));
      this.#popped(asker.db, key, element);
    } else if (name === 'LPOP' && reply[0] === 0x24 && reply[1] !== 0x2d) {
      this.#popped(asker.db, key, elementOf(reply));
    } else if (name === 'INCR')
      this.#did(asker.db, key, `incr ${reply.toString('latin1', 1).trim()}`);
  }

  /** Of each key of a DEL: whether it was there. */
  #noteRemoved({ name }: ServerProcess, db: number, key: string): void {
    const changes = this.#changes.get(`${name} ${db} ${key}`) ?? [];
    const last = changes.at(-1);
    const isRemoved = last?.value === null && last.at === this.#now() && !this.#removals.has(last);
    if (isRemoved) this.#removals.add(last);
    this.#did(db, key, isRemoved ? 'removed' : 'not there');
  }

  #noteAsked({ name }: ServerProcess, key: string): void {
    if (!this.onlyWhoAnswered) return;
    const list = this.#asked.get(key) ?? [];
    this.#asked.set(key, list);
    list.push({ at: this.#now(), server: name });
  }

  onScript(server: ServerProcess, sha: string, loaded: boolean): void {
    const name = `${server.name} ${sha}`;
    const list = this.#scripts.get(name) ?? [];
    this.#scripts.set(name, list);
    list.push({ at: this.#now(), loaded });
  }

  /** Whether a server of the key was without that script at any moment between the two. */
  lacked(sha: string, key: string, from: number, to: number): boolean {
    return this.#owners(key, from, to).some((server) => {
      let had = false;
      for (const { at, loaded } of this.#scripts.get(`${server} ${sha}`) ?? []) {
        if (at > to) break;
        if (at >= from && !had) return true;
        had = loaded;
      }
      return !had;
    });
  }

  /** Where write `id` of a key stands; null = it is not carried out. */
  placeOf(id: number, key: string): Place | null {
    return this.#places.get(writeName(id, key)) ?? null;
  }

  /** What a register held when write `id` replaced it; undefined = it is not carried out. */
  replaced(id: number): Value | null | undefined {
    return this.#replaced.get(id);
  }

  #popped(db: number, key: string, element: Buffer): void {
    const id = labelOf(element)?.id ?? 0;
    this.replacedOrTaken.add(writeName(id, key));
    this.#did(db, key, `pop ${id}`);
  }

  #did(db: number, key: string, what: string): void {
    const name = `${db} ${key}`;
    const list = this.#deeds.get(name) ?? [];
    this.#deeds.set(name, list);
    list.push({ at: this.#now(), what, told: false });
  }

  #checkWrite(server: ServerProcess, asker: Asker, key: string, value: Buffer): void {
    const label = labelOf(value);
    if (label === null || !isWhole(value)) {
      this.#complain(server, `gets a damaged value for ${key}`);
      return;
    }
    const what = `${label.key}@${label.db}, write ${label.id}`;
    if (label.key !== key) this.#complain(server, `gets ${what} for ${key}`);
    if (label.db !== asker.db) this.#complain(server, `gets ${what} in database ${asker.db}`);
    const name = writeName(label.id, key);
    const times = (this.#executed.get(name) ?? 0) + 1;
    this.#executed.set(name, times);
    this.#carriedOut.set(label.id, { at: this.#now(), server: server.name });
    if (times > 1) this.#complain(server, `gets ${what} a second time`);
    const changes = this.#changes.get(`${server.name} ${asker.db} ${key}`) ?? [];
    this.#replaced.set(label.id, changes.at(-2)?.value ?? null);
    this.#noteKey(server, label.id, key, changes.length - 1);
    this.#checkPlace(server, key, label.id, value.length);
    if (/^[ms]/.test(key)) this.onPublished(server, key, label.id);
    this.#checkSwap(server, asker.db, key, label.id);
    this.#checkOrder(server, key, label.id, what);
    this.#did(asker.db, key, `write ${label.id}`);
  }

  #noteKey(server: ServerProcess, id: number, key: string, index: number): void {
    if (/^[ms]/.test(key)) return;
    const place = { server: server.name, at: this.#now(), index, id };
    this.#places.set(writeName(id, key), place);
    const keys = this.#keys.get(id) ?? [];
    this.#keys.set(id, keys);
    keys.push(key);
  }

  /** What a proxy has had whole goes by the servers that it has since then. */
  #checkPlace(server: ServerProcess, key: string, id: number, bytes: number): void {
    const write = this.#writes.get(id);
    const owners = write === undefined ? null : this.ownersSince(key, write, bytes);
    if (owners === null || owners.includes(server.name)) return;
    this.#complain(server, `gets write ${id} for ${key}, which was not its own any more`);
  }

  #checkSwap(server: ServerProcess, db: number, key: string, id: number): void {
    const expected = this.#expected.get(id);
    if (expected === undefined) return;
    const before = this.#changes.get(`${server.name} ${db} ${key}`)?.at(-2)?.value ?? null;
    const found = before?.type === 'string' ? (labelOf(before.bytes)?.id ?? null) : null;
    if (found === expected) return;
    this.#complain(
      server,
      `writes ${id} to ${key} over ${found}, watched since it was ${expected}`,
    );
  }

  /** Writes of one connection to one key are carried out in the order in which they were sent. */
  #checkOrder(server: ServerProcess, key: string, id: number, what: string): void {
    const sent = this.#writes.get(id);
    if (sent === undefined) {
      this.#complain(server, `gets ${what}, which nobody has sent`);
      return;
    }
    const name = `${sent.connection} ${key}`;
    if (sent.order < (this.#lastOrder.get(name) ?? -1)) this.#late.set(id, what);
    this.#lastOrder.set(name, sent.order);
  }

  /** Write `id` has succeeded, as its client was told. */
  acknowledged(id: number): void {
    for (const key of this.#keys.get(id) ?? []) this.kept.add(writeName(id, key));
    const what = this.#late.get(id);
    if (what !== undefined) this.complaints.push(`${what}, came behind a later one of its client`);
  }

  // --- what a reply may say --------------------------------------------------------------------

  /**
   * Whether `holds` was true of what the key held at any moment between the two.
   * @param behind not before this write of the same connection; null = it has made none
   */
  held(
    db: number,
    key: string,
    from: number,
    to: number,
    holds: (value: Value | null) => boolean,
    behind: Place | null = null,
  ): boolean {
    const write = behind === null ? undefined : this.#writes.get(behind.id);
    return this.#answering(key, from, to).some((server) => {
      const isOther = write !== undefined && behind?.server !== server;
      if (isOther && !this.mayAnswer(server, write, to)) return false;
      const all = this.#changes.get(`${server} ${db} ${key}`) ?? [];
      const isBehind = behind?.server === server;
      let value: Value | null = isBehind ? (all[behind.index]?.value ?? null) : null;
      const changes = isBehind ? all.slice(behind.index + 1) : all;
      for (const change of changes) {
        if (change.at > to) break;
        if (change.at >= from && holds(value)) return true;
        value = change.value;
      }
      return holds(value);
    });
  }

  /**
   * How many servers have had what write `id` gave to a register; Infinity when nobody can tell, as
   * it was written over since, or a server has lost it.
   */
  copiesOf(db: number, key: string, id: number): number {
    const name = writeName(id, key);
    if (this.replacedOrTaken.has(name) || this.gone.has(name)) return Number.POSITIVE_INFINITY;
    return this.#servers.filter((server) => {
      const changes = this.#changes.get(`${server} ${db} ${key}`) ?? [];
      return changes.some(({ value }) => {
        return value?.type === 'string' && labelOf(value.bytes)?.id === id;
      });
    }).length;
  }

  /** Who may have answered for a key: where it moves about, who was asked for it then. */
  #answering(key: string, from: number, to: number): readonly string[] {
    const owners = this.#owners(key, from, to);
    if (!this.onlyWhoAnswered) return owners;
    const asked = this.#asked.get(key) ?? [];
    const answered = new Set<string>();
    for (const { at, server } of asked) if (at >= from && at <= to) answered.add(server);
    return owners.filter((name) => answered.has(name));
  }

  /** How many of the keys may have been there when they were deleted, between the two moments. */
  removed(db: number, keys: readonly string[], from: number, to: number): [number, number] {
    const counts: [number, number] = [0, 0];
    for (const key of keys) {
      const all = this.#deeds.get(`${db} ${key}`) ?? [];
      const deeds = all.filter(({ at }) => at >= from && at <= to);
      if (!deeds.some(({ what }) => what === 'removed')) continue;
      counts[1]++;
      if (!deeds.some(({ what }) => what === 'not there')) counts[0]++;
    }
    return counts;
  }

  /** Whether a server did it between the two moments and nobody was told of that yet. */
  claim(db: number, key: string, from: number, to: number, what: string): boolean {
    const deed = this.#deeds
      .get(`${db} ${key}`)
      ?.find((each) => !each.told && each.what === what && each.at >= from && each.at <= to);
    if (deed === undefined) return false;
    deed.told = true;
    return true;
  }
}

/** A write, as far as it is about one key. */
export function writeName(id: number, key: string): string {
  return `${id} ${key}`;
}

/** The bytes of a bulk reply. */
function elementOf(reply: Buffer): Buffer {
  return reply.subarray(reply.indexOf('\r\n') + 2, -2);
}
