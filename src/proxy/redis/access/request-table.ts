import type { RequestWords } from '../../../acl/judge/request-words.ts';
import {
  PART_TABLE,
  PART_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_LENGTH,
  RECORD_START,
} from '../../../protocol/frame-table.ts';
import type { SpecialRequest } from '../../routing/request.ts';
import { wordCount } from '../words.ts';

const PART_WORD = PART_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;

/**
 * All words of a multibulk request, however many: those that are looked at stand in PART_TABLE,
 * which nobody else may use meanwhile.
 */
export class RequestTable implements RequestWords {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly #request: SpecialRequest;
  readonly #skip: number;
  /** Which words stand in the table: so many from a multiple of PART_TABLE_RECORDS on. */
  #from = 0;
  #loaded = 0;
  /** Where these multiples begin, as far as is known, so that no word is looked for twice. */
  readonly #begins: number[];

  /** @param skip words in front, which are none of it */
  constructor(request: SpecialRequest, skip: number = 0) {
    this.#request = request;
    this.#skip = skip;
    this.count = wordCount(request) - skip;
    this.#begins = [request.start];
    this.bytes = request.client.pool.engine.bytes;
  }

  startOf(index: number): number {
    return this.#request.client.pool.engine.words[this.#recordOf(index) + RECORD_KEY];
  }

  lengthOf(index: number): number {
    return this.#request.client.pool.engine.words[this.#recordOf(index) + RECORD_KEY_LENGTH];
  }

  text(index: number): string {
    const start = this.startOf(index);
    const { memory } = this.#request.client.pool.engine;
    return memory.toString('latin1', start, start + this.lengthOf(index));
  }

  /** A copy of a word. */
  copy(index: number): Buffer {
    return Buffer.from(this.text(index), 'latin1');
  }

  #recordOf(index: number): number {
    const word = index + this.#skip;
    if (!(index >= 0 && index < this.count)) {
      throw new RangeError(`word ${index} of ${this.count}`);
    }
    if (word < this.#from || word >= this.#from + this.#loaded) this.#load(word);
    return PART_WORD + (word - this.#from) * RECORD_WORDS;
  }

  #load(word: number): void {
    const part = Math.floor(word / PART_TABLE_RECORDS);
    for (let i = this.#begins.length - 1; i < part; i++) this.#loadPart(i);
    this.#loadPart(part);
    if (word >= this.#from + this.#loaded) throw new RangeError(`word ${word} is not there`);
  }

  #loadPart(part: number): void {
    const { start, length, client } = this.#request;
    const { engine, descriptor } = client.pool;
    const { codec, words } = engine;
    engine.takePartTable();
    const [end, most] = [start + length, PART_TABLE_RECORDS];
    const from = this.#begins[part] ?? end;
    this.#from = part * most;
    this.#loaded = codec.splitRequest(from, end, PART_TABLE, most, this.#from, descriptor, 0, 0);
    if (this.#loaded < most || this.#begins.length > part + 1) return;
    const last = PART_WORD + (most - 1) * RECORD_WORDS;
    this.#begins.push(words[last + RECORD_START] + words[last + RECORD_LENGTH]);
  }
}
