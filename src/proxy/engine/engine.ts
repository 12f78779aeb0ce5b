import { randomBytes } from 'node:crypto';
import { ASSERTS, assert } from '../../assert.ts';
import type { Config } from '../../config/index.ts';
import { InternalErrors } from '../../internal-errors.ts';
import {
  LARGE_SLAB_BYTES,
  LARGE_SLABS,
  SLAB_RESERVE_LARGE,
  SMALL_SLAB_BYTES,
  SMALL_SLABS,
} from '../../limits.ts';
import type { Log } from '../../log.ts';
import type { Reader } from '../../net/reader.ts';
import type { SendQueue } from '../../net/send-queue.ts';
import { type SlabKind, SlabPool } from '../../net/slab-pool.ts';
import type { Writer } from '../../net/writer.ts';
import type { Codec } from '../../protocol/codec.ts';
import {
  DRAIN_TABLE,
  DRAIN_TABLE_RECORDS,
  FIXED_END,
  FRAME_TABLE,
  FRAME_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_DEST,
  RECORD_LENGTH,
  RECORD_START,
  STATE,
  STATE_DETACHED,
  STATE_PHASE,
  STATE_RESUME,
  STATE_WORDS,
  WINDOW_BYTES,
} from '../../protocol/frame-table.ts';
import { type ProcessCounters, processCounters } from '../../stats/counters.ts';
import { ArenaError } from './arena-error.ts';
import { exactMillis, micros, millis } from './clock.ts';
import { Deadlines } from './deadlines.ts';
import { Guard, type GuardedConnection } from './guard.ts';
import { MemoryBudget } from './memory-budget.ts';
import type { ReplyReceiver } from './receiver.ts';
import { RequestTraces } from './request-traces.ts';
import type { Siblings } from './siblings.ts';
import { HeldWrites } from './timers/held-writes.ts';
import { Turn } from './turn.ts';

const STATE_WORD = STATE / 4;
const FRAME_WORD = FRAME_TABLE / 4;
const DRAIN_WORD = DRAIN_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;

/** A scan state kept between two reads of one connection. */
export type SavedState = Uint32Array;

const SMALL_KIND: SlabKind = { count: SMALL_SLABS, bytes: SMALL_SLAB_BYTES };
const LARGE_KIND: SlabKind = { count: LARGE_SLABS, bytes: LARGE_SLAB_BYTES };
/** Bytes of arena that the send slabs take. */
const SLAB_ARENA_BYTES: number = SlabPool.bytes(SMALL_KIND, LARGE_KIND);

/** Where pool descriptors and rings begin in the arena. */
export const RING_BASE: number = FIXED_END + SLAB_ARENA_BYTES;

/** A large special request is split where it stands in the arena, so the largest must fit. */
export function assembledBytes(config: Config): number {
  let largest = 0;
  for (const pool of config.pools) largest = Math.max(largest, pool.maxAssembledRequest);
  return largest + 2 * WINDOW_BYTES;
}

/** What an engine is made of, besides its codec. */
export interface EngineOptions {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly log: Log;
  /** Where a large special request is put to be split. */
  readonly assembledAt: number;
  readonly measuresLatency: boolean;
  /** Bytes that may wait for clients and servers; 0 = no limit. */
  readonly memoryLimit: number;
  /** The part of all requests that is traced, 0 to 1. */
  readonly traceRate: number;
}

/**
 * What all connections of a process share: the arena and its codec, send slabs, the turn, the
 * clients by number. A chunk is handled in three steps: scan (codec), walk the records and reserve
 * their places (here in JavaScript), gather (codec).
 */
