import { LIMIT_KEY_BYTES } from '../../protocol/frame-table.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../protocol/redis/table/commands.ts';
import { keyWords } from '../../protocol/redis/table/key-words.ts';
import type { Pool } from '../pool/pool.ts';
import type { SpecialRequest } from '../routing/request.ts';
import { Words } from './words.ts';

/**
 * The server that has all keys of a request; the placeholder's when it has none.
 * @returns an error when there is no such server, or when none may have the request
 */
export function commonServer(request: SpecialRequest, spec: CommandSpec): number | Buffer {
  const { pool } = request.client;
  const words = Words.of(request);
  if (!words.complete) return replies.TOO_MANY_ARGUMENTS;
  const { keys, refusal } = keyWords(spec, words.count, (index) => words.text(index));
  if (keys.length === 0) return refusal ?? pool.placeholderServer();
  if (keys.some((key) => words.length(key) > LIMIT_KEY_BYTES)) return replies.KEY_TOO_LONG;
  const server = words.serverOf(keys[0]);
  if (pool.config.distribution === 'random') return server;
  const stranger = keys.find((key) => words.serverOf(key) !== server);
  if (stranger === undefined) return server;
  return refusal ?? spread(pool, words, keys[0], stranger);
}

function spread({ config, servers }: Pool, words: Words, a: number, b: number): Buffer {
  const [one, other] = [a, b].map((key): replies.PlacedKey => {
    return [words.text(key), servers[words.serverOf(key)].name];
  });
  return replies.crossServer(one, other, config.hashTag !== null);
}
