import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Codec } from '../../src/protocol/codec.ts';
import {
  DRAIN_TABLE,
  PART_TABLE,
  RECORD_BYTES,
  RECORD_KEY,
  RECORD_START,
  STATE,
  STATE_CONSUMED,
  STATE_RESUME,
  STATE_WORD_BYTES,
} from '../../src/protocol/frame-table.ts';
import { allCodecs, TEST_BASE, TEST_POOL } from '../support/codec-all.ts';
import { type Direction, scan } from '../support/codec-replay.ts';
import type { Case } from './cases.ts';
import { MEMCACHE_REPLY_CASES } from './memcache-replies.ts';
import { MEMCACHE_REQUEST_CASES } from './memcache-requests.ts';
import { REPLY_CASES } from './replies.ts';
import { REQUEST_CASES } from './requests.ts';

const LONGEST = 300;
const STATE_WORD = STATE / 4;
const suites: readonly (readonly [Direction, readonly Case[]])[] = [
  ['requests', REQUEST_CASES],
  ['replies', REPLY_CASES],
  ['memcache requests', MEMCACHE_REQUEST_CASES],
  ['memcache replies', MEMCACHE_REPLY_CASES],
];

for (const { label, codec } of allCodecs()) {
  for (const [direction, cases] of suites) {
    test(`${direction}, ${label}: what is behind the end does not matter, if anything is`, () => {
      for (const { input, name } of cases) {
        if (input.length > LONGEST) continue;
        const bytes = Buffer.from(input, 'latin1');
        for (let length = 1; length < bytes.length; length++) {
          const goesOn = scanAt(codec, direction, bytes, length, TEST_BASE);
          const last = codec.arena.bytes.length - length;
          const atEndOfArena = scanAt(codec, direction, bytes.subarray(0, length), length, last);
          assert.deepEqual(atEndOfArena, goesOn, `${name}: ${length} bytes`);
        }
      }
    });
  }

  test(`${label}: items and keys that end where the arena does`, () => {
    const { bytes } = codec.arena;
    const keys = Buffer.from('gets a bb key:000000000001 d\r\n');
    const items = Buffer.from('VALUE a 0 1\r\nx\r\nVALUE key:000000000001 7 2 9\r\nxy\r\n');
    bytes.set(keys, bytes.length - keys.length);
    const start = bytes.length - keys.length;
    assert.equal(codec.splitMemcacheKeys(start, bytes.length, PART_TABLE, 9, 0, TEST_POOL), 4);
    bytes.set(items, bytes.length - items.length);
    const first = bytes.length - items.length;
    assert.equal(codec.splitMemcacheValues(first, bytes.length, PART_TABLE, 9), 2);
  });
}

/** Puts `bytes` at `start` and scans the first `length`. @returns records and state, relative */
function scanAt(
  codec: Codec,
  direction: Direction,
  bytes: Uint8Array,
  length: number,
  start: number,
): number[] {
  const { arena } = codec;
  arena.bytes.set(bytes, start);
  arena.words.fill(0, STATE_WORD + STATE_RESUME, STATE_WORD + STATE_WORD_BYTES);
  const count = scan(codec, direction, start, start + length, 4096, TEST_POOL);
  const words = (count * RECORD_BYTES) / 4;
  const records = arena.words.slice(DRAIN_TABLE / 4, DRAIN_TABLE / 4 + words);
  for (let record = 0; record < words; record += RECORD_BYTES / 4) {
    records[record + RECORD_START] -= start;
    const isInInput = direction !== 'memcache replies' && records[record + RECORD_KEY] !== 0;
    if (isInInput) records[record + RECORD_KEY] -= start;
  }
  const state = arena.words.slice(STATE_WORD, STATE_WORD + STATE_WORD_BYTES);
  state[STATE_CONSUMED] -= start;
  return [...records, ...state];
}
