import type { ChannelKind } from '../cases/case.ts';
import { type Airwaves, hears } from './airwaves.ts';
import type { Census, Subscription } from './census.ts';
import { HeardTopic } from './heard-topic.ts';
import type { Reply } from './reply-stream.ts';
import { isWhole, labelOf } from './values.ts';

/** What is to be answered. */
export interface Question {
  readonly what: 'subscribe' | 'unsubscribe' | 'ping' | 'hello' | 'auth';
  readonly kind: ChannelKind;
  /** None, to unsubscribe: from all. */
  readonly names: readonly string[];
  readonly sentAt: number;
  /** Frames that have come, of so many. */
  taken: number;
  frames: number;
}

/** What commands and messages of a kind begin with. */
export const LETTERS: Readonly<Record<ChannelKind, string>> = {
  channel: '',
  pattern: 'P',
  shard: 'S',
};
export const KINDS: readonly ChannelKind[] = ['channel', 'pattern', 'shard'];

/** What one connection has subscribed to, and heard. */
export class ListenerBook {
  readonly #resp: 2 | 3;
  readonly #airwaves: Airwaves;
  readonly #proxy: number;
  readonly #census: Census;
  /** By kind and name: what is acknowledged, in that order. */
  readonly #topics: Map<string, HeardTopic> = new Map();
  /** The same: what was asked for and has not ended, again perhaps before its end is acknowledged. */
  readonly #subscriptions: Map<string, Subscription[]> = new Map();

  constructor(resp: 2 | 3, airwaves: Airwaves, census: Census, proxy: number) {
    this.#resp = resp;
    this.#airwaves = airwaves;
    this.#census = census;
    this.#proxy = proxy;
  }

  get size(): number {
    return this.#topics.size;
  }

  /** The connection has ended. @param isLost the proxy may not know of it */
  forget(now: number, isLost: boolean): void {
    for (const subscription of [...this.#subscriptions.values()].flat()) {
      subscription.endedAt = now;
      subscription.isLost ||= isLost;
    }
    this.#topics.clear();
    this.#subscriptions.clear();
  }

  /** It is about to ask for these, or to give them up; none = all. */
  asks(
    what: 'subscribe' | 'unsubscribe',
    kind: ChannelKind,
    names: readonly string[],
    now: number,
  ): void {
    const keys = names.map((name) => `${kind} ${name}`);
    const all = [...this.#subscriptions.keys()].filter((key) => key.startsWith(`${kind} `));
    for (const key of keys.length > 0 ? keys : all) {
      const list = this.#subscriptions.get(key) ?? [];
      this.#subscriptions.set(key, list);
      const last = list.at(-1);
      const isWanted = last !== undefined && last.leavingAt > now;
      if (what === 'unsubscribe' && isWanted) last.leavingAt = now;
      if (what !== 'subscribe' || isWanted) continue;
      list.push(this.#census.asked(this.#proxy, kind, key.slice(kind.length + 1), now));
    }
  }

  find(kind: ChannelKind, name: string): HeardTopic | null {
    return this.#topics.get(`${kind} ${name}`) ?? null;
  }

  /** A message. @param mayMiss gaps are allowed @returns what is wrong with it */
  hear(words: readonly string[], reply: Reply, mayMiss: boolean): string | null {
    const [what, topic] = words;
    const kind: ChannelKind =
      what === 'pmessage' ? 'pattern' : what === 'smessage' ? 'shard' : 'channel';
    const channel = kind === 'pattern' ? words[2] : topic;
    const message = 'items' in reply ? reply.items.at(-1) : undefined;
    const label = message?.kind === 'bulk' ? labelOf(message.bytes) : null;
    const by = `on ${channel} (${kind} ${topic})`;
    if (message?.kind !== 'bulk' || label === null || !isWhole(message.bytes)) {
      return `hears ${words.join(' ').slice(0, 80)}, which is not whole`;
    }
    if (!hears(kind, topic, channel))
      return `hears message ${label.id} ${by}, which does not match`;
    if (label.key !== channel) return `hears what was sent on ${label.key} ${by}`;
    const heard = this.find(kind, topic);
    if (heard === null) return `hears message ${label.id} ${by} without having subscribed`;
    const complaint = heard.heard(channel, label.id, mayMiss);
    return complaint === null ? null : `${complaint} ${by}`;
  }

  /** Whether a frame is the next one that answers a question. */
  isAnswer(asked: Question, words: readonly string[] | null, reply: Reply, now: number): boolean {
    const { what, kind, names } = asked;
    const taken = asked.taken++;
    if (what === 'auth') return reply.kind === 'status' && reply.text === 'OK';
    if (what === 'hello') return reply.kind === 'map';
    if (what === 'ping') return this.#isPong(words, reply);
    if (words === null || words[0] !== `${LETTERS[kind].toLowerCase()}${what}`) return false;
    const own = this.namesOf(kind);
    if (taken === 0) asked.frames = Math.max(1, names.length > 0 ? names.length : own.length);
    const [, name, count] = words;
    if (name !== (names.length > 0 ? names[taken] : (own[0] ?? ''))) return false;
    if (what === 'unsubscribe') this.#end(`${kind} ${name}`, now);
    else this.#begin(kind, name, now);
    return count === String(this.#countOf(kind));
  }

  #end(key: string, now: number): void {
    this.#topics.delete(key);
    const list = this.#subscriptions.get(key) ?? [];
    if (list.length === 0 || list[0].leavingAt > now) return;
    list[0].leftAt = now;
    list.shift();
  }

  #begin(kind: ChannelKind, name: string, now: number): void {
    const key = `${kind} ${name}`;
    const asked = this.#subscriptions.get(key)?.find(({ confirmedAt }) => confirmedAt > now);
    if (asked !== undefined) asked.confirmedAt = now;
    if (this.#topics.has(key)) return;
    this.#topics.set(key, new HeardTopic(kind, name, this.#airwaves, this.#proxy, now));
  }

  #isPong(words: readonly string[] | null, reply: Reply): boolean {
    if (this.#resp === 3 || this.size === 0) {
      return reply.kind === 'status' && reply.text === 'PONG';
    }
    return words !== null && words[0] === 'pong' && words[1] === '';
  }

  /** What it has subscribed to. */
  namesOf(kind: ChannelKind): string[] {
    return [...this.#topics.values()].flatMap((each) => (each.kind === kind ? [each.name] : []));
  }

  #countOf(kind: ChannelKind): number {
    if (kind === 'shard') return this.namesOf('shard').length;
    return this.namesOf('channel').length + this.namesOf('pattern').length;
  }
}

/** The words of what is said unasked, of acknowledgements and of PONG; null for other replies. */
export function wordsOf(reply: Reply, resp: 2 | 3): readonly string[] | null {
  const kind = resp === 3 ? 'push' : 'array';
  if (reply.kind !== kind || !('items' in reply)) return null;
  return reply.items.map((item) => {
    if (item.kind === 'bulk') return item.bytes.toString('latin1');
    if (item.kind === 'integer') return String(item.value);
    return '';
  });
}
