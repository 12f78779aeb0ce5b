import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Codec } from '../../src/protocol/codec.ts';
import {
  DRAIN_TABLE,
  ITEM_ENDS,
  ITEM_ENDS_BYTES,
  PLACE_ORDER,
  PLACE_TABLES,
  RECORD_BYTES,
  RECORD_COUNT,
  RECORD_KEY,
  STATE,
  STATE_DETACHED,
  STATE_PHASE,
} from '../../src/protocol/frame-table.ts';
import { allCodecs, TEST_BASE, TEST_POOL } from '../support/codec-all.ts';
import { pieces, replay, scan, twoChunks } from '../support/codec-replay.ts';

const codecs = allCodecs();
const ROOM = ITEM_ENDS_BYTES / 4;
/** One of the common form, and the shortest there is. */
const COMMON = 'VALUE k 0 1\r\nx\r\n';
const SHORTEST = 'VALUE   0\r\n\r\n';

/** Scans from the start of a frame. @returns COUNT and KEY of each record */
function scanReplies(codec: Codec, input: string): number[][] {
  const { words, node } = codec.arena;
  words[STATE / 4 + STATE_PHASE] = 0;
  words[STATE / 4 + STATE_DETACHED] = 0;
  const end = TEST_BASE + node.write(input, TEST_BASE, 'latin1');
  const count = scan(codec, 'memcache replies', TEST_BASE, end, 4096, TEST_POOL);
  return Array.from({ length: count }, (_, i) => {
    const record = (DRAIN_TABLE + i * RECORD_BYTES) / 4;
    return [words[record + RECORD_COUNT], words[record + RECORD_KEY]];
  });
}

for (const [form, item] of [
  ['common', COMMON],
  ['shortest', SHORTEST],
] as const) {
  test(`the ends of ${form} items stay in their region, and say so when there are too many`, () => {
    const frame = (items: number) => `${item.repeat(items)}END\r\n`;
    for (const { label, codec } of codecs) {
      const { words } = codec.arena;
      const around = [ITEM_ENDS / 4 - 1, (ITEM_ENDS + ITEM_ENDS_BYTES) / 4];
      const before = around.map((word) => words[word]);
      const all = [ROOM - 100, 101, 70, ROOM + 500, 30, 1, 0];
      const records = scanReplies(codec, all.map(frame).join(''));
      const at = (items: number) => ITEM_ENDS + items * 4;
      const keys = [at(0), 0, at(ROOM - 100), 0, at(ROOM - 30), 0, 0];
      const expected = all.map((items, i) => [items, keys[i]]);
      assert.deepEqual(records, expected, label);
      const ends = words.subarray(at(ROOM - 30) / 4, at(ROOM) / 4);
      const first = frame(ROOM - 100).length + frame(101).length + frame(70).length;
      const start = TEST_BASE + first + frame(ROOM + 500).length;
      const wanted = Array.from({ length: 30 }, (_, i) => start + (i + 1) * item.length);
      assert.deepEqual([...ends], wanted, label);
      assert.deepEqual(
        around.map((word) => words[word]),
        before,
        label,
      );
    }
  });
}

test('the ends of items of replies that are cut: known of the others, nothing else is written', () => {
  const odd = `VALUE kk 0 1 \r\ny\r\n${SHORTEST}${COMMON}`;
  const input = Buffer.from(`OK\r\n${COMMON}${odd}END\r\n${odd}ERROR\r\n${odd.repeat(2)}END\r\n`);
  for (const { label, codec } of codecs) {
    const { words } = codec.arena;
    const before = words[ITEM_ENDS / 4 - 1];
    // replay() checks them.
    const detach = () => true;
    const whole = replay(codec, 'memcache replies', [input]);
    for (const chunks of [...twoChunks(input), pieces(input, 1), pieces(input, 9)]) {
      const { frames } = replay(codec, 'memcache replies', chunks);
      assert.deepEqual(frames, whole.frames, label);
      replay(codec, 'memcache replies', chunks, { detach });
    }
    assert.equal(words[ITEM_ENDS / 4 - 1], before, label);
  }
});

test('spliceItems copies items in order and nothing else', () => {
  const lengths = fc.oneof(
    fc.integer({ min: 1, max: 80 }),
    fc.integer({ min: 13, max: 700 }),
    fc.constantFrom(15, 16, 17, 31, 32, 33, 64, 65, 512, 513, 5000),
  );
  const tables = fc.array(fc.array(lengths, { maxLength: 20 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(tables, fc.array(fc.nat(), { maxLength: 80 }), fc.nat(40), (list, picks, gap) => {
      const order = picks.map((pick) => pick % list.length);
      for (const { label, codec } of codecs) {
        const { bytes, words } = codec.arena;
        const expected: number[] = [];
        const items: Uint8Array[][] = [];
        let at = TEST_BASE + gap;
        let ends = ITEM_ENDS;
        for (const [i, table] of list.entries()) {
          words.set([at, ends, ends + table.length * 4], PLACE_TABLES / 4 + i * 3);
          items.push(
            table.map((length, j) => {
              bytes.fill(i * 31 + j + 1, at, at + length);
              bytes[at] = length;
              at += length;
              words[ends / 4] = at;
              ends += 4;
              return bytes.slice(at - length, at);
            }),
          );
          at += gap;
        }
        for (const [i, table] of order.entries()) {
          words[PLACE_ORDER / 4 + i] = table;
          expected.push(...(items[table].shift() ?? []));
        }
        const dest = at + 100 + gap;
        bytes.fill(0xee, dest - 64, dest + expected.length + 64);
        const end = codec.spliceItems(order.length, dest);
        assert.equal(end, dest + expected.length, label);
        assert.deepEqual([...bytes.subarray(dest, end)], expected, label);
        for (let i = 1; i <= 64; i++) {
          assert.equal(bytes[dest - i], 0xee, label);
          assert.equal(bytes[end + i - 1], 0xee, label);
        }
      }
    }),
  );
});
