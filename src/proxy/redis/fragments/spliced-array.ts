import {
  PART_TABLE,
  PART_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_START,
} from '../../../protocol/frame-table.ts';
import { elementEnds } from '../../../protocol/redis/replies/elements.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { ClientPipeline } from '../../client/client-pipeline.ts';
import { digitsOf, writeDecimal } from '../../engine/short-text.ts';
import { checkEnd, setPartTable, spliceParts } from '../../engine/splice.ts';
import type { FragmentReply } from './fragment-reply.ts';
import type { KeptOrder } from './kept-order.ts';

const ARRAY = 0x2a; // '*'
const CR = 0x0d;
const LF = 0x0a;

/** The arrays of several servers whose elements are to be one array. */
export interface ArrayParts {
  readonly client: ClientConnection;
  /** The first `count` of them. */
  readonly parts: readonly FragmentReply[];
  readonly count: number;
  /** Elements in all. */
  readonly keys: number;
  /** Part of each element. */
  readonly order: KeptOrder;
  /** Whether the head of the array is to stand in front of them. */
  readonly withHead: boolean;
}

/** Queues the array. @returns false when a part does not have its elements */
export function writeArray(array: ArrayParts, pipeline: ClientPipeline): boolean {
  const inArena = isInArena(array);
  if (inArena && spliceAtOnce(array, pipeline)) return true;
  if (inArena && array.keys <= PART_TABLE_RECORDS) return spliceInArena(array, pipeline);
  return spliceOnHeap(array, pipeline);
}

function isInArena({ parts, count }: ArrayParts): boolean {
  for (let i = 0; i < count; i++) if (parts[i].stash === 0) return false;
  return true;
}

function writeHeader({ client, keys, withHead }: ArrayParts, { out }: ClientPipeline): void {
  if (!withHead) return;
  const at = out.reserve(digitsOf(keys) + 3);
  if (at === 0) out.append(Buffer.from(`*${keys}\r\n`));
  else writeHead(client.pool.engine.bytes, at, keys);
}

/** Writes the head of an array of `count` elements. */
function writeHead(bytes: Uint8Array, at: number, count: number): void {
  bytes[at] = ARRAY;
  const lineEnd = writeDecimal(bytes, at + 1, count);
  bytes[lineEnd] = CR;
  bytes[lineEnd + 1] = LF;
}

/** Copies the elements in one call. @returns false when it is not that simple */
function spliceAtOnce(array: ArrayParts, pipeline: ClientPipeline): boolean {
  const { parts, count, keys, withHead } = array;
  const { words, bytes, codec, slabs } = array.client.pool.engine;
  const order = array.order.address;
  if (order === 0) return false;
  let length = 0;
  for (let i = 0; i < count; i++) {
    const { stash, length: whole } = parts[i];
    if (bytes[stash] !== ARRAY) return false;
    let first = stash + 1;
    while (bytes[first - 1] !== LF) first++;
    setPartTable(words, i, first, stash + whole);
    length += stash + whole - first;
  }
  const head = withHead ? digitsOf(keys) + 3 : 0;
  const at = head + length <= slabs.largeBytes ? pipeline.out.reserve(head + length) : 0;
  if (at === 0) return false;
  if (head !== 0) writeHead(bytes, at, keys);
  checkEnd(codec.spliceElements(order, keys, at + head), at + head + length);
  return true;
}

/** Splits the parts into one table and copies its elements in request order. */
function spliceInArena(array: ArrayParts, pipeline: ClientPipeline): boolean {
  const { engine } = array.client.pool;
  const { words, codec } = engine;
  engine.takePartTable();
  let base = PART_TABLE;
  let bytes = 0;
  for (let i = 0; i < array.count; i++) {
    const { stash, length, keys } = array.parts[i];
    if (codec.splitReply(stash, stash + length, base, keys) !== keys) return false;
    bytes += stash + length - words[base / 4 + RECORD_START];
    const end = base + keys * RECORD_BYTES;
    setPartTable(words, i, base, end);
    base = end;
  }
  writeHeader(array, pipeline);
  spliceParts(pipeline.out, engine, array.order.numbers(engine.bytes), base, bytes);
  return true;
}

/** As spliceInArena(), for any parts. */
function spliceOnHeap(array: ArrayParts, pipeline: ClientPipeline): boolean {
  const { client, parts, count } = array;
  const sources: Buffer[] = [];
  const ends: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    const { error, keys } = parts[i];
    if (error !== null) {
      sources.push(error);
      ends.push(new Float64Array(0));
      continue;
    }
    const source = parts[i].contents(client);
    const found = elementEnds(source, keys);
    if (found === null) return false;
    sources.push(source);
    ends.push(found);
  }
  writeHeader(array, pipeline);
  const next = new Uint32Array(count);
  for (const fragment of array.order.numbers(client.pool.engine.bytes)) {
    const { error } = parts[fragment];
    const at = next[fragment]++;
    if (error !== null) pipeline.out.copy(error);
    else
      pipeline.out.append(sources[fragment].subarray(ends[fragment][at], ends[fragment][at + 1]));
  }
  return true;
}
