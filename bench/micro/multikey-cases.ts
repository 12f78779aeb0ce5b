import {
  PART_TABLE,
  PART_TABLE_RECORDS,
  PLACE_ORDER,
  RECORD_BYTES,
  WINDOW,
} from '../../src/protocol/frame-table.ts';
import { setPartTable } from '../../src/proxy/engine/splice.ts';
import { arrayReply, mgetRequest } from '../corpus.ts';
import { Random } from '../random.ts';
import type { Case } from './measure.ts';
import { FREE, RING_POOL, type Subject } from './subjects.ts';
import { assignPlaces, windowCase } from './window-case.ts';

const SEED = 20160229;
const SERVERS = 4;
const LIMIT = PART_TABLE_RECORDS;

/** What becomes of an MGET of 100 keys: split by server, and its replies joined again. */
export function multikeyCases(list: readonly Subject[]): Case[] {
  return [
    splitRequestCase(100, list),
    fragmentCase(100, list),
    splitReplyCase(100, list),
    coalesceCase(100, list),
  ];
}

function splitRequestCase(keys: number, list: readonly Subject[]): Case {
  const bytes = mgetRequest(keys);
  const corpus = { name: `mget-${keys}`, bytes, frames: keys + 1 };
  return windowCase(`split-request/${corpus.name}`, corpus, list, (codec, end) => {
    const count = codec.splitRequest(WINDOW, end, PART_TABLE, LIMIT, 0, RING_POOL, 1, 1);
    if (count !== keys + 1) throw new Error('words are missing');
  });
}

function splitReplyCase(elements: number, list: readonly Subject[]): Case {
  const corpus = { name: `array-${elements}`, bytes: arrayReply(elements), frames: elements };
  return windowCase(`split-reply/${corpus.name}`, corpus, list, (codec, end) => {
    const count = codec.splitReply(WINDOW, end, PART_TABLE, LIMIT);
    if (count !== elements) throw new Error('elements are missing');
  });
}

/** The words are split, each key gets its place in its server's request, and all are copied. */
function fragmentCase(keys: number, list: readonly Subject[]): Case {
  const corpus = { name: `mget-${keys}`, bytes: mgetRequest(keys), frames: keys };
  return windowCase(`fragment/${corpus.name}`, corpus, list, (codec, end) => {
    const count = codec.splitRequest(WINDOW, end, PART_TABLE, LIMIT, 1, RING_POOL, 1, 1);
    if (count !== keys) throw new Error('keys are missing');
    assignPlaces(codec, PART_TABLE, count);
    codec.gather(PART_TABLE, count);
  });
}

/** The replies of the servers are split, their elements placed in the order of the keys, and copied. */
function coalesceCase(keys: number, list: readonly Subject[]): Case {
  const random = new Random(SEED);
  const order = Uint8Array.from({ length: keys }, () => random.integer(0, SERVERS - 1));
  const counts = new Array<number>(SERVERS).fill(0);
  for (const server of order) counts[server]++;
  const replies = counts.map((count, i) => arrayReply(count, SEED + i));
  const ends = replies.map((_, i) => Buffer.concat(replies.slice(0, i + 1)).length);
  const corpus = { name: `mget-${keys}`, bytes: Buffer.concat(replies), frames: keys };
  return windowCase(`coalesce/${corpus.name}`, corpus, list, (codec) => {
    const { words } = codec.arena;
    let elements = 0;
    let start = WINDOW;
    for (let i = 0; i < SERVERS; i++) {
      const table = PART_TABLE + elements * RECORD_BYTES;
      elements += codec.splitReply(start, WINDOW + ends[i], table, LIMIT - elements);
      setPartTable(words, i, table, PART_TABLE + elements * RECORD_BYTES);
      start = WINDOW + ends[i];
    }
    if (elements !== keys) throw new Error('elements are missing');
    words.set(order, PLACE_ORDER / 4);
    codec.place(order.length, FREE);
    codec.gather(PART_TABLE, elements);
  });
}