export class Engine {
  readonly codec: Codec;
  readonly reader: Reader;
  readonly writer: Writer;
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  readonly memory: Buffer;
  readonly slabs: SlabPool;
  /** ringway's own, as INFO shows it. */
  version = '';
  /** Tells who has written PART_TABLE last. */
  partTableUse = 0;
  /** Other processes that serve the clients of the same pools; null = there are none. */
  siblings: Siblings | null = null;
  /** Processes that share the clients, with this one. */
  workers = 1;
  /** Tells one process from another. */
  readonly runId: string = randomBytes(20).toString('hex');
  readonly turn: Turn = new Turn();
  readonly deadlines: Deadlines = new Deadlines();
  readonly heldWrites: HeldWrites = new HeldWrites(this.deadlines);
  readonly log: Log;
  readonly process: ProcessCounters = processCounters();
  readonly measuresLatency: boolean;
  readonly budget: MemoryBudget;
  /** Null when no request is traced. */
  readonly traces: RequestTraces | null;
  /** Clients by id; an id is free again when nothing in flight names it. */
  readonly clients: (ReplyReceiver | null)[] = [];
  /** Open connections to servers. */
  readonly connections: Set<GuardedConnection> = new Set();
  readonly guard: Guard = new Guard(this);
  readonly errors: InternalErrors;
  readonly #assembledAt: number;
  readonly #freeIds: number[] = [];
  #clientNumber = 0;
  readonly #early: SendQueue[] = [];
  #frames = 0;
  #drains = 0;
  /** Milliseconds of a monotonic clock, read once per chunk. */
  now: number = millis();
  /** The same moment in microseconds; it wraps at 32 bits. */
  micros: number = micros();
  /** Tells one chunk from another; it wraps at 32 bits. */
  chunk = 0;

  constructor(codec: Codec, options: EngineOptions) {
    const { reader, writer, log, assembledAt, measuresLatency, memoryLimit, traceRate } = options;
    this.budget = new MemoryBudget(memoryLimit, this.clients, log);
    this.traces = traceRate > 0 ? new RequestTraces(traceRate, this.budget) : null;
    this.codec = codec;
    this.measuresLatency = measuresLatency;
    this.reader = reader;
    this.writer = writer;
    this.log = log;
    this.errors = new InternalErrors(log);
    this.#assembledAt = assembledAt;
    this.words = codec.arena.words;
    this.bytes = codec.arena.bytes;
    this.memory = codec.arena.node;
    this.slabs = new SlabPool(this.memory, FIXED_END, SMALL_KIND, LARGE_KIND);
  }

  /** Looks at the time. */
  readClock(): void {
    const now = exactMillis();
    this.now = Math.floor(now);
    this.micros = (now * 1000) | 0;
  }

  /** Looks at the time unless a chunk of this turn did: timers find the one of the last chunk. */
  freshenClock(): void {
    if (!this.turn.begun) this.readClock();
  }

  /** Begins a chunk. @returns how many frames may be scanned with the slabs that are left */
  beginChunk(): number {
    this.chunk = (this.chunk + 1) | 0;
    this.readClock();
    this.turn.onChunk(this.micros);
    const slabs = this.slabs;
    if (slabs.smallLeft < FRAME_TABLE_RECORDS || slabs.largeLeft < SLAB_RESERVE_LARGE) {
      this.turn.writeAll();
      this.heldWrites.writeAll();
    }
    return FRAME_TABLE_RECORDS;
  }

  /** Loads a connection's scan state, or a fresh one. */
  loadState(saved: SavedState | null): void {
    if (saved === null) {
      this.words[STATE_WORD + STATE_PHASE] = 0;
      this.words[STATE_WORD + STATE_DETACHED] = 0;
    } else {
      this.words.set(saved, STATE_WORD + STATE_RESUME);
    }
  }

  /** Copies the scan state of a partial frame; `reuse` is filled when given. */
  saveState(reuse: SavedState | null): SavedState {
    const saved = reuse ?? new Uint32Array(STATE_WORDS - STATE_RESUME);
    const from = STATE_WORD + STATE_RESUME;
    const words = this.words;
    for (let i = 0; i < saved.length; i++) saved[i] = words[from + i];
    return saved;
  }

  state(word: number): number {
    return this.words[STATE_WORD + word];
  }

  /** A copy of bytes of the arena in memory of its own, as long as it is kept. */
  copyOf(start: number, length: number): Buffer {
    const copied = Buffer.allocUnsafeSlow(length);
    this.memory.copy(copied, 0, start, start + length);
    return copied;
  }

  /** Whoever writes PART_TABLE takes it. @returns `partTableUse`, as long as it is theirs */
  takePartTable(): number {
    return ++this.partTableUse;
  }

