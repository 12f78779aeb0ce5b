import { type Command, type Context, keyOf, type Session } from './command.ts';
import { bulk, failure, integer, nothing, push } from './resp.ts';

// SUBSCRIBE and its kin, PUBLISH and SPUBLISH, as Redis 7.0 has them.

export type ChannelKind = 'channel' | 'pattern' | 'shard';

const KINDS: readonly ChannelKind[] = ['channel', 'pattern', 'shard'];
const LETTER: Readonly<Record<ChannelKind, string>> = { channel: '', pattern: 'p', shard: 's' };

/** What one client hears, by kind: names in the order in which they were subscribed to. */
export type Heard = Readonly<Record<ChannelKind, Set<string>>>;

export function nothingHeard(): Heard {
  return { channel: new Set(), pattern: new Set(), shard: new Set() };
}

/** Who hears what on one server. */
export class Channels {
  /** Told of what clients of this server publish: others may have to hear it, too. */
  onPublish: (kind: 'channel' | 'shard', name: string, message: Buffer) => void = () => {};
  readonly #hearers: Readonly<Record<ChannelKind, Map<string, Set<Session>>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };

  /** Names that anybody hears. */
  get size(): number {
    return KINDS.reduce((sum, kind) => sum + this.#hearers[kind].size, 0);
  }

  /** Each topic, and who hears it. */
  *all(): Iterable<readonly [kind: ChannelKind, name: string, session: Session]> {
    for (const kind of KINDS) {
      for (const [name, hearers] of this.#hearers[kind]) {
        for (const session of hearers) yield [kind, name, session];
      }
    }
  }

  add(kind: ChannelKind, name: string, session: Session): void {
    session.heard[kind].add(name);
    const hearers = this.#hearers[kind].get(name) ?? new Set();
    this.#hearers[kind].set(name, hearers.add(session));
  }

  remove(kind: ChannelKind, name: string, session: Session): void {
    session.heard[kind].delete(name);
    const hearers = this.#hearers[kind].get(name);
    if (hearers?.delete(session) && hearers.size === 0) this.#hearers[kind].delete(name);
  }

  /** The client is gone, or forgets what it has asked for. */
  forget(session: Session): void {
    for (const kind of KINDS) {
      for (const name of [...session.heard[kind]]) this.remove(kind, name, session);
    }
  }

  /** Shard channels whose slot goes elsewhere: who heard them is told. */
  dropShards(isGone: (name: string) => boolean): void {
    for (const [name, hearers] of [...this.#hearers.shard]) {
      if (!isGone(name)) continue;
      for (const session of [...hearers]) {
        this.remove('shard', name, session);
        const count = integer(countOf(session, 'shard'));
        session.push(push(session.resp, [bulk('sunsubscribe'), bulk(name), count]));
      }
    }
  }

  /** @returns how many hear it */
  publish(kind: 'channel' | 'shard', name: string, message: Buffer): number {
    let count = 0;
    for (const session of this.#hearers[kind].get(name) ?? []) {
      const words = [bulk(`${LETTER[kind]}message`), bulk(name), bulk(message)];
      session.push(push(session.resp, words));
      count++;
    }
    if (kind === 'shard') return count;
    for (const [pattern, hearers] of this.#hearers.pattern) {
      if (!isMet(pattern, name)) continue;
      for (const session of hearers) {
        const words = [bulk('pmessage'), bulk(pattern), bulk(name), bulk(message)];
        session.push(push(session.resp, words));
        count++;
      }
    }
    return count;
  }
}

/** Patterns of the model have stars only. */
export function isMet(pattern: string, name: string): boolean {
  const [first, ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === name;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  const last = rest.pop() as string;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - at >= last.length && name.endsWith(last);
}

function countOf({ heard }: Session, kind: ChannelKind): number {
  return kind === 'shard' ? heard.shard.size : heard.channel.size + heard.pattern.size;
}

/** Whether it may do little else. */
export function isSubscriber({ resp, heard }: Session): boolean {
  return resp < 3 && KINDS.some((kind) => heard[kind].size > 0);
}

const WHILE_SUBSCRIBED = /^([PS]?(UN)?SUBSCRIBE|PING|QUIT|RESET)$/;

/** Why a subscriber of RESP2 is refused a command; null when it is not. */
export function subscriberRefusal(
  session: Session,
  name: string,
  words: readonly Buffer[],
): Buffer | null {
  if (!isSubscriber(session) || WHILE_SUBSCRIBED.test(name)) return null;
  const full = name === 'SCRIPT' ? `${name}|${keyOf(words[1])}` : name;
  return failure(
    `ERR Can't execute '${full.toLowerCase()}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / ` +
      'QUIT / RESET are allowed in this context',
  );
}

function subscribe(kind: ChannelKind): Command {
  return [
    -2,
    ({ channels, session }, words) => {
      const acknowledged = words.slice(1).map((word) => {
        channels.add(kind, keyOf(word), session);
        const count = integer(countOf(session, kind));
        return push(session.resp, [bulk(`${LETTER[kind]}subscribe`), bulk(word), count]);
      });
      return Buffer.concat(acknowledged);
    },
  ];
}

function unsubscribe(kind: ChannelKind): Command {
  return [
    -1,
    ({ channels, session }, words) => {
      const told = bulk(`${LETTER[kind]}unsubscribe`);
      const names = words.length > 1 ? words.slice(1).map(keyOf) : [...session.heard[kind]];
      const acknowledged = names.map((name) => {
        channels.remove(kind, name, session);
        const count = integer(countOf(session, kind));
        return push(session.resp, [told, bulk(name), count]);
      });
      if (names.length > 0) return Buffer.concat(acknowledged);
      const count = integer(countOf(session, kind));
      return push(session.resp, [told, nothing(session.resp), count]);
    },
  ];
}

function publish(kind: 'channel' | 'shard'): Command {
  return [
    3,
    (context: Context, words) => {
      const name = keyOf(words[1]);
      const count = context.channels.publish(kind, name, words[2]);
      context.channels.onPublish(kind, name, words[2]);
      return integer(count);
    },
  ];
}

export const PUBSUB_COMMANDS: Readonly<Record<string, Command>> = {
  SUBSCRIBE: subscribe('channel'),
  PSUBSCRIBE: subscribe('pattern'),
  SSUBSCRIBE: subscribe('shard'),
  UNSUBSCRIBE: unsubscribe('channel'),
  PUNSUBSCRIBE: unsubscribe('pattern'),
  SUNSUBSCRIBE: unsubscribe('shard'),
  PUBLISH: publish('channel'),
  SPUBLISH: publish('shard'),
};
