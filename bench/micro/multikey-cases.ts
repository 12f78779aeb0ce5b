import {
  FRAGMENT_BYTES,
  FRAGMENT_DEST,
  FRAGMENT_LENGTH,
  FRAGMENTS,
  PART_TABLE,
  PART_TABLE_RECORDS,
  PLACE_ORDER,
  WINDOW,
} from '../../src/protocol/frame-table.ts';
import { setPartTable } from '../../src/proxy/engine/splice.ts';
import { arrayReply, mgetRequest } from '../corpus.ts';
import { Random } from '../random.ts';
import type { Case } from './measure.ts';
import { FREE, RING_POOL, type Subject } from './subjects.ts';
import { windowCase } from './window-case.ts';

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

/** A request is cut by server, and the fragments written to their places. */
function fragmentCase(keys: number, list: readonly Subject[]): Case {
  const corpus = { name: `by-server-${keys}`, bytes: mgetRequest(keys), frames: keys };
  return windowCase(`fragment/${corpus.name}`, corpus, list, (codec, end) => {
    const { words } = codec.arena;
    const count = codec.fragment(WINDOW, end, RING_POOL, 1, 1);
    if (count !== SERVERS) throw new Error('fragments are missing');
    let dest = FREE;
    for (let i = 0, at = FRAGMENTS / 4; i < count; i++, at += FRAGMENT_BYTES / 4) {
      words[at + FRAGMENT_DEST / 4] = dest;
      dest += words[at + FRAGMENT_LENGTH / 4];
    }
    codec.copyFragments(WINDOW, end, 1, count);
  });
}

/** The elements of the servers' replies are copied in the order of the keys. */
function coalesceCase(keys: number, list: readonly Subject[]): Case {
  const random = new Random(SEED);
  const order = Uint16Array.from({ length: keys }, () => random.integer(0, SERVERS - 1));
  const counts = new Array<number>(SERVERS).fill(0);
  for (const server of order) counts[server]++;
  const replies = counts.map((count, i) => arrayReply(count, SEED + i));
  const heads = counts.map((count) => `*${count}\r\n`.length);
  const ends = replies.map((_, i) => Buffer.concat(replies.slice(0, i + 1)).length);
  const corpus = { name: `in-order-${keys}`, bytes: Buffer.concat(replies), frames: keys };
  const length = corpus.bytes.length - heads.reduce((sum, it) => sum + it, 0);
  return windowCase(`coalesce/${corpus.name}`, corpus, list, (codec) => {
    const { words, bytes } = codec.arena;
    let start = WINDOW;
    for (let i = 0; i < SERVERS; i++) {
      setPartTable(words, i, start + heads[i], WINDOW + ends[i]);
      start = WINDOW + ends[i];
    }
    bytes.set(new Uint8Array(order.buffer), PLACE_ORDER);
    const end = codec.spliceElements(PLACE_ORDER, keys, FREE);
    if (end !== FREE + length) throw new Error('elements are missing');
  });
}
