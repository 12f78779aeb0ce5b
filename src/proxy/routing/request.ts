import {
  PART_TABLE,
  PART_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
} from '../../protocol/frame-table.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { ClientConnection } from '../client/client-connection.ts';

const PART_WORD = PART_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;

/** A complete request in the arena that is not simply forwarded. */
export interface SpecialRequest {
  readonly client: ClientConnection;
  readonly start: number;
  readonly length: number;
  /** It cannot be put back: it is sent even if its server has much to take already. */
  readonly mustSend: boolean;
}

/** A reply that nobody hears. */
export const SWALLOW: ReplyTarget = { onReply(): void {}, onFailure(): void {} };

/** Answers a request. @returns true: it is done */
export function answer(client: ClientConnection, reply: Buffer): true {
  client.answer(reply);
  return true;
}

/** Splits the request into PART_TABLE, unrouted. @returns the number of words */
export function split(request: SpecialRequest): number {
  const { client, start, length } = request;
  return client.pool.engine.codec.splitRequest(
    start,
    start + length,
    PART_TABLE,
    PART_TABLE_RECORDS,
    0,
    client.pool.descriptor,
    0,
    0,
  );
}

/** @returns a copy of word `index` of the request that was split last */
export function word(request: SpecialRequest, index: number): Buffer {
  const { engine } = request.client.pool;
  const at = PART_WORD + index * RECORD_WORDS;
  const start = engine.words[at + RECORD_KEY];
  return Buffer.from(engine.memory.subarray(start, start + engine.words[at + RECORD_KEY_LENGTH]));
}

/** @returns word `index` as text, one character per byte */
export function text(request: SpecialRequest, index: number): string {
  const { engine } = request.client.pool;
  const at = PART_WORD + index * RECORD_WORDS;
  const start = engine.words[at + RECORD_KEY];
  return engine.memory.toString('latin1', start, start + engine.words[at + RECORD_KEY_LENGTH]);
}

/** @returns how many bytes word `index` of the request that was split last has */
export function wordLength(request: SpecialRequest, index: number): number {
  const at = PART_WORD + index * RECORD_WORDS;
  return request.client.pool.engine.words[at + RECORD_KEY_LENGTH];
}

/** Server of word `index` of the request that was split last. */
export function serverOf(request: SpecialRequest, index: number): number {
  const { engine, descriptor } = request.client.pool;
  const at = PART_WORD + index * RECORD_WORDS;
  const length = engine.words[at + RECORD_KEY_LENGTH];
  return engine.codec.route(engine.words[at + RECORD_KEY], length, descriptor);
}

/** @returns a copy of the whole request */
export function copyOf(request: SpecialRequest): Buffer {
  const { memory } = request.client.pool.engine;
  return Buffer.from(memory.subarray(request.start, request.start + request.length));
}
