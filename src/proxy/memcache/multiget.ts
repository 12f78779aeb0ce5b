import {
  MC_GAT,
  MC_GATS,
  MC_GETS,
  NO_SERVER,
  PART_TABLE,
  PART_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_DEST,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
} from '../../protocol/frame-table.ts';
import { CLASS_MULTI } from '../../stats/latency.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { writeBytes } from '../engine/short-text.ts';
import { forward } from '../routing/forward.ts';
import { type SpecialRequest, headOf as wholeRequest } from '../routing/request.ts';
import { getLinesOf } from './joined-gets.ts';
import { MultigetReply, type ReplyPlan } from './multiget-reply.ts';

const PART_WORD = PART_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const GET = new Uint8Array(Buffer.from('get'));
const GETS = new Uint8Array(Buffer.from('gets'));
const BLANK = 0x20;
const CR = 0x0d;
const LF = 0x0a;
/** As nutcracker ends such a line: a blank behind the last key, and the line end. */
const TAIL_BYTES = 3;
/** A longer line must begin with "get " or "gets ", or memcached closes the connection. */
const SAFE_LINE_BYTES = 2048;
const NO_LIMIT = 0x3fffffff;

/** One line for one server. */
interface ServerLine {
  readonly server: number;
  keys: number;
  bytes: number;
  /** Where the next key goes: an arena address, or an offset into `heap`. */
  cursor: number;
  heap: Buffer | null;
  /** It stands in a line that other gets may join. */
  inLine: boolean;
}

/** The keys of a request by server. */
interface Plan {
  readonly lines: ServerLine[];
  /** Line of each key, in request order. */
  readonly order: readonly number[];
}

/**
 * Cuts a get, gets, gat or gats with several keys into one line per server, each with its keys in
 * request order. When one server has all keys the request goes there as it is.
 * @param replyPlan what becomes of the reply
 * @returns false when it must wait for a server to take more
 */
export function sendMultiget(
  request: SpecialRequest,
  command: number,
  replyPlan: ReplyPlan,
): boolean {
  const { client, length } = request;
  const { pool } = client;
  const head = headOf(request, command);
  const longLines = command !== MC_GAT && command !== MC_GATS;
  const plan = makePlan(request, head.length, longLines ? NO_LIMIT : SAFE_LINE_BYTES);
  if (plan === null) return refuse(request, replyPlan);
  const { lines, order } = plan;
  if (lines.length === 1 && length <= SAFE_LINE_BYTES && replyPlan.use === null) {
    return forward(request, lines[0].server, CLASS_MULTI);
  }
  const servers = lines.map(({ server }) => pool.servers[server]);
  const connections = client.router.chooseAll(client, servers, client.lane, request.intent);
  if (connections === null) return false;
  const { reasons } = client.router;
  const reply = new MultigetReply(request, order, lines.length, replyPlan);
  const whole = wholeRequest(request);
  reserve(request, plan, connections, head);
  copyKeys(request, plan);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    const connection = connections[i];
    const part = reply.part(i, line.keys);
    endLine(request, line);
    if (connection === null) {
      part.onFailure(pool.protocol.failure(reasons[i]));
      continue;
    }
    if (line.heap !== null) connection.out.append(line.heap);
    connection.sentFor(part, line.bytes, whole);
    if (line.inLine) noteKeys(connection, line.keys);
  }
  return true;
}

/** A key has no server, or there is no key. */
function refuse({ client }: SpecialRequest, { use }: ReplyPlan): boolean {
  const { protocol, nowhere } = client.pool;
  if (use === null) return client.failForward(nowhere);
  use.onRefused(protocol.failure(nowhere));
  return true;
}

function noteKeys(connection: BackendConnection, keys: number): void {
  try {
    getLinesOf(connection)?.noteKeys(keys);
  } catch (error) {
    // The line has keys that nobody knows of: its reply could not be dealt out.
    connection.onException(error);
    throw error;
  }
}

/** What every line begins with: `get`, or `gat 60`. */
function headOf(request: SpecialRequest, command: number): Uint8Array {
  if (command < MC_GAT) return command === MC_GETS ? GETS : GET;
  const { bytes, memory } = request.client.pool.engine;
  let at = request.start;
  while (bytes[at] === BLANK) at++;
  while (bytes[at] !== BLANK) at++;
  while (bytes[at] === BLANK) at++;
  const exptime = at;
  while (bytes[at] !== BLANK) at++;
  const name = command === MC_GATS ? 'gats' : 'gat';
  return Buffer.from(`${name} ${memory.toString('latin1', exptime, at)}`, 'latin1');
}

/** Splits the keys of the request from number `fromKey` on into PART_TABLE. @returns how many */
function splitKeys(request: SpecialRequest, from: number, fromKey: number): number {
  const { engine, descriptor } = request.client.pool;
  const end = request.start + request.length;
  const { codec } = engine;
  engine.takePartTable();
  return codec.splitMemcacheKeys(from, end, PART_TABLE, PART_TABLE_RECORDS, fromKey, descriptor);
}

/** Address behind the last of the `count` keys in PART_TABLE. */
function behindKeys(words: Uint32Array, count: number): number {
  const last = PART_WORD + (count - 1) * RECORD_WORDS;
  return words[last + RECORD_KEY] + words[last + RECORD_KEY_LENGTH];
}

/**
 * What is counted of a request: kept from one to the next, because objects per request would cost
 * more than the counting.
 */
