import { ASSERTS, assert } from '../../../assert.ts';
import {
  FLAG_KEY_TOO_LONG,
  NO_SERVER,
  PART_TABLE,
  PART_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_COUNT,
  RECORD_DEST,
  RECORD_INFO,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
} from '../../../protocol/frame-table.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../../protocol/redis/table/commands.ts';
import { CLASS_MULTI } from '../../../stats/latency.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import { digitsOf, writeBytes, writeDecimal } from '../../engine/short-text.ts';
import { forward } from '../../routing/forward.ts';
import { headOf, type SpecialRequest } from '../../routing/request.ts';
import { INVALID } from '../failure-reply.ts';
import { CoalescedReply, type ReadAgain, type ReplyUse } from './coalesced-reply.ts';

const PART_WORD = PART_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const STAR = 0x2a;
const CR = 0x0d;
const LF = 0x0a;

/** What one server gets of a request with several keys. */
interface Fragment {
  readonly server: number;
  keys: number;
  bytes: number;
  /** Where it begins, and its next word goes: arena addresses, or offsets into `heap`. */
  start: number;
  cursor: number;
  heap: Buffer | null;
}

/**
 * sendFragments() for a request that the codec does not cut at once: its words do not fit one
 * table, or its pool has very many servers.
 */
export function sendLongFragments(
  request: SpecialRequest,
  spec: CommandSpec,
  keys: number,
  readAgain: ReadAgain | null,
  use: ReplyUse | null,
): boolean {
  const { client } = request;
  const { pool } = client;
  const order: number[] = new Array(keys);
  const fragments = measure(request, spec, order);
  if (fragments === null || Buffer.isBuffer(fragments)) return refuse(request, fragments, use);
  if (fragments.length === 1 && use === null)
    return forward(request, fragments[0].server, CLASS_MULTI);
  const servers = fragments.map(({ server }) => pool.servers[server]);
  const connections = client.router.chooseAll(client, servers, client.lane, request.intent);
  if (connections === null) return false;
  const { length } = fragments;
  const reply = CoalescedReply.of(request, spec, keys, length, order, readAgain, use);
  reserve(fragments, connections, spec, request);
  copyWords(request, spec, fragments, order);
  for (let i = 0; i < fragments.length; i++) {
    const fragment = fragments[i];
    const connection = connections[i];
    const part = reply.part(i, fragment.keys);
    if (connection === null) {
      part.onFailure(pool.protocol.failure(client.router.reasons[i]));
      continue;
    }
    if (fragment.heap !== null) connection.out.append(fragment.heap);
    connection.sentFor(part, fragment.bytes, headOf(request));
  }
  return true;
}

/** Answers a request that goes nowhere. @param reply null = a key has no server */
export function refuse(
  request: SpecialRequest,
  reply: Buffer | null,
  use: ReplyUse | null,
): boolean {
  const { client } = request;
  if (use !== null) {
    use.onRefused(reply ?? client.pool.protocol.failure(client.pool.nowhere));
    return true;
  }
  if (reply === null) return client.failForward(client.pool.nowhere);
  client.answer(reply);
  return true;
}

/** Splits the words from `from` on into PART_TABLE, keys routed. */
function splitFrom(request: SpecialRequest, spec: CommandSpec, from: number): number {
  const { pool } = request.client;
  pool.engine.takePartTable();
  return pool.engine.codec.splitRequest(
    request.start,
    request.start + request.length,
    PART_TABLE,
    PART_TABLE_RECORDS,
    from,
    pool.descriptor,
    spec.firstKey,
    spec.step,
  );
}

/**
 * Finds each key's server. Fills `order` with the fragment of each key.
 * @returns the fragments in server order; null when a key has no server, or what is wrong
 */
function measure(
  request: SpecialRequest,
  spec: CommandSpec,
  order: number[],
): Fragment[] | Buffer | null {
  const { engine, servers } = request.client.pool;
  const { words } = engine;
  const keys: number[] = new Array(servers.length).fill(0);
  const bytes: number[] = new Array(servers.length).fill(0);
  let server = 0;
  let key = 0;
  let nextKey = spec.firstKey;
  const total = order.length * spec.step + 1;
  for (let from = 1; from < total; ) {
    const count = splitFrom(request, spec, from);
    if (count === 0) return INVALID;
    for (let i = 0, at = PART_WORD; i < count; i++, at += RECORD_WORDS) {
      if (words[at + RECORD_COUNT] === nextKey) {
        if ((words[at + RECORD_INFO] & FLAG_KEY_TOO_LONG) !== 0) {
          return replies.KEY_TOO_LONG;
        }
        server = words[at + RECORD_SERVER];
        if (server === NO_SERVER) return null;
        order[key++] = server;
        keys[server]++;
        nextKey += spec.step;
      }
      bytes[server] += words[at + RECORD_LENGTH];
    }
    from += count;
  }
  return fragmentsOf(keys, bytes, order);
}

