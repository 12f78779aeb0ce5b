import { SENTINEL_NAME_BYTES, SENTINEL_NAMES } from '../../../limits.ts';
import { encodeText } from '../../../protocol/redis/replies/encode.ts';
import { matchesGlob } from '../../../protocol/redis/replies/glob.ts';
import type { DoorMove } from '../../pool/failover/doors.ts';
import type { Pool } from '../../pool/pool.ts';
import { AskedNames } from './asked-names.ts';
import type { Hub } from './hub/hub.ts';
import { hubsOf } from './hub/hubs.ts';
import { CHANNEL } from './hub/kinds.ts';

const SWITCHED = '+switch-master';
const asked: WeakMap<object, AskedNames> = new WeakMap();
const BLANK = /\s/;

/** A client has asked for its master by this name, latin1. @param host where it comes from */
export function noteMasterName(pool: object, name: string, host: string): void {
  if (name.length > SENTINEL_NAME_BYTES || BLANK.test(name)) return;
  const names = asked.get(pool) ?? new AskedNames();
  asked.set(pool, names);
  names.note(name, host);
}

/** Names that a client may have for the master: the usual one, that of the pool, its servers'. */
export function masterNames({ config }: Pick<Pool, 'config'>): string[] {
  const { name, sentinelPrefix, servers } = config;
  const own = servers.map(({ ringName }) => sentinelPrefix + ringName);
  return [...new Set(['mymaster', name, ...own])];
}

/** Clients of a proxy find another in its place: they are told as sentinels tell it. */
export function tellOfMoves(pool: Pool, moves: readonly DoorMove[]): void {
  if (!pool.config.sentinelView || moves.length === 0) return;
  const own = masterNames(pool).slice(0, SENTINEL_NAMES);
  const names = new Set([...own, ...(asked.get(pool)?.all ?? [])]);
  const texts = moves.flatMap(({ from, to }) => {
    const places = `${from.host} ${from.port} ${to.host} ${to.port}`;
    return [...names].map((name) => `${name} ${places}`);
  });
  tellInTurn(pool, texts.values());
}

/** One after the other, as if somebody published them: all else comes in between. */
function tellInTurn(pool: Pool, texts: Iterator<string>): void {
  const { value: text, done } = texts.next();
  if (done === true) return;
  for (const hub of hubsOf(pool)) publish(hub, SWITCHED, text);
  setImmediate(tellInTurn, pool, texts);
}

/** Clients hear something of ringway's own as if somebody had published it. */
function publish({ topics }: Hub, channel: string, text: string): void {
  const direct = topics.find(CHANNEL, channel);
  const told = direct === undefined ? [] : [{ topic: direct, words: ['message', channel, text] }];
  const name = Buffer.from(channel, 'latin1');
  for (const topic of topics.patterns.values()) {
    if (!matchesGlob(topic.name, name, false)) continue;
    told.push({ topic, words: ['pmessage', topic.text, channel, text] });
  }
  for (const { topic, words } of told) {
    const frame = encodeText(...words);
    for (const listener of [...topic.listeners]) {
      try {
        listener.take(frame, 0, frame.length);
      } catch (error) {
        listener.onException(error);
      }
    }
  }
}
