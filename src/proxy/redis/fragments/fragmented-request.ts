import { ASSERTS, assert } from '../../../assert.ts';
import {
  FRAGMENT_BYTES,
  FRAGMENT_DEST,
  FRAGMENT_KEYS,
  FRAGMENT_LENGTH,
  FRAGMENT_SERVER,
  FRAGMENT_SERVERS,
  FRAGMENTS,
  NO_SERVER,
  PART_TABLE,
  PART_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
} from '../../../protocol/frame-table.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../../protocol/redis/table/commands.ts';
import { CLASS_MULTI } from '../../../stats/latency.ts';
import { forward } from '../../routing/forward.ts';
import { headOf, type SpecialRequest } from '../../routing/request.ts';
import { INVALID } from '../failure-reply.ts';
import { wordCount } from '../words.ts';
import { CoalescedReply, type ReadAgain, type ReplyUse } from './coalesced-reply.ts';
import { refuse, sendLongFragments, writeHead } from './long-request.ts';

const PART_WORD = PART_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const FRAGMENT_WORD = FRAGMENTS / 4;
const FRAGMENT_WORDS = FRAGMENT_BYTES / 4;
const SERVER = FRAGMENT_SERVER / 4;
const KEYS = FRAGMENT_KEYS / 4;
const LENGTH = FRAGMENT_LENGTH / 4;
const DEST = FRAGMENT_DEST / 4;
/** What Codec.fragment returns instead of a number. */
const NO_SERVER_FOR_KEY = -1;
const KEY_TOO_LONG = -2;

/**
 * Cuts MGET, MSET, DEL, UNLINK, EXISTS or TOUCH into one request per server, in server order, each
 * with its keys in request order. When one server has all keys the request goes there as it is.
 * @param readAgain how it goes on when its reply cannot be kept whole
 * @param use who takes the reply; null = the client, in a slot of its own
 * @returns false when it must wait for a server to take more
 */
export function sendFragments(
  request: SpecialRequest,
  spec: CommandSpec,
  readAgain: ReadAgain | null,
  use: ReplyUse | null = null,
): boolean {
  const { client, start } = request;
  const { pool } = client;
  const { engine } = pool;
  const slotted = pool.slots !== null;
  if (pool.servers.length === 1 && use === null && !slotted) {
    return forward(request, 0, CLASS_MULTI, readsAnywhere(request, spec));
  }
  const wordsInAll = wordCount(request);
  if (spec.step === 2 && wordsInAll % 2 === 0) {
    client.answer(replies.wrongArity(spec.name));
    return true;
  }
  const keys = (wordsInAll - 1) / spec.step;
  if (slotted && wordsInAll > PART_TABLE_RECORDS) {
    return refuse(request, replies.TOO_MANY_ARGUMENTS, use);
  }
  if (!slotted && (wordsInAll > PART_TABLE_RECORDS || pool.servers.length > FRAGMENT_SERVERS)) {
    return sendLongFragments(request, spec, keys, readAgain, use);
  }
  engine.takePartTable();
  const end = start + request.length;
  const count = engine.codec.fragment(start, end, pool.descriptor, spec.firstKey, spec.step);
  if (count === NO_SERVER_FOR_KEY && slotted && use === null) return forward(request, NO_SERVER);
  if (count <= 0) return refuse(request, refusal(count), use);
  if (count > 1 || use !== null) return sendCut(request, spec, keys, count, readAgain, use);
  const server = engine.words[FRAGMENT_WORD + SERVER];
  return forward(request, server, CLASS_MULTI, readsAnywhere(request, spec));
}

/** Sends the fragments that the codec has just found. @returns as sendFragments() */
function sendCut(
  request: SpecialRequest,
  spec: CommandSpec,
  keys: number,
  count: number,
  readAgain: ReadAgain | null,
  use: ReplyUse | null,
): boolean {
  const { client, start, length, intent } = request;
  const { router, pool } = client;
  const { engine } = pool;
  const turn = engine.partTableUse;
  const reads = readsAnywhere(request, spec);
  try {
    nameServers(request, count);
    if (!router.chooseParts(client, count, intent, reads)) return false;
    const reply = CoalescedReply.of(request, spec, keys, count, null, readAgain, use);
    reserve(request, count);
    if (ASSERTS) assert(engine.partTableUse === turn, 'the fragments are still there');
    engine.codec.copyFragments(start, start + length, spec.step, count);
    for (let i = 0; i < count; i++) send(request, spec, reply, i);
    return true;
  } finally {
    for (let i = 0; i < count; i++) {
      router.partServers[i] = null;
      router.partConnections[i] = null;
    }
  }
}

/** Whether replicas may answer it: TOUCH is meant for the server that evicts. */
function readsAnywhere({ client }: SpecialRequest, { name, access }: CommandSpec): boolean {
  return access === 'r' && name !== 'TOUCH' && client.usual;
}

/** What is answered when there are no fragments; null = a key has no server. */
function refusal(result: number): Buffer | null {
  if (result === NO_SERVER_FOR_KEY) return null;
  return result === KEY_TOO_LONG ? replies.KEY_TOO_LONG : INVALID;
}

function nameServers(request: SpecialRequest, count: number): void {
  const { router, pool } = request.client;
  const { engine, servers } = pool;
  for (let i = 0, at = FRAGMENT_WORD; i < count; i++, at += FRAGMENT_WORDS) {
    router.partServers[i] = servers[engine.words[at + SERVER]];
    router.partConnections[i] = null;
  }
}

/** Takes room for each fragment. A server that is left alone gets nothing. */
function reserve(request: SpecialRequest, count: number): void {
  const { router, pool } = request.client;
  const { words } = pool.engine;
  for (let i = 0, at = FRAGMENT_WORD; i < count; i++, at += FRAGMENT_WORDS) {
    words[at + DEST] = router.partConnections[i]?.out.reserve(words[at + LENGTH]) ?? 0;
  }
}

/** Fragment `index` is on its way, or fails. */
function send(
  request: SpecialRequest,
  spec: CommandSpec,
  reply: CoalescedReply,
  index: number,
): void {
  const { pool, router } = request.client;
  const connection = router.partConnections[index];
  const { engine } = pool;
  const at = FRAGMENT_WORD + index * FRAGMENT_WORDS;
  const length = engine.words[at + LENGTH];
  const behind = engine.words[at + DEST];
  const part = reply.part(index, engine.words[at + KEYS]);
  if (connection === null) {
    part.onFailure(pool.protocol.failure(router.reasons[index]));
  } else if (behind !== 0) {
    connection.sentFor(part, length, headOf(request));
  } else {
    const heap = onHeap(request, spec, index);
    connection.out.append(heap);
    connection.sentFor(part, length, headOf(request));
  }
}

/** A fragment for which the arena has no room. */
function onHeap(request: SpecialRequest, spec: CommandSpec, index: number): Buffer {
  const { words, memory } = request.client.pool.engine;
  const fragment = FRAGMENT_WORD + index * FRAGMENT_WORDS;
  const into = Buffer.allocUnsafeSlow(words[fragment + LENGTH]);
  let at = writeHead(into, 0, spec, words[fragment + KEYS] * spec.step + 1);
  const last = PART_WORD + (wordCount(request) - 1) * RECORD_WORDS;
  for (let record = PART_WORD; record < last; record += RECORD_WORDS) {
    if (words[record + RECORD_SERVER] !== index) continue;
    const start = words[record + RECORD_START];
    at += memory.copy(into, at, start, start + words[record + RECORD_LENGTH]);
  }
  if (ASSERTS) assert(at === into.length, 'a fragment fills what was reserved for it');
  return into;
}
