import { LIMIT_KEY_BYTES } from '../../protocol/frame-table.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../protocol/redis/table/commands.ts';
import { keyWords } from '../../protocol/redis/table/key-words.ts';
import {
  type SpecialRequest,
  serverOf,
  split,
  TOO_MANY_WORDS,
  text,
  wordLength,
} from '../routing/request.ts';

/**
 * The server that has all keys of a request; the placeholder's when it has none.
 * @returns an error when there is no such server, or when none may have the request
 */
export function commonServer(request: SpecialRequest, spec: CommandSpec): number | Buffer {
  const { pool } = request.client;
  const count = split(request);
  if (count === TOO_MANY_WORDS) return replies.TOO_MANY_ARGUMENTS;
  const { keys, refusal } = keyWords(spec, count, (index) => text(request, index));
  if (keys.length === 0) return refusal ?? pool.placeholderServer();
  if (keys.some((key) => wordLength(request, key) > LIMIT_KEY_BYTES)) return replies.KEY_TOO_LONG;
  const server = serverOf(request, keys[0]);
  if (pool.config.distribution === 'random') return server;
  const stranger = keys.find((key) => serverOf(request, key) !== server);
  if (stranger === undefined) return server;
  return refusal ?? spread(request, keys[0], stranger);
}

function spread(request: SpecialRequest, a: number, b: number): Buffer {
  const { config, servers } = request.client.pool;
  const [one, other] = [a, b].map((key): replies.PlacedKey => {
    return [text(request, key), servers[serverOf(request, key)].name];
  });
  return replies.crossServer(one, other, config.hashTag !== null);
}
