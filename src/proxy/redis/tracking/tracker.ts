import { routeKey } from '../../../distribution/route.ts';
import {
  TRACKING_LINGER_MS,
  TRACKING_POOL_PREFIXES,
  TRACKING_ROUND_MAX_MS,
  TRACKING_ROUND_MS,
  TRACKING_ROUNDS,
  TRACKING_SOON_MS,
} from '../../../limits.ts';
import type { DialTarget } from '../../../net/dial.ts';
import { NO_SERVER } from '../../../protocol/frame-table.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Flushable } from '../../engine/turn.ts';
import type { Pool } from '../../pool/pool.ts';
import { addressOf } from '../../pool/pool-changes.ts';
import type { Hearing, StartWaiter } from '../listening/starting.ts';
import { loginOf, type RefusedConnection } from '../server-login.ts';
import type { KeyHearer } from './key-hearer.ts';
import { LanesInUse } from './lines/lanes-in-use.ts';
import { ALL_KEYS, type Keys } from './lines/push.ts';
import type { TrackedLine, TrackedLineOwner } from './lines/tracked-line.ts';
import { TrackedServer } from './lines/tracked-server.ts';
import { NotedKeys } from './noted-keys.ts';
import { Prefixes } from './prefixes.ts';

/**
 * What the clients of a pool want to hear of keys that change, in this process. Servers note what
 * is read on connections of lanes with `tracking`, and tell a connection of ringway's own of it;
 * whose keys these are is noted here.
 */
export class Tracker implements TrackedLineOwner, Hearing, Timed, Flushable {
  readonly engine: Engine;
  readonly #pool: Pool;
  /** By address. */
  #servers: Map<string, TrackedServer> = new Map();
  /** By index of the server in the pool. */
  #places: TrackedServer[] = [];
  readonly notes: NotedKeys;
  readonly prefixes: Prefixes<KeyHearer> = new Prefixes();
  /** Clients whose keys are noted, and those that hear of prefixes. */
  readonly #readers: Set<KeyHearer> = new Set();
  readonly #hearers: Set<KeyHearer> = new Set();
  readonly #starting: Set<StartWaiter> = new Set();
  readonly #lanes: LanesInUse = new LanesInUse();
  #wantsReads = false;
  #roundAt = 0;
  /** Rounds that servers have not answered. */
  #underWay = 0;
  /** When the next one may be, at the earliest. */
  #roundFrom = 0;
  /** The next one is for what was not answered by the last; so long behind that. */
  #repeats = false;
  #pause = TRACKING_ROUND_MS;
  #closeAt = 0;
  /** Who reads is to forget all: other servers may have the keys. */
  #changed = false;
  flushPending = false;
  timerAt = 0;

  constructor(pool: Pool) {
    this.engine = pool.engine;
    this.#pool = pool;
    this.notes = new NotedKeys(pool.counters);
  }

  // --- clients ---------------------------------------------------------------------------------