/**
 * A fragment for each server that has keys.
 * @param order the server of each key, its fragment afterwards
 */
function fragmentsOf(
  keys: readonly number[],
  bytes: readonly number[],
  order: number[],
): Fragment[] {
  const fragments: Fragment[] = [];
  const fragmentOf: number[] = new Array(keys.length).fill(0);
  for (let i = 0; i < keys.length; i++) {
    if (keys[i] === 0) continue;
    fragmentOf[i] = fragments.length;
    fragments.push({ server: i, keys: keys[i], bytes: bytes[i], start: 0, cursor: 0, heap: null });
  }
  for (let i = 0; i < order.length; i++) order[i] = fragmentOf[order[i]];
  return fragments;
}

/**
 * Takes room for each fragment, and writes its head: lower-case command name, as twemproxy does.
 */
function reserve(
  fragments: readonly Fragment[],
  connections: readonly (BackendConnection | null)[],
  spec: CommandSpec,
  request: SpecialRequest,
): void {
  const { bytes } = request.client.pool.engine;
  const name = nameWord(spec);
  for (let i = 0; i < fragments.length; i++) {
    const fragment = fragments[i];
    const count = fragment.keys * spec.step + 1;
    fragment.bytes += name.length + digitsOf(count) + 3;
    // A server that is left alone gets nothing: its words go nowhere.
    const at = connections[i]?.out.reserve(fragment.bytes) ?? 0;
    fragment.start = at;
    if (at === 0) fragment.heap = Buffer.allocUnsafeSlow(fragment.bytes);
    fragment.cursor = writeHead(fragment.heap ?? bytes, at, spec, count);
  }
}

/** Writes "*<count>" and the name. @returns the position behind them */
export function writeHead(into: Uint8Array, at: number, spec: CommandSpec, count: number): number {
  into[at] = STAR;
  const lineEnd = writeDecimal(into, at + 1, count);
  into[lineEnd] = CR;
  into[lineEnd + 1] = LF;
  return writeBytes(into, lineEnd + 2, nameWord(spec));
}

const nameWords: Map<string, Uint8Array> = new Map();

/** The name of a command as a word of a request, made once. */
function nameWord(spec: CommandSpec): Uint8Array {
  let word = nameWords.get(spec.name);
  if (word === undefined) {
    const name = spec.name.toLowerCase();
    word = new Uint8Array(Buffer.from(`$${name.length}\r\n${name}\r\n`));
    nameWords.set(spec.name, word);
  }
  return word;
}

/**
 * Copies each key, and what belongs to it, into the fragment that measure() chose: with a random
 * distribution a second look would choose another.
 */
function copyWords(
  request: SpecialRequest,
  spec: CommandSpec,
  fragments: readonly Fragment[],
  order: readonly number[],
): void {
  const { engine } = request.client.pool;
  const { words, memory } = engine;
  let fragment = fragments[0];
  let key = 0;
  let nextKey = spec.firstKey;
  let from = 1;
  const total = order.length * spec.step;
  for (let left = total; left > 0; ) {
    // What fits the table stands there since it was measured.
    const count = total <= PART_TABLE_RECORDS ? total : splitFrom(request, spec, from);
    if (count === 0) throw new Error(`${left} words of a measured request are gone`);
    for (let i = 0, at = PART_WORD; i < count; i++, at += RECORD_WORDS) {
      if (words[at + RECORD_COUNT] === nextKey) {
        fragment = fragments[order[key++]];
        nextKey += spec.step;
      }
      const start = words[at + RECORD_START];
      const end = start + words[at + RECORD_LENGTH];
      const { heap, cursor } = fragment;
      words[at + RECORD_DEST] = heap === null ? cursor : 0;
      if (heap !== null) memory.copy(heap, cursor, start, end);
      fragment.cursor = cursor + end - start;
    }
    engine.codec.gather(PART_TABLE, count);
    from += count;
    left -= count;
  }
  if (!ASSERTS) return;
  for (const { start, bytes, cursor } of fragments) {
    assert(cursor === start + bytes, 'a fragment fills what was reserved for it');
  }
}
