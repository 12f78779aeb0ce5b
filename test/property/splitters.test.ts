import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PART_TABLE, RECORD_BYTES } from '../../src/protocol/frame-table.ts';
import { allCodecs, TEST_BASE, TEST_POOL } from '../support/codec-all.ts';

const codecs = allCodecs();
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.uint8Array({ minLength: 90, maxLength: 120 }),
);
const bulkOf = (body: Uint8Array) =>
  Buffer.concat([Buffer.from(`$${body.length}\r\n`), body, Buffer.from('\r\n')]);

test('splitRequest: every codec, whole or in parts, finds the words', () => {
  const keys = fc.record({ firstKey: fc.nat(3), step: fc.nat(3) });
  const words = fc.array(bodies, { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(words, fc.nat(4), fc.integer({ min: 1, max: 40 }), keys, (list, from, limit, k) => {
      const head = `*${list.length}\r\n`;
      const input = Buffer.concat([Buffer.from(head), ...list.map(bulkOf)]);
      const starts = list.map((_, i) =>
        list.slice(0, i).reduce((at, body) => at + bulkOf(body).length, TEST_BASE + head.length),
      );
      for (const { label, codec } of codecs) {
        codec.arena.bytes.set(input, TEST_BASE);
        const end = TEST_BASE + input.length;
        let start = TEST_BASE;
        let next = from;
        for (;;) {
          const { firstKey, step } = k;
          const count = codec.splitRequest(
            start,
            end,
            PART_TABLE,
            limit,
            next,
            TEST_POOL,
            firstKey,
            step,
          );
          assert.equal(count, Math.max(0, Math.min(limit, list.length - next)), label);
          if (count === 0) break;
          for (let i = 0; i < count; i++, next++) {
            const at = (PART_TABLE + i * RECORD_BYTES) >>> 2;
            const [from, length, dest, info, server, position, key, keyLength] =
              codec.arena.words.subarray(at, at + 8);
            const isKey = step > 0 && next >= firstKey && (next - firstKey) % step === 0;
            const expected = isKey ? codec.route(key, keyLength, TEST_POOL) : 0xffffffff;
            assert.deepEqual([dest, info, server, position], [0, 0, expected, next], label);
            assert.equal(from, starts[next]);
            assert.equal(length, bulkOf(list[next]).length);
            const body = codec.arena.bytes.subarray(key, key + keyLength);
            assert.deepEqual(Buffer.from(body), Buffer.from(list[next]));
            start = from + length;
          }
        }
      }
    }),
  );
});

interface Element {
  readonly bytes: Buffer;
  readonly type: string;
  readonly count: number;
  readonly body: Uint8Array | null;
}

const simple = fc
  .constantFrom('+OK\r\n', ':12\r\n', '-no\r\n', '_\r\n', '#t\r\n')
  .map((text): Element => ({ bytes: Buffer.from(text), type: text[0], count: 0, body: null }));
const nulls = fc.constantFrom('$-1\r\n', '*-1\r\n').map(
  (text): Element => ({
    bytes: Buffer.from(text),
    type: text[0],
    count: 0xffffffff,
    body: null,
  }),
);
const bulks = bodies.map((body): Element => ({ bytes: bulkOf(body), type: '$', count: 0, body }));
const leaves = fc.oneof(simple, nulls, bulks);
const aggregates = fc
  .tuple(fc.constantFrom('*', '~', '%'), fc.array(leaves, { maxLength: 4 }))
  .map(([type, items]): Element => {
    const all = type === '%' ? [...items, ...items] : items;
    const head = Buffer.from(`${type}${items.length}\r\n`);
    const bytes = Buffer.concat([head, ...all.map((item) => item.bytes)]);
    return { bytes, type, count: all.length, body: null };
  });
const attributed = fc.oneof(leaves, aggregates).map((item) => ({
  ...item,
  bytes: Buffer.concat([Buffer.from('|1\r\n+a\r\n*1\r\n:1\r\n'), item.bytes]),
}));
const elements = fc.oneof(leaves, aggregates, attributed);

test('splitReply: every codec finds the top-level elements', () => {
  const property = fc.property(
    fc.array(elements, { maxLength: 12 }),
    fc.boolean(),
    (list, extra) => {
      const head = `${extra ? '|1\r\n+x\r\n$1\r\ny\r\n' : ''}*${list.length}\r\n`;
      const input = Buffer.concat([Buffer.from(head), ...list.map((item) => item.bytes)]);
      for (const { label, codec } of codecs) {
        const { bytes, words } = codec.arena;
        bytes.set(input, TEST_BASE);
        const end = TEST_BASE + input.length;
        assert.equal(codec.splitReply(TEST_BASE, end, PART_TABLE, 12), list.length, label);
        if (list.length > 0) {
          assert.equal(codec.splitReply(TEST_BASE, end, PART_TABLE, list.length - 1), -1, label);
          codec.splitReply(TEST_BASE, end, PART_TABLE, 12);
        }
        let at = TEST_BASE + head.length;
        for (const [i, item] of list.entries()) {
          const record = (PART_TABLE + i * RECORD_BYTES) >>> 2;
          const [start, length, dest, info, server, count, key, keyLength] = words.subarray(
            record,
            record + 8,
          );
          assert.deepEqual([start, length, dest], [at, item.bytes.length, 0], label);
          assert.deepEqual(
            [info, server, count],
            [item.type.charCodeAt(0), 0xffffffff, item.count],
          );
          if (item.body === null) assert.deepEqual([key, keyLength], [0, 0]);
          else
            assert.deepEqual(
              Buffer.from(bytes.subarray(key, key + keyLength)),
              Buffer.from(item.body),
            );
          at += item.bytes.length;
        }
      }
    },
  );
  fc.assert(property);
});

test('splitReply refuses what is not an array', () => {
  for (const { label, codec } of codecs) {
    for (const text of [
      '*-1\r\n',
      '+OK\r\n',
      '$1\r\na\r\n',
      '%0\r\n',
      '-ERR\r\n',
      '|0\r\n+a\r\n',
    ]) {
      codec.arena.bytes.set(Buffer.from(text), TEST_BASE);
      const result = codec.splitReply(TEST_BASE, TEST_BASE + text.length, PART_TABLE, 10);
      assert.equal(result, -1, `${label} ${JSON.stringify(text)}`);
    }
  }
});

test('gather copies every length, and moves overlapping bytes', () => {
  for (const { label, codec } of codecs) {
    const { bytes, words } = codec.arena;
    for (const shift of [-300, -70, -17, -9, -1, 1, 9, 17, 70, 300, 5000]) {
      for (let length = 1; length < 600; length++) {
        const start = TEST_BASE + 400;
        for (let i = -400; i < 1000; i++) bytes[start + i] = (i * 7 + length) & 0xff;
        const source = bytes.slice(start, start + length);
        const dest = start + shift;
        bytes.fill(0xee, start + 5000 - 8, start + 5000 + 608);
        const record = PART_TABLE >>> 2;
        words.set([start, length, 0, 0, 0, 0, 0, 0], record); // stays
        words.set([start, length, dest, 0, 0, 0, 0, 0], record + 8);
        const before = bytes[dest - 1];
        const after = bytes[dest + length];
        codec.gather(PART_TABLE, 2);
        const what = `${label}, ${length} bytes by ${shift}`;
        assert.deepEqual(bytes.slice(dest, dest + length), source, what);
        assert.equal(bytes[dest - 1], before, what);
        assert.equal(bytes[dest + length], after, what);
      }
    }
  }
});
