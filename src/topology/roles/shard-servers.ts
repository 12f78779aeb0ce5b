import { RingwayError } from '../../errors.ts';
import {
  CONTROL_RETRY_MS,
  FENCE_POLL_MS,
  ROLE_POLL_MS,
  ROLE_TROUBLE_MS,
  ROLE_TROUBLE_POLL_MS,
} from '../../limits.ts';
import type { DialTarget } from '../../net/dial.ts';
import type { Clock } from '../clock.ts';
import { ControlLink } from '../control-link.ts';
import { type Address, addressText } from '../facts.ts';
import { ErrorReply, type Reply } from '../reply-reader.ts';
import { type Fence, fenceOf } from './fence.ts';
import { type ReplicationFacts, replicationFacts } from './replication-facts.ts';

/** How servers are reached. */
export interface ServerAccess {
  /** Words of AUTH, asked for each connection; null = it is not said. */
  login(): readonly string[] | null;
  readonly tls: DialTarget['tls'];
  readonly clock: Clock;
  /** They are asked as well when a master among them refuses to write. */
  readonly fences?: boolean;
}

/** What one server has said last. */
export interface ServerView {
  readonly address: Address;
  /** Null while it cannot be asked, or loads its data. */
  readonly facts: ReplicationFacts | null;
  /** It has answered once, or could not be asked: without facts, it does not serve. */
  readonly tried: boolean;
  /** How long it takes to answer, smoothed, in milliseconds. */
  readonly rttMs: number;
}

/** How much the last answer counts in the mean. */
const SHARE = 0.2;

/** One server that is asked for its part in replication. */
class ServerLink implements ServerView {
  readonly address: Address;
  readonly #link: ControlLink;
  readonly #clock: Clock;
  readonly #onFacts: () => void;
  readonly #asksFence: boolean;
  facts: ReplicationFacts | null = null;
  tried = false;
  rttMs = 0;
  #asked = false;
  /** What it said last, also of a server that is gone. */
  fence: Fence | null = null;
  #fenceAt = Number.NEGATIVE_INFINITY;

  constructor(address: Address, access: ServerAccess, onFacts: () => void) {
    const { login, tls, clock, fences = false } = access;
    this.address = address;
    this.#clock = clock;
    this.#onFacts = onFacts;
    this.#asksFence = fences;
    this.#link = new ControlLink({
      target: { kind: 'tcp', ...address, path: '', tls },
      clock,
      login,
      retryMs: CONTROL_RETRY_MS,
      onUp: () => {
        this.#fenceAt = Number.NEGATIVE_INFINITY;
        this.poll();
      },
      onDown: () => this.#onDown(),
    });
  }

  #onDown(): void {
    this.#asked = false;
    if (this.facts === null && this.tried) return;
    this.tried = true;
    this.facts = null;
    this.#onFacts();
  }

  poll(): void {
    if (this.#asked) return;
    const at = this.#clock.now();
    if (this.#asksFence && at - this.#fenceAt >= FENCE_POLL_MS) this.#pollFence(at);
    this.#asked = this.#link.ask(['INFO', 'replication'], (reply) => {
      this.#asked = false;
      this.tried = true;
      this.facts = replicationFacts(reply);
      const took = this.#clock.now() - at;
      this.rttMs = this.rttMs === 0 ? took : this.rttMs * (1 - SHARE) + took * SHARE;
      this.#onFacts();
    });
  }

  #pollFence(now: number): void {
    const asked = this.#link.ask(['CONFIG', 'GET', 'min-replicas-*'], (replicas) => {
      this.#link.ask(['CONFIG', 'GET', 'repl-ping-replica-period'], (pings) => {
        this.fence = fenceOf(replicas, pings) ?? this.fence;
      });
    });
    if (asked) this.#fenceAt = now;
  }

  ask(words: readonly string[], onAnswer: (reply: Reply) => void): boolean {
    return this.#link.ask(words, onAnswer);
  }

  abandon(): void {
    this.#link.abandon();
  }

  close(): void {
    this.#link.close();
  }
}

/**
 * The servers of one shard: each is asked for its part in replication every second, all at the same
 * moment, and more often while there is trouble.
 */
export class ShardServers {
  readonly #access: ServerAccess;
  readonly #onFacts: () => void;
  readonly #links: Map<string, ServerLink> = new Map();
  #troubleUntil = Number.NEGATIVE_INFINITY;
  #cancel: () => void = () => {};

  /** @param onFacts told whenever one has said something, or cannot be asked any more */
  constructor(access: ServerAccess, onFacts: () => void) {
    this.#access = access;
    this.#onFacts = onFacts;
    this.#tick();
  }

  /** These are asked from now on, and no others. */
  set(addresses: readonly Address[]): void {
    const wanted = new Map(addresses.map((address) => [addressText(address), address]));
    for (const [text, link] of this.#links) {
      if (wanted.has(text)) continue;
      link.close();
      this.#links.delete(text);
    }
    for (const [text, address] of wanted) {
      if (this.#links.has(text)) continue;
      this.#links.set(text, new ServerLink(address, this.#access, this.#onFacts));
    }
  }

  #tick(): void {
    const { clock } = this.#access;
    const trouble = clock.now() < this.#troubleUntil;
    const pause = trouble ? ROLE_TROUBLE_POLL_MS : ROLE_POLL_MS;
    this.#cancel = clock.after(pause, () => this.#tick());
    for (const link of this.#links.values()) link.poll();
  }

  /** They are asked often for a while. */
  onTrouble(): void {
    const { clock } = this.#access;
    const calm = clock.now() >= this.#troubleUntil;
    this.#troubleUntil = clock.now() + ROLE_TROUBLE_MS;
    if (!calm) return;
    this.#cancel();
    this.#tick();
  }

  /** What they have said last. */
  get views(): ServerView[] {
    return [...this.#links.values()];
  }

  viewOf(address: Address): ServerView | null {
    return this.#links.get(addressText(address)) ?? null;
  }

  /** When a server among them refuses to write; null = it has not said so. */
  fenceOf(address: Address): Fence | null {
    return this.#links.get(addressText(address))?.fence ?? null;
  }

  /** All that is known of them, by `host:port`, for whoever goes on from here. */
  get fences(): Readonly<Record<string, Fence>> {
    const known = [...this.#links].flatMap(([text, { fence }]) => {
      return fence === null ? [] : [[text, fence] as const];
    });
    return Object.fromEntries(known);
  }

  /** Servers that are gone cannot be asked. */
  set fences(fences: Readonly<Record<string, Fence>>) {
    for (const [text, link] of this.#links) {
      if (Object.hasOwn(fences, text)) link.fence ??= fences[text];
    }
  }

  /** @returns false when the server cannot be asked now */
  ask(address: Address, words: readonly string[], onAnswer: (reply: Reply) => void): boolean {
    return this.#links.get(addressText(address))?.ask(words, onAnswer) ?? false;
  }

  /** What a server was asked and has not answered is not waited for, and must not arrive later. */
  abandon(address: Address): void {
    this.#links.get(addressText(address))?.abandon();
  }

  /** @returns what the server says to it, if that is an error; null = all is well */
  command(address: Address, words: readonly string[]): Promise<string | null> {
    return new Promise((resolve, reject) => {
      const link = this.#links.get(addressText(address));
      const asked = link?.ask(words, (reply) => {
        resolve(reply instanceof ErrorReply ? reply.text : null);
      });
      if (asked === true) return;
      reject(new RingwayError('RINGWAY_USAGE', `${addressText(address)} cannot be asked`));
    });
  }

  close(): void {
    this.#cancel();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }
}
