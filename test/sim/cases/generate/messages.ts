import { Random } from '../../../fuzz/random.ts';
import { seedOf } from '../../world/world.ts';
import type {
  Action,
  Case,
  ChannelKind,
  ClientPlan,
  ListenerAction,
  ListenerPlan,
  Op,
  PoolKeys,
} from '../case.ts';

// Clients that publish, subscribe and call scripts, beside those that a case has anyway.

/** One seed in so many has them. */
const WITH_MESSAGES = 5;
const REST = 2;
/** Their writes have numbers that no others have. */
const FIRST_ID = 1_000_000;
const SIZES = [0, 20, 60, 200, 1_500];
const CHANNELS = 3;
const KINDS: readonly ChannelKind[] = ['channel', 'channel', 'pattern', 'shard'];

class Messages {
  readonly #random: Random;
  readonly #spanMs: number;
  readonly #proxies: number;
  #id = FIRST_ID;

  constructor(random: Random, spanMs: number, proxies: number) {
    this.#random = random;
    this.#spanMs = spanMs;
    this.#proxies = proxies;
  }

  #publication(): Op {
    const random = this.#random;
    const channel = random.below(CHANNELS);
    if (random.once(8)) return { op: 'count', kind: random.pick(KINDS), channel };
    const size = random.pick(SIZES);
    return { op: 'publish', channel, id: ++this.#id, size, isShard: random.once(4) };
  }

  #scripted(): Op {
    const random = this.#random;
    const by = random.pick(['text', 'digest', 'digest'] as const);
    if (random.once(5)) return { op: 'load', script: random.pick(['bump', 'put'] as const) };
    const key = random.below(3);
    if (random.once(2)) return { op: 'bump', key, by };
    return { op: 'put', key, id: ++this.#id, size: random.pick(SIZES), by };
  }

  /** Says something all the time: of whatever breaks off some is missing. */
  talker(): ClientPlan {
    const random = this.#random;
    const count = 60 + random.below(120);
    const pauseMs = Math.ceil(this.#spanMs / count);
    const actions = Array.from({ length: count }, (): Action[] => [
      { do: 'send', ops: [this.#publication()], pieces: 1 },
      { do: 'sleep', ms: 1 + random.below(2 * pauseMs) },
    ]).flat();
    return { proxy: random.below(this.#proxies), startMs: random.below(100), actions };
  }

  client(what: 'publishes' | 'scripts'): ClientPlan {
    const random = this.#random;
    const actions: Action[] = [];
    const count = 6 + random.below(20);
    const depth = random.pick([1, 3, 12]);
    for (let i = 0; i < count; i++) {
      const ops = Array.from({ length: 1 + random.below(depth) }, () => {
        return what === 'scripts' ? this.#scripted() : this.#publication();
      });
      actions.push({ do: 'send', ops, pieces: random.once(6) ? 3 : 1 });
      if (random.once(2)) actions.push({ do: 'wait' });
      const pauseMs = 1 + random.below(Math.ceil((2 * this.#spanMs) / count));
      if (random.once(2)) actions.push({ do: 'sleep', ms: pauseMs });
    }
    return { proxy: random.below(this.#proxies), startMs: random.below(100), actions };
  }

  listener(): ListenerPlan {
    const random = this.#random;
    const actions: ListenerAction[] = [];
    const count = 2 + random.below(8);
    for (let i = 0; i < count; i++) {
      actions.push(this.#subscription());
      if (random.once(3)) actions.push({ do: 'wait' });
      if (random.once(4)) actions.push({ do: 'ping' });
      const ms = 1 + random.below(Math.ceil((2 * this.#spanMs) / count));
      if (random.once(2)) actions.push({ do: 'sleep', ms });
      if (random.once(12)) actions.push({ do: 'deaf', ms: random.pick([5, 100, 1_500]) });
      if (random.once(12)) actions.push({ do: 'leave' });
    }
    const resp = random.pick([2, 3] as const);
    return { proxy: random.below(this.#proxies), startMs: random.below(100), resp, actions };
  }

  #subscription(): ListenerAction {
    const random = this.#random;
    const kind = random.pick(KINDS);
    const verb = random.once(4) ? 'unsubscribe' : 'subscribe';
    const first = random.below(CHANNELS);
    if (verb === 'unsubscribe' && random.once(3)) return { do: verb, kind, names: [] };
    const names = random.once(3) ? [first, (first + 1) % CHANNELS] : [first];
    return { do: verb, kind, names };
  }
}

/** @returns the case as it is, or with clients of these kinds */
export function withMessages(given: Case, spanMs: number): Case {
  if (given.seed % WITH_MESSAGES !== REST || given.memcache === true) return given;
  const random = new Random(seedOf(given.seed, 'messages'));
  const messages = new Messages(random, spanMs, given.proxies);
  const clients = [messages.client('publishes')];
  if (random.once(2)) clients.push(messages.client('publishes'));
  if (random.once(2)) clients.push(messages.client('scripts'));
  if (random.once(2)) clients.push(messages.talker());
  const count = random.pick([1, 2, 4]);
  const listeners = Array.from({ length: count }, () => messages.listener());
  const keys: Record<string, string> = {};
  if (random.once(5)) keys['pubsub_loss'] = 'resubscribe';
  if (random.once(4) && given.cluster === undefined) keys['subscribe_to'] = 'owner';
  const pools = given.pools.map((pool) => ({ ...pool, ...keys }));
  return {
    ...given,
    pools: pools as unknown as readonly [PoolKeys, PoolKeys],
    clients: [...given.clients, ...clients],
    listeners,
  };
}

/** What is published, and asked, when nothing is wrong any more. */
export function lastMessages(proxy: number): Op[] {
  const first = 2 * FIRST_ID + proxy * 100;
  const counts = KINDS.map((kind, channel): Op => ({ op: 'count', kind, channel }));
  const published = Array.from({ length: 2 * CHANNELS }, (_, i): Op => {
    const isShard = i >= CHANNELS;
    return { op: 'publish', channel: i % CHANNELS, id: first + i, size: 40, isShard };
  });
  return [...published, ...counts];
}
