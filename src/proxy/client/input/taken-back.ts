import {
  FRAME_TABLE,
  FRAME_TABLE_RECORDS,
  NO_COMMAND,
  RECORD_BYTES,
  RECORD_INFO,
  RECORD_LENGTH,
  RECORD_START,
  WHOLE,
  WINDOW,
  WINDOW_BYTES,
} from '../../../protocol/frame-table.ts';
import { READS_TAKEN_BACK } from '../../../stats/counters.ts';
import type { Engine } from '../../engine/engine.ts';
import type { SwallowingSource } from '../../engine/receiver.ts';
import type { InputOwner } from './input-owner.ts';
import type { SentChunk, SentRun } from './sent-run.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;

// Reads whose replies are more than was expected, of a client that does not take them, are taken
// back: what their servers answer is swallowed, so that nobody waits behind it, and they are sent
// again when the client has read. Nothing but reads stands between them and the client's newest
// request, so that none of them sees a write that the client made later.

/**
 * Scans the requests of a chunk again. @returns how many of its last ones may be sent again, those
 * up to slot `after` left out; their first begins at RECORD_START of its record
 */
function repeatable(engine: Engine, client: InputOwner, chunk: SentChunk, after: number): number {
  const { protocol, descriptor } = client.pool;
  const { words } = engine;
  const end = WINDOW + chunk.length;
  engine.bytes.copyWithin(WINDOW, chunk.at, chunk.at + chunk.length);
  engine.loadState(null);
  const { count } = chunk;
  if (protocol.scanRequests(WINDOW, end, FRAME_TABLE, FRAME_TABLE_RECORDS, descriptor) !== count) {
    return 0;
  }
  const most = Math.min(count, (chunk.slot + count - after - 1) | 0);
  for (let found = 0; found < most; found++) {
    const info = words[FRAME_WORD + (count - 1 - found) * RECORD_WORDS + RECORD_INFO];
    const isRead = client.protocol.isRead(info & NO_COMMAND);
    if ((info & WHOLE) !== WHOLE || !isRead) return found;
  }
  return most;
}

/** Bytes of requests that were taken back, and how many they are. */
interface TakenBack {
  readonly bytes: Buffer;
  readonly count: number;
}

/** @param after only requests behind this slot */
function collect(engine: Engine, client: InputOwner, run: SentRun, after: number): TakenBack {
  const parts: Buffer[] = [];
  let total = 0;
  for (const chunk of run.chunks.toReversed()) {
    const count = repeatable(engine, client, chunk, after);
    if (count > 0) {
      const first = FRAME_WORD + (chunk.count - count) * RECORD_WORDS;
      const start = engine.words[first + RECORD_START];
      parts.push(Buffer.from(engine.memory.subarray(start, WINDOW + chunk.length)));
      total += count;
    }
    if (count < chunk.count) break;
  }
  return { bytes: Buffer.concat(parts.reverse()), count: total };
}

/** What a client sends, as far as some of it is taken back. */
export interface RetractableInput {
  readonly run: SentRun;
  /** A request is under way that is taken away in pieces. */
  readonly large: boolean;
  /** Whole requests are to be sent again, before all else. */
  putFirst(bytes: Buffer): void;
}

/** Whether reads are under way that can be taken back. */
export function mayTakeBack(client: InputOwner, input: RetractableInput): boolean {
  const { pipeline } = client;
  return client.usual && !input.large && input.run.covers(pipeline.head, pipeline.tail);
}

/**
 * The requests from `slot` on are not under way any more, and their replies are nobody's.
 * @returns where such a reply has begun to come; null when none has
 */
function retract(
  engine: Engine,
  client: InputOwner,
  slot: number,
  count: number,
): SwallowingSource | null {
  const { pipeline, claims, pool, id } = client;
  let inFlight = 0;
  let source: SwallowingSource | null = null;
  for (const connection of engine.connections) {
    const before = inFlight;
    inFlight += connection.disown(id, slot);
    if (inFlight > before && connection.replies.swallows) source = connection.replies;
  }
  for (let i = 0; i < inFlight; i++) claims.settle();
  pipeline.retract(slot);
  pool.counters[READS_TAKEN_BACK] += count;
  return source;
}

/** Takes back all of the newest requests that may be sent again, but not the one that is next. */
export function takeBack(engine: Engine, client: InputOwner, input: RetractableInput): void {
  if (!mayTakeBack(client, input)) return;
  const { pipeline } = client;
  input.run.prune(pipeline.head);
  const { bytes, count } = collect(engine, client, input.run, pipeline.head);
  input.run.cut();
  if (count === 0) return;
  retract(engine, client, (pipeline.tail - count) | 0, count);
  input.putFirst(bytes);
}

/** Whether the request of `slot` is noted, with all behind it. */
export function mayTakeAlone(client: InputOwner, input: RetractableInput, slot: number): boolean {
  const { pipeline, session } = client;
  if (!client.usual || input.large || session.detour !== null) return false;
  return input.run.reaches(slot, pipeline.tail);
}

/** A read that is to be made again. */
interface ReadAlone {
  readonly request: Buffer;
  /** Where the rest of its reply comes from; null when all is there. */
  readonly source: SwallowingSource | null;
}

/**
 * Takes back the read of `slot`, of whose reply nothing was passed on, and all behind it, if they
 * are reads too. @returns its request; null when it stays where it is
 */
export function takeAlone(
  engine: Engine,
  client: InputOwner,
  input: RetractableInput,
  slot: number,
): ReadAlone | null {
  if (!mayTakeAlone(client, input, slot)) return null;
  const { pipeline, pool } = client;
  const { bytes, count } = collect(engine, client, input.run, (slot - 1) | 0);
  if (count !== ((pipeline.tail - slot) | 0)) return null;
  const end = WINDOW + bytes.copy(engine.memory, WINDOW, 0, WINDOW_BYTES);
  engine.loadState(null);
  if (pool.protocol.scanRequests(WINDOW, end, FRAME_TABLE, 1, pool.descriptor) !== 1) return null;
  const length = engine.words[FRAME_WORD + RECORD_LENGTH];
  input.run.cut();
  const source = retract(engine, client, slot, count);
  input.putFirst(bytes.subarray(length));
  return { request: bytes.subarray(0, length), source };
}