  /** From here to endWalk() places are reserved but bytes not yet copied. */
  beginWalk(frames: number): void {
    this.#frames = frames;
    this.#drains = 0;
    this.slabs.walking = true;
  }

  /** Plans a copy of a stored reply; made after the frames of this walk are in their places. */
  drain(start: number, length: number, dest: number): void {
    if (ASSERTS) assert(this.slabs.holds(dest, length), 'replies go into what was reserved');
    if (!this.slabs.walking) {
      this.bytes.copyWithin(dest, start, start + length);
      return;
    }
    if (this.#drains === DRAIN_TABLE_RECORDS) this.gatherNow();
    const at = DRAIN_WORD + this.#drains * RECORD_WORDS;
    this.words[at + RECORD_START] = start;
    this.words[at + RECORD_LENGTH] = length;
    this.words[at + RECORD_DEST] = dest;
    this.#drains++;
  }

  /** Makes the copies planned so far; making one twice does no harm within a walk. */
  gatherNow(): void {
    if (!this.slabs.walking) return;
    if (ASSERTS) this.#checkPlaces();
    try {
      this.codec.gather(FRAME_TABLE, this.#frames);
      if (this.#drains > 0) this.codec.gather(DRAIN_TABLE, this.#drains);
    } catch (error) {
      // The bytes are many connections': each must get its own all the same.
      this.#copy(FRAME_WORD, this.#frames);
      this.#copy(DRAIN_WORD, this.#drains);
      this.guard.note('copies were made one by one', error);
    }
    this.#drains = 0;
  }

  /** What the codec's gather() does. */
  #copy(table: number, count: number): void {
    const { words, bytes } = this;
    for (let i = 0, at = table; i < count; i++, at += RECORD_WORDS) {
      const dest = words[at + RECORD_DEST];
      if (dest === 0) continue;
      const end = words[at + RECORD_START] + words[at + RECORD_LENGTH];
      if (Math.max(end, dest + words[at + RECORD_LENGTH]) > bytes.length) {
        throw new ArenaError(`record ${i} ends at ${end}, its copy begins at ${dest}`);
      }
      bytes.copyWithin(dest, words[at + RECORD_START], end);
    }
  }

  /** Every frame of this walk goes nowhere, or into a slab that has room for it. */
  #checkPlaces(): void {
    const { words } = this;
    for (let i = 0, at = FRAME_TABLE / 4; i < this.#frames; i++, at += RECORD_WORDS) {
      const dest = words[at + RECORD_DEST];
      if (dest === 0) continue;
      assert(this.slabs.holds(dest, words[at + RECORD_LENGTH]), 'frames go into what was reserved');
    }
  }

  endWalk(): void {
    this.gatherNow();
    this.#frames = 0;
    this.slabs.settle();
    const early = this.#early;
    if (early.length === 0) return;
    for (let i = 0; i < early.length; i++) early[i].flushNow();
    early.length = 0;
  }

  /**
   * The queue has enough for a write of its own: flush it when this walk ends, not at the end of
   * the turn.
   */
  flushSoon(queue: SendQueue): void {
    const { length } = this.#early;
    if (length === 0 || this.#early[length - 1] !== queue) this.#early.push(queue);
  }

  /** The longest request that placeAssembled() takes. */
  get assembledRoom(): number {
    return this.memory.length - this.#assembledAt;
  }

  /** Copies an assembled request into the arena. @returns its address, good until the next one */
  placeAssembled(request: Buffer): number {
    request.copy(this.memory, this.#assembledAt);
    return this.#assembledAt;
  }

  /** From here on clients are numbered: each process that serves them has numbers of its own. */
  numberClientsFrom(number: number): void {
    this.#clientNumber = number;
  }

  /** As CLIENT ID tells it: no client of this process, or of one beside it, has the same. */
  nextClientNumber(): number {
    return ++this.#clientNumber;
  }

  addClient(client: ReplyReceiver): number {
    const id = this.#freeIds.pop() ?? this.clients.length;
    this.clients[id] = client;
    return id;
  }

  removeClient(id: number): void {
    this.clients[id] = null;
    this.#freeIds.push(id);
  }
}
