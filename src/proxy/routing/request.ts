import {
  PART_TABLE,
  PART_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
} from '../../protocol/frame-table.ts';
import type { RequestHead } from '../backend/in-flight.ts';
import type { ClientConnection } from '../client/client-connection.ts';

const PART_WORD = PART_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const CR = 0x0d;

/** A complete request in the arena that is not simply forwarded. */
export interface SpecialRequest {
  readonly client: ClientConnection;
  readonly start: number;
  readonly length: number;
  /** It cannot be put back: it is sent even if its server has much to take already. */
  readonly mustSend: boolean;
}

/** The request's bytes, as long as they stand in the arena. */
export function headOf({ client, start, length }: SpecialRequest): RequestHead {
  return { bytes: client.pool.engine.bytes, start, length };
}

/** Answers a request. @returns true: it is done */
export function answer(client: ClientConnection, reply: Buffer): true {
  client.answer(reply);
  return true;
}

/** PART_TABLE does not hold all words of the request. */
export const TOO_MANY_WORDS = -1;

/** Words of the request that was split last: what stands behind them in the table is not its. */
let wordsSplit = 0;

/** @returns the number of words: what stands behind `*` */
export function wordCount(request: SpecialRequest): number {
  const { bytes } = request.client.pool.engine;
  let count = 0;
  for (let at = request.start + 1; bytes[at] !== CR; at++) count = count * 10 + bytes[at] - 0x30;
  return count;
}

/**
 * Splits the first words of the request into PART_TABLE, unrouted.
 * @returns how many there are, at most `limit` and what the table holds
 */
export function splitFirst(request: SpecialRequest, limit: number): number {
  const { client, start, length } = request;
  const { engine, descriptor } = client.pool;
  const most = Math.min(limit, PART_TABLE_RECORDS);
  const end = start + length;
  wordsSplit = engine.codec.splitRequest(start, end, PART_TABLE, most, 0, descriptor, 0, 0);
  return wordsSplit;
}

/** Splits the request into PART_TABLE, unrouted. @returns the number of words, or TOO_MANY_WORDS */
export function split(request: SpecialRequest): number {
  const count = splitFirst(request, PART_TABLE_RECORDS);
  return count === wordCount(request) ? count : TOO_MANY_WORDS;
}

/** Where the record of a word stands, as a word of the arena. @throws RangeError for no word */
function recordOf(index: number): number {
  if (!(index < wordsSplit)) throw new RangeError(`word ${index} of ${wordsSplit}`);
  return PART_WORD + index * RECORD_WORDS;
}

/** @returns a copy of word `index` of the request that was split last */
export function word(request: SpecialRequest, index: number): Buffer {
  const { engine } = request.client.pool;
  const at = recordOf(index);
  const start = engine.words[at + RECORD_KEY];
  return Buffer.from(engine.memory.subarray(start, start + engine.words[at + RECORD_KEY_LENGTH]));
}

/** @returns word `index` as text, one character per byte */
export function text(request: SpecialRequest, index: number): string {
  const { engine } = request.client.pool;
  const at = recordOf(index);
  const start = engine.words[at + RECORD_KEY];
  return engine.memory.toString('latin1', start, start + engine.words[at + RECORD_KEY_LENGTH]);
}

/** @returns how many bytes word `index` of the request that was split last has */
export function wordLength(request: SpecialRequest, index: number): number {
  const at = recordOf(index);
  return request.client.pool.engine.words[at + RECORD_KEY_LENGTH];
}

/** Server of word `index` of the request that was split last. */
export function serverOf(request: SpecialRequest, index: number): number {
  const { engine, descriptor } = request.client.pool;
  const at = recordOf(index);
  const length = engine.words[at + RECORD_KEY_LENGTH];
  return engine.codec.route(engine.words[at + RECORD_KEY], length, descriptor);
}

/** @returns a copy of the whole request */
export function copyOf(request: SpecialRequest): Buffer {
  const { memory } = request.client.pool.engine;
  return Buffer.from(memory.subarray(request.start, request.start + request.length));
}
