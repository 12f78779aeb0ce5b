import { ASSERTS, assert } from '../../assert.ts';
import { keySlot } from '../../distribution/slots.ts';
import {
  PART_TABLE,
  PART_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
} from '../../protocol/frame-table.ts';
import type { Pool } from '../pool/pool.ts';
import type { SpecialRequest } from '../routing/request.ts';

const PART_WORD = PART_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const CR = 0x0d;
/** Bytes of CR LF. */
const LINE_END = 2;

/** @returns the number of words: what stands behind `*` */
export function wordCount(request: SpecialRequest): number {
  const { bytes } = request.client.pool.engine;
  let count = 0;
  for (let at = request.start + 1; bytes[at] !== CR; at++) count = count * 10 + bytes[at] - 0x30;
  return count;
}

/**
 * The words of a multibulk request, split into PART_TABLE. To be read before anybody else uses that
 * table; the assertions find out who does so later.
 */
export class Words {
  readonly #pool: Pool;
  readonly #use: number;
  /** Words of the request; with `readable` below it not all of them can be read. */
  readonly count: number;
  /** Words that can be read. */
  readonly readable: number;

  private constructor(request: SpecialRequest, limit: number) {
    const { pool } = request.client;
    const { engine, descriptor } = pool;
    const most = Math.min(limit, PART_TABLE_RECORDS);
    const end = request.start + request.length;
    this.#pool = pool;
    this.#use = engine.takePartTable();
    this.count = wordCount(request);
    const { codec } = engine;
    this.readable = codec.splitRequest(request.start, end, PART_TABLE, most, 0, descriptor, 0, 0);
  }

  /**
   * Splits a request, whose keys are not routed.
   * @param limit words to be read, when not all are of interest
   */
  static of(request: SpecialRequest, limit: number = PART_TABLE_RECORDS): Words {
    return new Words(request, limit);
  }

  /** Whether every word can be read. */
  get complete(): boolean {
    return this.readable === this.count;
  }

  /** Where the record of a word stands, as a word of the arena. @throws RangeError for no word */
  #recordOf(index: number): number {
    if (ASSERTS) {
      const { partTableUse } = this.#pool.engine;
      assert(partTableUse === this.#use, 'words are read before the table is used again');
    }
    if (!(index < this.readable)) throw new RangeError(`word ${index} of ${this.readable}`);
    return PART_WORD + index * RECORD_WORDS;
  }

  /** @returns a copy of a word; 0 is the command's name */
  copy(index: number): Buffer {
    const { engine } = this.#pool;
    const at = this.#recordOf(index);
    const start = engine.words[at + RECORD_KEY];
    return Buffer.from(engine.memory.subarray(start, start + engine.words[at + RECORD_KEY_LENGTH]));
  }

  /** @returns copies of the words from `from` on that can be read */
  copies(from: number): Buffer[] {
    const copies: Buffer[] = [];
    for (let i = from; i < this.readable; i++) copies.push(this.copy(i));
    return copies;
  }

  /** @returns a word as text, one character per byte */
  text(index: number): string {
    const { engine } = this.#pool;
    const at = this.#recordOf(index);
    const start = engine.words[at + RECORD_KEY];
    return engine.memory.toString('latin1', start, start + engine.words[at + RECORD_KEY_LENGTH]);
  }

  /** @returns the words from `from` on as texts, those before `to` */
  texts(from: number, to: number = this.readable): string[] {
    const texts: string[] = [];
    for (let i = from; i < Math.min(to, this.readable); i++) texts.push(this.text(i));
    return texts;
  }

  /** @returns how many bytes a word has */
  length(index: number): number {
    return this.#pool.engine.words[this.#recordOf(index) + RECORD_KEY_LENGTH];
  }

  /** @returns the address behind a word and its line end */
  endOf(index: number): number {
    const at = this.#recordOf(index);
    const { words } = this.#pool.engine;
    return words[at + RECORD_KEY] + words[at + RECORD_KEY_LENGTH] + LINE_END;
  }

  /** @returns the index of the server that a word belongs to as a key, or NO_SERVER */
  serverOf(index: number): number {
    const { engine, descriptor } = this.#pool;
    const at = this.#recordOf(index);
    const length = engine.words[at + RECORD_KEY_LENGTH];
    return engine.codec.route(engine.words[at + RECORD_KEY], length, descriptor);
  }

  /** @returns the slot of a word as a key of a Redis Cluster */
  slotOf(index: number): number {
    const { words, bytes } = this.#pool.engine;
    const at = this.#recordOf(index);
    const start = words[at + RECORD_KEY];
    return keySlot(bytes, start, start + words[at + RECORD_KEY_LENGTH]);
  }
}

/** A command that ringway answers itself. @returns false when it must wait */
export type Local = (request: SpecialRequest, words: Words) => boolean;
