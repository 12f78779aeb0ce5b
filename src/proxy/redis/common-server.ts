import { PART_TABLE_RECORDS } from '../../protocol/frame-table.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../protocol/redis/table/commands.ts';
import { keyWords } from '../../protocol/redis/table/key-words.ts';
import { type SpecialRequest, serverOf, split, text } from '../routing/request.ts';

/**
 * The server that has all keys of a request; the placeholder's when it has none.
 * @returns an error when there is no such server
 */
export function commonServer(request: SpecialRequest, spec: CommandSpec): number | Buffer {
  const { pool } = request.client;
  const count = split(request);
  if (count === PART_TABLE_RECORDS) return replies.error('too many arguments');
  const keys = keyWords(spec, count, (index) => text(request, index));
  if (keys === 'blocking') return replies.blockingForm(spec.name);
  if (keys.length === 0) return pool.placeholderServer();
  const server = serverOf(request, keys[0]);
  if (pool.config.distribution === 'random') return server;
  const stranger = keys.find((key) => serverOf(request, key) !== server);
  if (stranger === undefined) return server;
  return replies.crossServer(
    text(request, keys[0]),
    pool.servers[server].name,
    text(request, stranger),
    pool.servers[serverOf(request, stranger)].name,
  );
}
