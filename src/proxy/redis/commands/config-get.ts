import { CONFIG_GET_BYTES } from '../../../limits.ts';
import { encodeText, mapReply } from '../../../protocol/redis/replies/encode.ts';
import { matchesGlob } from '../../../protocol/redis/replies/glob.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { laneOf } from '../../pool/lanes.ts';
import { forwardBytes } from '../../routing/forward.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import type { Words } from '../words.ts';

/** What clients, benchmarks and frameworks look at. Everything else is the servers' business. */
const SHOWN: readonly string[] = [
  'appendonly',
  'databases',
  'maxmemory',
  'maxmemory-policy',
  'notify-keyspace-events',
  'proto-max-bulk-len',
  'replica-read-only',
  'save',
  'slave-read-only',
  'timeout',
];

/** A word without `*`, `?` and `[` is a name, in whatever case, and no pattern. */
function isMeant(name: string, word: Buffer): boolean {
  const text = word.toString('latin1');
  if (!/[*?[]/.test(text)) return text.toLowerCase() === name;
  return matchesGlob(word, Buffer.from(name), true);
}

/** CONFIG GET: of the parameters shown, those asked for, as one server has them. */
export function configGet(request: SpecialRequest, words: Words): boolean {
  const { client } = request;
  if (request.length > CONFIG_GET_BYTES) return answer(client, replies.PATTERNS_TOO_LONG);
  const patterns = words.copies(2);
  const names = SHOWN.filter((name) => patterns.some((pattern) => isMeant(name, pattern)));
  if (names.length === 0) return answer(client, mapReply([], laneOf(client).resp));
  const question = encodeText('CONFIG', 'GET', ...names);
  return forwardBytes(request, client.pool.placeholderServer(), question);
}
