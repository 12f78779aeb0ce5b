import type { PoolConfig } from '../../../config/index.ts';
import type { Server } from '../../pool/server.ts';
import type { Gate } from '../access/gate.ts';

const MULTI = Buffer.from('*1\r\n$5\r\nMULTI\r\n');
/** What ends a block. */
export const EXEC: Buffer = Buffer.from('*1\r\n$4\r\nEXEC\r\n');
const NOTHING = Buffer.alloc(0);
const FIRST_BYTES = 1024;
/** A longer word is no number of a database, and so short a piece keeps nothing of the whole. */
const SELECT_WORD = 12;
/** The number of no ring. */
const NO_RING = -1;
/** What an end in `#ends` takes. */
const END_BYTES = 8;

/** What goes along when the client moves to another process. */
export interface SavedTransaction {
  readonly failed: boolean;
  /** The block as far as it is there, in base64. */
  readonly block: string;
  readonly ends: readonly number[];
  readonly selected: readonly string[];
}

/**
 * What a client has asked for since MULTI. It is kept here, and nothing of it is sent before EXEC:
 * then it goes out in one piece.
 */
export class Transaction {
  /** A command was refused: EXEC carries nothing out. */
  #failed = false;
  /** The server that has all keys so far; null = there was no key yet. */
  server: Server | null = null;
  /** The first of them, latin1, cut: for errors. */
  key = '';
  /** Of those keys in a Redis Cluster; -1 elsewhere. */
  slot = -1;
  /** The rules that its requests were looked at by. */
  gate: Gate | null = null;
  /** The configuration whose rules for all clients they were looked at by. */
  config: PoolConfig | null = null;
  /** Of the ring that `server` was found in; null = no key was looked up yet. */
  ringNumber: number | null = null;
  /** Databases that SELECT names, as they were written. */
  readonly selected: string[] = [];
  /** MULTI and what follows it. */
  #block: Buffer = NOTHING;
  #length = 0;
  /** Where each request ends in the block. */
  #ends: number[] = [];

  get failed(): boolean {
    return this.#failed;
  }

  /** Requests that are kept. */
  get count(): number {
    return this.#ends.length;
  }

  /** Bytes of the block, without EXEC. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that it takes. */
  get heldBytes(): number {
    return this.#block.length + this.#ends.length * END_BYTES;
  }

  /** A SELECT: its word is kept, or as much of it as tells that it is no database. */
  addSelect(word: string): void {
    this.selected.push(word.slice(0, SELECT_WORD));
  }

  /** A command was refused. What was kept is of no use. */
  fail(): void {
    this.#failed = true;
    this.#block = NOTHING;
    this.#length = 0;
    this.#ends = [];
    this.selected.length = 0;
  }

  /** Keeps the request at [start, start + length) of `bytes`. */
  add(bytes: Buffer, start: number, length: number): void {
    if (this.#failed) return;
    if (this.#length === 0) this.#put(MULTI, 0, MULTI.length);
    this.#put(bytes, start, length);
    this.#ends.push(this.#length);
  }

  #put(bytes: Buffer, start: number, length: number): void {
    const needed = this.#length + length + EXEC.length;
    if (needed > this.#block.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, needed, this.#block.length * 2));
      this.#block.copy(grown, 0, 0, this.#length);
      this.#block = grown;
    }
    bytes.copy(this.#block, this.#length, start, start + length);
    this.#length += length;
  }

  /** @returns request `index`; it must not be changed */
  request(index: number): Buffer {
    const start = index === 0 ? MULTI.length : this.#ends[index - 1];
    return this.#block.subarray(start, this.#ends[index]);
  }

  /** @returns MULTI, the requests and EXEC; nothing may be added any more */
  end(): Buffer {
    if (this.#length === 0) this.#put(MULTI, 0, MULTI.length);
    EXEC.copy(this.#block, this.#length);
    return this.#block.subarray(0, this.#length + EXEC.length);
  }

  get saved(): SavedTransaction {
    return {
      failed: this.#failed,
      block: this.#block.toString('base64', 0, this.#length),
      ends: this.#ends,
      selected: this.selected,
    };
  }

  static restore({ failed, block, ends, selected }: SavedTransaction): Transaction {
    const restored = new Transaction();
    const bytes = Buffer.from(block, 'base64');
    if (bytes.length > 0) restored.#put(bytes, 0, bytes.length);
    restored.#ends = [...ends];
    // Its keys were looked up in a ring of the other process.
    if (ends.length > 0) restored.ringNumber = NO_RING;
    for (const word of selected) restored.addSelect(word);
    if (failed) restored.fail();
    return restored;
  }
}