  join(tracking: KeyHearer): void {
    (tracking.notes ? this.#readers : this.#hearers).add(tracking);
    this.#wantsReads ||= tracking.notes;
    this.#closeAt = 0;
    this.#setServers();
  }

  leave(tracking: KeyHearer): void {
    this.#readers.delete(tracking);
    this.#hearers.delete(tracking);
    this.notes.forget(tracking);
    this.prefixes.remove(tracking);
    if (this.#readers.size + this.#hearers.size > 0) return;
    this.#closeAt = millis() + TRACKING_LINGER_MS;
    this.#arm();
  }

  /** Whether all clients together may have so many prefixes more. */
  hasRoom(prefixes: number): boolean {
    return this.prefixes.size + prefixes <= TRACKING_POOL_PREFIXES;
  }

  /** It is told when servers tell of keys, or do not. */
  await(starting: StartWaiter): void {
    this.#starting.add(starting);
    this.#progress();
  }

  stopWaiting(starting: StartWaiter): void {
    this.#starting.delete(starting);
  }

  #progress(): void {
    if (this.#starting.size === 0) return;
    const servers = [...this.#servers.values()];
    if (servers.every(({ settled }) => settled)) {
      for (const starting of [...this.#starting]) starting.onSettled(this.error);
    }
  }

  /** One server at least tells of keys. */
  get isReady(): boolean {
    return [...this.#servers.values()].some(({ ready }) => ready);
  }

  /** Why no server tells of keys, a complete error reply; null when one does. */
  get error(): Buffer | null {
    const servers = [...this.#servers.values()];
    if (this.isReady) return null;
    return servers.find(({ error }) => error !== null)?.error ?? null;
  }

  // --- keys ------------------------------------------------------------------------------------

  /** Whether the server of a key notes who reads it. */
  isNoted(key: string): boolean {
    if (this.#pool.config.distribution === 'random') {
      return this.#places.every(({ id }) => id !== null);
    }
    const { engine, descriptor } = this.#pool;
    const name = Buffer.from(key, 'latin1');
    const index = routeKey(name, 0, name.length, engine.words, descriptor);
    return index !== NO_SERVER && (this.#places[index]?.id ?? null) !== null;
  }

  note(reader: KeyHearer, key: string, slot: number): void {
    const given = this.notes.add(reader, key, slot);
    if (this.#roundAt === 0 || this.#repeats) {
      this.#repeats = false;
      this.#pause = TRACKING_ROUND_MS;
      this.#roundAt = Math.max(millis() + TRACKING_SOON_MS, this.#roundFrom);
      this.#arm();
    }
    if (given === null) return;
    const [oldest, readers] = given;
    for (const each of readers) (each as KeyHearer).tell([Buffer.from(oldest, 'latin1')]);
  }

  onKeys(keys: Keys, line: TrackedLine): void {
    const ofReads = this.#serverOf(line)?.isOfReads(line) ?? false;
    if (keys !== ALL_KEYS) {
      if (ofReads) this.#tellReaders(keys);
      else this.#tellOfPrefixes(keys);
    } else if (ofReads) {
      this.#forgetAll();
    } else {
      this.#tellHearers();
    }
  }

  #tellReaders(keys: readonly Buffer[]): void {
    const told: Map<KeyHearer, Buffer[]> = new Map();
    const blind = [...this.#readers].filter((reader) => reader.blind);
    for (const key of keys) {
      const readers = this.notes.changed(key.toString('latin1')) as readonly KeyHearer[];
      for (const reader of new Set([...readers, ...blind])) {
        const list = told.get(reader);
        if (list === undefined) told.set(reader, [key]);
        else list.push(key);
      }
    }
    for (const [reader, list] of told) this.#tell(reader, list);
  }

  /** As a server does, one message for each prefix. */
  #tellOfPrefixes(keys: readonly Buffer[]): void {
    for (const [readers, list] of this.prefixes.sort(keys)) {
      for (const reader of [...readers]) this.#tell(reader, list);
    }
  }

  #tell(reader: KeyHearer, keys: Keys): void {
    try {
      reader.tell(keys);
    } catch (error) {
      reader.onException(error);
    }
  }

  #forgetAll(): void {
    for (const reader of [...this.#readers]) {
      this.notes.forget(reader);
      // A server says it once for each connection.
      if (reader.hasRead) this.#tell(reader, ALL_KEYS);
    }
  }

  // --- servers ---------------------------------------------------------------------------------

  get login(): Buffer | null {
    return loginOf(this.#pool).request;
  }

  onLoginRefused(connection: RefusedConnection): void {
    loginOf(this.#pool).onRefused(connection);
  }

  get messageLimit(): number {
    return this.#pool.config.clientOutputLimit;
  }

  titleOf(target: DialTarget): string {
    return `${this.#pool.config.name} | ${addressOf(target)}`;
  }

  #setServers(): void {
    const before = this.#servers;
    this.#servers = new Map();
    const { servers } = this.#pool;
    for (const { config } of servers) {
      const address = addressOf(config);
      const known = before.get(address) ?? new TrackedServer(this, config);
      before.delete(address);
      this.#servers.set(address, known);
    }
    for (const server of before.values()) server.stop();
    this.#places = servers.map(({ config }) => {
      return this.#servers.get(addressOf(config)) as TrackedServer;
    });
    const wanted = { reads: this.#wantsReads, cover: this.prefixes.cover() };
    for (const server of this.#servers.values()) server.want(wanted);
    this.#progress();
  }

  #serverOf(line: TrackedLine): TrackedServer | undefined {
    return this.#servers.get(addressOf(line.target));
  }

  onLineReady(line: TrackedLine, again: boolean): void {
    const server = this.#serverOf(line);
    if (server?.onReady(line)) this.#renewLanes(line, server.id);
    else if (again) this.#tellHearers();
    this.#progress();
  }

  onLineFailed(): void {
    this.#progress();
  }

  /** What has changed since the server was heard last is not known. */
  onLineLost(line: TrackedLine): void {
    const server = this.#serverOf(line);
    if (server?.isOfReads(line)) {
      this.#renewLanes(line, null);
      this.#forgetAll();
    } else {
      this.#tellHearers();
    }
  }

  #tellHearers(): void {
    for (const hearer of [...this.#hearers]) this.#tell(hearer, ALL_KEYS);
  }

  /** Connections that name another line than that of now take no more requests. */
  #renewLanes(line: TrackedLine, id: string | null): void {
    const address = addressOf(line.target);
    const servers = this.#pool.servers.filter(({ config }) => addressOf(config) === address);
    if (this.#lanes.renew(servers, id)) {
      for (const reader of this.#readers) reader.waitForReplies();
    }
  }

  /** Number of the line that a new connection to a server names; null = there is none yet. */
  greet(connection: BackendConnection): string | null {
    const id = this.#servers.get(addressOf(connection.owner.config))?.id ?? null;
    this.#lanes.opened(connection, id);
    return id;
  }

  /** A server does not note what is read on a connection. */
  onGreetingRefused(connection: BackendConnection): void {
    this.#lanes.refused(connection);
  }

  /** A connection is closed: its server forgets what was read on it. */
  onLaneClosed(connection: BackendConnection): void {
    if (this.#lanes.closed(connection)) this.#onChange();
  }

  /** The pool has other servers, or its keys have gone to others. */
  onRing(): void {
    if (this.#readers.size + this.#hearers.size > 0) this.#onChange();
  }

  /** Between two walks: who is told may be in one. */
  #onChange(): void {
    this.#changed = true;
    this.engine.turn.markBackend(this);
  }

  flush(): void {
    if (!this.#changed) return;
    this.#changed = false;
    if (this.#readers.size + this.#hearers.size === 0) return;
    this.#setServers();
    this.#forgetAll();
    this.#tellHearers();
  }

  writeOut(): void {}

  onException(error: unknown): void {
    this.engine.guard.note(`what tells of keys in pool ${this.#pool.config.name}`, error);
  }

  // --- time ------------------------------------------------------------------------------------

  #arm(): void {
    const due = this.nextDeadline();
    if (due !== 0) this.engine.deadlines.arm(this, due);
  }

  nextDeadline(): number {
    if (this.#roundAt === 0 || this.#closeAt === 0) return this.#roundAt || this.#closeAt;
    return Math.min(this.#roundAt, this.#closeAt);
  }

  onDeadline(now: number): void {
    if (this.#roundAt !== 0 && this.#roundAt <= now) this.#round(now);
    if (this.#closeAt !== 0 && this.#closeAt <= now) this.close();
  }

  /**
   * What was answered by now was noted before the servers answer: what they tell of behind that
   * was changed after it was read.
   */
  #round(now: number): void {
    if (this.#underWay >= TRACKING_ROUNDS) {
      this.#roundAt = now + TRACKING_ROUND_MS;
      this.#arm();
      return;
    }
    this.#roundFrom = now + TRACKING_ROUND_MS;
    // What is not answered by now needs another one.
    const readers = [...this.#readers];
    this.#repeats = readers.some(({ reads }) => reads);
    this.#roundAt = this.#repeats ? now + this.#pause : 0;
    this.#pause = Math.min(this.#pause * 2, TRACKING_ROUND_MAX_MS);
    this.#arm();
    // What comes late may meet the next round: each has marks of its own.
    const marks = readers.map((reader) => [reader, reader.mark()] as const);
    let left = this.#servers.size;
    if (left > 0) this.#underWay++;
    for (const server of this.#servers.values()) {
      server.mark(() => {
        if (--left > 0) return;
        this.#underWay--;
        for (const [reader, mark] of marks) reader.settle(mark);
      });
    }
  }

  /** Nobody tracks any more, or the pool is gone. */
  close(): void {
    this.#closeAt = 0;
    this.#wantsReads = false;
    for (const server of this.#servers.values()) server.stop();
    this.#servers = new Map();
    this.#places = [];
    this.#lanes.renew(this.#pool.servers, null);
    this.engine.deadlines.forget(this);
  }
}
