import {
  FLAG_FIRST,
  FLAG_LAST,
  FLAG_SPECIAL,
  FRAME_TABLE,
  FRAME_TABLE_RECORDS,
  NO_COMMAND,
  RECORD_BYTES,
  RECORD_INFO,
  RECORD_START,
  WINDOW,
} from '../../../protocol/frame-table.ts';
import { READS_TAKEN_BACK } from '../../../stats/counters.ts';
import type { Engine } from '../../engine/engine.ts';
import type { InputOwner } from './input-owner.ts';
import type { SentChunk, SentRun } from './sent-run.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const WHOLE = FLAG_FIRST | FLAG_LAST;
const PLAIN_MASK = WHOLE | FLAG_SPECIAL;

// Reads whose replies are more than was expected, of a client that does not take them, are taken
// back: what their servers answer is swallowed, so that nobody waits behind it, and they are sent
// again when the client has read. Nothing but reads stands between them and the client's newest
// request, so that none of them sees a write that the client made later.

/**
 * Scans the requests of a chunk again. @returns how many of its last ones may be sent again, those
 * up to slot `head` left out; their first begins at RECORD_START of its record
 */
function repeatable(engine: Engine, client: InputOwner, chunk: SentChunk, head: number): number {
  const { protocol, descriptor } = client.pool;
  const { words } = engine;
  const end = WINDOW + chunk.length;
  engine.bytes.copyWithin(WINDOW, chunk.at, chunk.at + chunk.length);
  engine.loadState(null);
  const { count } = chunk;
  if (protocol.scanRequests(WINDOW, end, FRAME_TABLE, FRAME_TABLE_RECORDS, descriptor) !== count) {
    return 0;
  }
  const most = Math.min(count, (chunk.slot + count - head - 1) | 0);
  for (let found = 0; found < most; found++) {
    const info = words[FRAME_WORD + (count - 1 - found) * RECORD_WORDS + RECORD_INFO];
    const isRead = client.protocol.isRead(info & NO_COMMAND);
    if ((info & PLAIN_MASK) !== WHOLE || !isRead) return found;
  }
  return most;
}

/** Bytes of requests that were taken back, and how many they are. */
interface TakenBack {
  readonly bytes: Buffer;
  readonly count: number;
}

function collect(engine: Engine, client: InputOwner, run: SentRun): TakenBack {
  const { head } = client.pipeline;
  const parts: Buffer[] = [];
  let total = 0;
  for (const chunk of run.chunks.toReversed()) {
    const count = repeatable(engine, client, chunk, head);
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

/**
 * Takes back all of the newest requests that may be sent again, but not the one that is next to be
 * answered. @returns their bytes, null when there are none
 */
export function takeBack(engine: Engine, client: InputOwner, run: SentRun): Buffer | null {
  const { pipeline, claims, pool, id } = client;
  run.prune(pipeline.head);
  const { bytes, count } = collect(engine, client, run);
  run.cut();
  if (count === 0) return null;
  const slot = (pipeline.tail - count) | 0;
  let inFlight = 0;
  for (const connection of engine.connections) inFlight += connection.disown(id, slot);
  for (let i = 0; i < inFlight; i++) claims.settle();
  pipeline.retract(slot);
  pool.counters[READS_TAKEN_BACK] += count;
  return bytes;
}
