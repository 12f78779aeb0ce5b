import { LIMIT_KEY_BYTES } from '../../protocol/frame-table.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../protocol/redis/table/commands.ts';
import { keyWords } from '../../protocol/redis/table/key-words.ts';
import type { Pool } from '../pool/pool.ts';
import type { SpecialRequest } from '../routing/request.ts';
import { Words } from './words.ts';

/** No key says where a request belongs. */
export const NO_KEY = -1;

/** Where a request belongs, all keys of which must live on one server. */
export interface CommonPlace {
  /** Index of the server, or NO_SERVER; NO_KEY when it has no key. */
  readonly server: number;
  /** Of the keys of a Redis Cluster; -1 elsewhere. */
  readonly slot: number;
  /** What to answer when there is no such server, or when none may have the request; else null. */
  readonly error: Buffer | null;
  /** The first key, latin1. */
  readonly key: string;
  /**
   * The value of an option BLOCK, latin1; null when it has none. With an error as well: it may
   * wait at several servers.
   */
  readonly block: string | null;
}

function nowhere(error: Buffer | null): CommonPlace {
  return { server: NO_KEY, slot: -1, error, key: '', block: null };
}

/** @returns where the request belongs by its keys */
export function commonPlace(request: SpecialRequest, spec: CommandSpec): CommonPlace {
  const { pool } = request.client;
  const words = Words.of(request);
  if (!words.complete) return nowhere(replies.TOO_MANY_ARGUMENTS);
  const { keys, refusal, block: at } = keyWords(spec, words.count, (index) => words.text(index));
  if (keys.length === 0) return nowhere(refusal);
  if (keys.some((key) => words.length(key) > LIMIT_KEY_BYTES)) return nowhere(replies.KEY_TOO_LONG);
  const server = words.serverOf(keys[0]);
  const key = words.text(keys[0]);
  const block = at === 0 ? null : words.text(at);
  if (pool.slots !== null) {
    const slot = words.slotOf(keys[0]);
    if (keys.every((each) => words.slotOf(each) === slot)) {
      return { server, slot, error: null, key, block };
    }
    return nowhere(refusal ?? replies.CROSS_SLOT);
  }
  if (pool.config.distribution === 'random') return { server, slot: -1, error: null, key, block };
  const stranger = keys.find((each) => words.serverOf(each) !== server);
  if (stranger === undefined) return { server, slot: -1, error: null, key, block };
  if (refusal !== null) return nowhere(refusal);
  return { ...nowhere(spread(pool, words, keys[0], stranger)), block };
}

/**
 * The server that has all keys of a request; the placeholder's when it has none.
 * @returns an error when there is no such server, or when none may have the request
 */
export function commonServer(request: SpecialRequest, spec: CommandSpec): number | Buffer {
  const { server, error, block } = commonPlace(request, spec);
  if (error !== null) return error;
  if (block !== null) return replies.blockingForm(spec.name);
  return server === NO_KEY ? request.client.pool.placeholderServer() : server;
}

function spread({ config, servers }: Pool, words: Words, a: number, b: number): Buffer {
  const [one, other] = [a, b].map((key): replies.PlacedKey => {
    return [words.text(key), servers[words.serverOf(key)].name];
  });
  return replies.crossServer(one, other, config.hashTag !== null);
}
