import type { ChannelKind, ClientState, ListenerAction, ListenerPlan } from '../cases/case.ts';
import type { Endpoint, EndpointOwner } from '../net/connection.ts';
import type { Attempt } from '../net/network.ts';
import type { Loop } from '../world/loop.ts';
import { type Airwaves, topicName } from './airwaves.ts';
import { isFailure } from './check-reply.ts';
import { KINDS, LETTERS, ListenerBook, type Question, wordsOf } from './listener-book.ts';
import { type Reply, ReplyStream } from './reply-stream.ts';
import { encode } from './requests.ts';
import type { ClientSetting } from './setting.ts';

const UNCONFIRMED = 'ERR the subscription was not confirmed in time';
const AGAIN_MICROS = 5_000;
/** An acknowledgement takes so long at most when nothing is wrong. */
const ANSWERED_MICROS = 10_000_000;

export interface ListenerSetting extends ClientSetting {
  readonly airwaves: Airwaves;
  /** Whether connections that may have missed something are not closed. */
  mayMiss(): boolean;
  /**
   * Whether slots that went from one node to another explain that it is closed.
   * @param channels shard channels that it hears, or is about to
   * @param from microsecond at which what is open was asked
   */
  slotsMove(channels: readonly string[], from: number): boolean;
}

/** A client that hears messages until the case is over, and subscribes again when it is closed. */
export class SimListener implements EndpointOwner {
  readonly name: string;
  readonly loop: Loop;
  readonly complaints: string[] = [];
  readonly #setting: ListenerSetting;
  readonly #plan: ListenerPlan;
  #next = 0;
  #endpoint: Endpoint | null = null;
  #replies: ReplyStream = new ReplyStream();
  #asked: Question[] = [];
  readonly #book: ListenerBook;
  /** What it wants to hear, also on its next connection. */
  readonly #wanted: Record<ChannelKind, Set<string>> = {
    channel: new Set(),
    pattern: new Set(),
    shard: new Set(),
  };
  #waits = false;
  #suspect = false;
  /** The network may have kept something from the proxy. */
  #harmed = false;
  #deafUntil = 0;
  #ending = false;
  heard = 0;

  constructor(index: number, plan: ListenerPlan, setting: ListenerSetting) {
    this.name = `listener${index}`;
    this.#plan = plan;
    this.#setting = setting;
    this.#book = new ListenerBook(plan.resp, setting.airwaves, setting.census, setting.proxy);
    this.loop = setting.world.process(this.name);
    setting.network.place(this.loop, `10.0.6.${index + 1}`);
    setting.world.at(plan.startMs * 1000, () => this.loop.io(() => this.#connect()));
  }

  get proxy(): number {
    return this.#setting.proxy;
  }

  get address(): string {
    return this.#setting.network.addressOf(this.loop);
  }

  get done(): boolean {
    return this.#next >= this.#plan.actions.length && this.#asked.length === 0;
  }

  /** What it is at, for the pairs of faults and states. */
  get state(): ClientState {
    if (this.#endpoint === null) return 'connecting';
    if (this.#deafUntil > this.#setting.world.micros) return 'deaf';
    if (this.#asked.length > 0) return 'subscribing';
    return this.#book.size > 0 ? 'listening' : 'idle';
  }

  readonly waiting = [];
  readonly began = false;

  harmed(): void {
    this.#suspect = true;
    this.#harmed = true;
  }

  #trace(of: number | Uint8Array, text: () => string): void {
    this.#setting.world.trace.add(this.name, of, text);
  }

  #complain(text: string): void {
    this.complaints.push(`${this.name} ${text}`);
    this.#trace(1, () => `COMPLAINT: ${text}`);
  }

  // --- connection ------------------------------------------------------------------------------

  #connect(): void {
    if (this.#ending) return;
    const { network, host, port } = this.#setting;
    const attempt: Attempt = {
      cancelled: false,
      onConnected: (endpoint) => this.#onConnected(endpoint),
      onFailed: () => this.#again(),
    };
    network.connect(this.loop, host, port, attempt);
  }

  #again(): void {
    this.#setting.world.after(AGAIN_MICROS, () => this.loop.io(() => this.#connect()));
  }

  #onConnected(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
    endpoint.owner = this;
    this.#replies = new ReplyStream();
    this.#suspect = false;
    this.#harmed = false;
    this.#trace(3, () => 'connects');
    endpoint.startReading();
    const { password } = this.#setting;
    if (password !== null) this.#ask('auth', 'channel', [], ['AUTH', password]);
    if (this.#plan.resp === 3) this.#ask('hello', 'channel', [], ['HELLO', '3']);
    for (const kind of KINDS) {
      const names = [...this.#wanted[kind]];
      if (names.length > 0) this.#subscribe(kind, names);
    }
    this.#goOn();
  }

  #lose(): void {
    this.#endpoint = null;
    this.#asked = [];
    this.#book.forget(this.#setting.world.micros, this.#harmed);
    this.#waits = false;
    this.#again();
  }

  #ask(
    what: Question['what'],
    kind: ChannelKind,
    names: readonly string[],
    words: readonly string[],
  ): void {
    const sentAt = this.#setting.world.micros;
    if (what === 'subscribe' || what === 'unsubscribe') this.#book.asks(what, kind, names, sentAt);
    this.#asked.push({ what, kind, names, sentAt, taken: 0, frames: 1 });
    const bytes = encode(words);
    this.#trace(bytes, () => `asks ${words.join(' ')}`);
    this.#endpoint?.write(bytes, () => {});
  }

  #subscribe(kind: ChannelKind, names: readonly string[]): void {
    for (const name of names) this.#wanted[kind].add(name);
    this.#ask('subscribe', kind, names, [`${LETTERS[kind]}SUBSCRIBE`, ...names]);
  }

  // --- the plan --------------------------------------------------------------------------------

  #goOn(): void {
    while (this.#endpoint !== null && !this.#waits && this.#next < this.#plan.actions.length) {
      if (!this.#act(this.#endpoint, this.#plan.actions[this.#next++])) return;
    }
  }

  /** @returns whether the next action follows at once */
  #act(endpoint: Endpoint, action: ListenerAction): boolean {
    const { world, disturbances } = this.#setting;
    switch (action.do) {
      case 'subscribe':
        this.#subscribe(
          action.kind,
          action.names.map((number) => topicName(action.kind, number)),
        );
        return true;
      case 'unsubscribe': {
        const names = action.names.map((number) => topicName(action.kind, number));
        for (const name of names) this.#wanted[action.kind].delete(name);
        if (names.length === 0) this.#wanted[action.kind].clear();
        const words = [`${LETTERS[action.kind]}UNSUBSCRIBE`, ...names];
        this.#ask('unsubscribe', action.kind, names, words);
        return true;
      }
      case 'ping':
        this.#ask('ping', 'channel', [], ['PING']);
        return true;
      case 'wait':
        this.#waits = this.#asked.length > 0;
        return true;
      case 'leave':
        this.#trace(6, () => 'resets its connection');
        endpoint.abort();
        this.#lose();
        return false;
      case 'sleep':
        world.after(action.ms * 1000, () => {
          this.loop.io(() => {
            if (this.#endpoint === endpoint) this.#goOn();
          });
        });
        return false;
      case 'deaf':
        this.#trace(5, () => `does not read for ${action.ms} ms`);
        this.#suspect = true;
        this.#deafUntil = world.micros + action.ms * 1000;
        endpoint.stopReading();
        disturbances.begin('');
        world.after(action.ms * 1000, () => {
          disturbances.end('');
          this.loop.io(() => endpoint.startReading());
        });
        return true;
    }
  }

  // --- what it hears ---------------------------------------------------------------------------

  onData(bytes: Uint8Array): void {
    this.#replies.add(bytes);
    try {
      // What stands behind a refusal is of a connection that it has given up.
      while (this.#endpoint !== null) {
        const reply = this.#replies.next();
        if (reply === null) break;
        this.#take(reply);
      }
    } catch (error) {
      this.#complain((error as Error).message);
      this.#endpoint?.abort();
      this.#lose();
      return;
    }
    if (this.#asked.length > 0 || !this.#waits) return;
    this.#waits = false;
    this.#goOn();
  }

  #take(reply: Reply): void {
    const words = wordsOf(reply, this.#plan.resp);
    if (words !== null && /^[ps]?message$/.test(words[0])) this.#hear(words, reply);
    else this.#answer(words, reply);
  }

  #hear(words: readonly string[], reply: Reply): void {
    this.heard++;
    this.#trace(12, () => `hears ${words.join(' ').slice(0, 60)}`);
    const complaint = this.#book.hear(words, reply, this.#setting.mayMiss());
    if (complaint !== null) this.#complain(complaint);
  }

  #answer(words: readonly string[] | null, reply: Reply): void {
    const [asked] = this.#asked;
    if (asked === undefined) {
      this.#complain(`is told what it has not asked for: ${JSON.stringify(reply)}`);
      return;
    }
    if (reply.kind === 'error') {
      this.#asked.shift();
      this.#trace(10, () => `gets -${reply.text} to ${asked.what}`);
      if (this.#mayFailWith(reply.text, asked.sentAt)) this.#giveUp(asked);
      else this.#complain(`is answered ${reply.text} to ${asked.what} ${asked.names.join(' ')}`);
      return;
    }
    this.#checkTime(asked);
    const isRight = this.#book.isAnswer(asked, words, reply, this.#setting.world.micros);
    if (!isRight) {
      const text = JSON.stringify(words ?? reply);
      this.#complain(`is answered ${text} to ${asked.what} ${asked.names.join(' ')}`);
    }
    if (asked.taken >= asked.frames || !isRight) this.#asked.shift();
  }

  #mayFailWith(text: string, sentAt: number): boolean {
    return this.#setting.mayFail(sentAt, null, text) && (isFailure(text) || text === UNCONFIRMED);
  }

  /** As libraries do: what is refused is asked for again, on another connection. */
  #giveUp({ what }: Question): void {
    if (what !== 'subscribe') return;
    this.#endpoint?.close();
    this.#lose();
  }

  #checkTime({ sentAt, what }: Question): void {
    const { world, healedAt } = this.#setting;
    const since = Math.max(sentAt, healedAt(), this.#deafUntil);
    const waited = world.micros - since;
    if (waited > ANSWERED_MICROS) this.#complain(`waited ${waited / 1000} ms for ${what}`);
  }

  onEnd(): void {
    this.#endpoint?.close();
    this.#onLost('its connection is closed');
  }

  onError(code: string): void {
    this.#endpoint?.close();
    this.#onLost(`its connection fails: ${code}`);
  }

  #onLost(what: string): void {
    this.#trace(11, () => what);
    const from = this.#asked[0]?.sentAt ?? this.#setting.world.micros;
    const channels = [...this.#wanted.shard, ...this.#book.namesOf('shard')];
    const hasMoved = this.#setting.slotsMove(channels, from);
    const isExplained = this.#suspect || hasMoved || this.#setting.mayFail(from, null, null);
    if (!isExplained) this.#complain(`${what}, for no reason`);
    this.#lose();
  }

  // --- the end ---------------------------------------------------------------------------------

  /** All that was published before `until` must be heard, on all that it wants to hear. */
  check(until: number): void {
    for (const kind of KINDS) {
      for (const name of this.#wanted[kind]) {
        const heard = this.#book.find(kind, name);
        if (heard === null) {
          this.#complain(`has not subscribed to ${kind} ${name} (again)`);
          continue;
        }
        const missing = this.#setting.mayMiss() ? null : heard.missing(until);
        if (missing !== null) this.#complain(`never hears message ${missing} (${kind} ${name})`);
      }
    }
  }

  /** It hears nothing more. */
  leave(): void {
    this.#ending = true;
    this.#book.forget(this.#setting.world.micros, this.#harmed);
    this.#endpoint?.close();
    this.#endpoint = null;
  }
}