class Tally {
  readonly #lineOf: number[] = [];
  readonly #servers: number[] = [];
  readonly #keys: number[] = [];
  readonly #bytes: number[] = [];
  #lines = 0;
  #emptyBytes = 0;
  #lineLimit = 0;

  begin(servers: number, emptyBytes: number, lineLimit: number): void {
    for (let i = 0; i < this.#lines; i++) this.#lineOf[this.#servers[i]] = -1;
    for (let i = this.#lineOf.length; i < servers; i++) this.#lineOf.push(-1);
    this.#lines = 0;
    this.#emptyBytes = emptyBytes;
    this.#lineLimit = lineLimit;
  }

  /**
   * Counts the `count` keys in PART_TABLE, the first of which is number `key` of the request, and
   * writes the line of each to `order`. @returns false when one has no server
   */
  add(words: Uint32Array, count: number, order: number[], key: number): boolean {
    const lineOf = this.#lineOf;
    const keys = this.#keys;
    const sizes = this.#bytes;
    for (let i = 0, at = PART_WORD; i < count; i++, at += RECORD_WORDS) {
      const server = words[at + RECORD_SERVER];
      if (server === NO_SERVER) return false;
      const bytes = words[at + RECORD_LENGTH] + 1;
      let line = lineOf[server];
      if (line < 0 || sizes[line] + bytes > this.#lineLimit) line = this.#open(server);
      keys[line]++;
      sizes[line] += bytes;
      order[key + i] = line;
    }
    return true;
  }

  #open(server: number): number {
    const line = this.#lines++;
    this.#lineOf[server] = line;
    this.#servers[line] = server;
    this.#keys[line] = 0;
    this.#bytes[line] = this.#emptyBytes;
    return line;
  }

  lines(): ServerLine[] {
    const lines: ServerLine[] = [];
    for (let i = 0; i < this.#lines; i++) {
      const keys = this.#keys[i];
      const bytes = this.#bytes[i];
      lines.push({ server: this.#servers[i], keys, bytes, cursor: 0, heap: null, inLine: false });
    }
    return lines;
  }
}

const tally = new Tally();

/** Finds each key's server. @returns null when a key has none, or there is no key */
function makePlan(request: SpecialRequest, headBytes: number, lineLimit: number): Plan | null {
  const { engine, servers } = request.client.pool;
  const { words } = engine;
  tally.begin(servers.length, headBytes + TAIL_BYTES, lineLimit);
  let count = splitKeys(request, request.start, 0);
  const order: number[] = new Array(count);
  for (let key = 0; count > 0; ) {
    if (!tally.add(words, count, order, key)) return null;
    key += count;
    count = count < PART_TABLE_RECORDS ? 0 : splitKeys(request, behindKeys(words, count), key);
  }
  return order.length === 0 ? null : { lines: tally.lines(), order };
}

/** Takes room for each line, and writes its head. */
function reserve(
  request: SpecialRequest,
  plan: Plan,
  connections: readonly (BackendConnection | null)[],
  head: Uint8Array,
): void {
  const { bytes } = request.client.pool.engine;
  const { lines } = plan;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    const connection = connections[i];
    if (head === GET && connection !== null) {
      const gets = getLinesOf(connection);
      line.cursor = gets?.reserve(line.bytes - GET.length - TAIL_BYTES, 1) ?? 0;
      if (gets !== null && line.cursor !== 0) {
        line.inLine = true;
        line.bytes = gets.added;
        continue;
      }
    }
    // A server that is left alone gets nothing: its keys go nowhere.
    const at = connection?.out.reserve(line.bytes) ?? 0;
    if (at === 0) line.heap = Buffer.allocUnsafeSlow(line.bytes);
    line.cursor = writeBytes(line.heap ?? bytes, at, head);
  }
}

/** Copies each key, with a blank before it, into its server's line. */
function copyKeys(request: SpecialRequest, plan: Plan): void {
  const { lines, order } = plan;
  // The table still holds the keys when they came in one batch.
  let count = order.length;
  if (count >= PART_TABLE_RECORDS) count = splitKeys(request, request.start, 0);
  for (let key = 0; count > 0; ) {
    copyBatch(request, lines, order, key, count);
    key += count;
    if (key === order.length) break;
    count = splitKeys(request, behindKeys(request.client.pool.engine.words, count), key);
  }
}

function copyBatch(
  request: SpecialRequest,
  lines: readonly ServerLine[],
  order: readonly number[],
  fromKey: number,
  count: number,
): void {
  const { words, bytes, memory, codec } = request.client.pool.engine;
  for (let i = 0, at = PART_WORD; i < count; i++, at += RECORD_WORDS) {
    const line = lines[order[fromKey + i]];
    const length = words[at + RECORD_LENGTH];
    const to = line.cursor;
    const { heap } = line;
    if (heap === null) {
      bytes[to] = BLANK;
      words[at + RECORD_DEST] = to + 1;
    } else {
      const start = words[at + RECORD_START];
      words[at + RECORD_DEST] = 0;
      heap[to] = BLANK;
      memory.copy(heap, to + 1, start, start + length);
    }
    line.cursor = to + length + 1;
  }
  codec.gather(PART_TABLE, count);
}

function endLine(request: SpecialRequest, line: ServerLine): void {
  const into = line.heap ?? request.client.pool.engine.bytes;
  into[line.cursor] = BLANK;
  into[line.cursor + 1] = CR;
  into[line.cursor + 2] = LF;
}
