import { ASSERTS, assert } from '../../assert.ts';
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
} from '../../protocol/frame-table.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../protocol/redis/table/commands.ts';
import { CLASS_MULTI } from '../../stats/latency.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { FAILURE_REFUSED, failureOf } from '../backend/failure.ts';
import { digitsOf, writeBytes, writeDecimal } from '../engine/short-text.ts';
import { forward } from '../routing/forward.ts';
import type { SpecialRequest } from '../routing/request.ts';
import { CoalescedReply } from './coalesced-reply.ts';
import { INVALID } from './failure-reply.ts';
import { wordCount } from './words.ts';

const PART_WORD = PART_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const STAR = 0x2a;
const CR = 0x0d;
const LF = 0x0a;

/** One server's share of a request with several keys. */
interface Share {
  readonly server: number;
  keys: number;
  bytes: number;
  /** Where it begins, and its next word goes: arena addresses, or offsets into `heap`. */
  start: number;
  cursor: number;
  heap: Buffer | null;
}

/**
 * Cuts MGET, MSET, DEL, UNLINK, EXISTS or TOUCH into one request per server, in server order, each
 * with its keys in request order. When one server has all keys the request goes there as it is.
 * @returns false when it must wait for a server to take more
 */
export function sendFragments(request: SpecialRequest, spec: CommandSpec): boolean {
  const { client } = request;
  const { pool } = client;
  if (pool.servers.length === 1) return forward(request, 0, CLASS_MULTI);
  const words = wordCount(request);
  if (spec.step === 2 && words % 2 === 0) {
    client.answer(replies.wrongArity(spec.name));
    return true;
  }
  const keyCount = (words - 1) / spec.step;
  const order: number[] = new Array(keyCount);
  const shares = measure(request, spec, order);
  if (shares === null) {
    client.failForward(failureOf(FAILURE_REFUSED));
    return true;
  }
  if (Buffer.isBuffer(shares)) {
    client.answer(shares);
    return true;
  }
  if (shares.length === 1) return forward(request, shares[0].server, CLASS_MULTI);
  const servers = shares.map(({ server }) => pool.servers[server]);
  const connections = client.router.chooseAll(client, servers, client.lane, request.intent);
  if (connections === null) return false;
  const reply = new CoalescedReply(client, spec.coalesce, order, shares.length);
  reserve(shares, connections, spec, request);
  copyWords(request, spec, shares, order);
  for (let i = 0; i < shares.length; i++) {
    const share = shares[i];
    const connection = connections[i];
    const part = reply.part(i, share.keys, pool.servers[share.server]);
    if (connection === null) {
      part.onFailure(pool.protocol.failure(pool.servers[share.server].lastFailure));
      continue;
    }
    if (share.heap !== null) connection.out.append(share.heap);
    const from = share.heap === null ? share.cursor - share.bytes : 0;
    const bytes = share.heap ?? pool.engine.bytes;
    connection.sentFor(part, share.bytes, { bytes, start: from, length: share.bytes });
  }
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
 * Finds each key's server. Fills `order` with the share of each key.
 * @returns the shares in server order; null when a key has no server, or what is wrong
 */
function measure(
  request: SpecialRequest,
  spec: CommandSpec,
  order: number[],
): Share[] | Buffer | null {
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
  const shares: Share[] = [];
  const shareOf: number[] = new Array(servers.length).fill(0);
  for (let i = 0; i < servers.length; i++) {
    if (keys[i] === 0) continue;
    shareOf[i] = shares.length;
    shares.push({ server: i, keys: keys[i], bytes: bytes[i], start: 0, cursor: 0, heap: null });
  }
  for (let i = 0; i < order.length; i++) order[i] = shareOf[order[i]];
  return shares;
}

/**
 * Takes room for each fragment, and writes its head: lower-case command name, as twemproxy does.
 */
function reserve(
  shares: readonly Share[],
  connections: readonly (BackendConnection | null)[],
  spec: CommandSpec,
  request: SpecialRequest,
): void {
  const { bytes } = request.client.pool.engine;
  const name = nameWord(spec);
  for (let i = 0; i < shares.length; i++) {
    const share = shares[i];
    const count = share.keys * spec.step + 1;
    share.bytes += name.length + digitsOf(count) + 3;
    // A server that is left alone gets nothing: its words go nowhere.
    const at = connections[i]?.out.reserve(share.bytes) ?? 0;
    share.start = at;
    if (at === 0) share.heap = Buffer.allocUnsafeSlow(share.bytes);
    const into = share.heap ?? bytes;
    into[at] = STAR;
    const lineEnd = writeDecimal(into, at + 1, count);
    into[lineEnd] = CR;
    into[lineEnd + 1] = LF;
    share.cursor = writeBytes(into, lineEnd + 2, name);
  }
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
  shares: readonly Share[],
  order: readonly number[],
): void {
  const { engine } = request.client.pool;
  const { words, memory } = engine;
  let share = shares[0];
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
        share = shares[order[key++]];
        nextKey += spec.step;
      }
      const start = words[at + RECORD_START];
      const length = words[at + RECORD_LENGTH];
      if (share.heap === null) {
        words[at + RECORD_DEST] = share.cursor;
      } else {
        words[at + RECORD_DEST] = 0;
        memory.copy(share.heap, share.cursor, start, start + length);
      }
      share.cursor += length;
    }
    engine.codec.gather(PART_TABLE, count);
    from += count;
    left -= count;
  }
  if (!ASSERTS) return;
  for (const { start, bytes, cursor } of shares) {
    assert(cursor === start + bytes, 'a fragment fills what was reserved for it');
  }
}
