import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PART_TABLE, RECORD_BYTES } from '../../src/protocol/frame-table.ts';
import { allCodecs, TEST_BASE, TEST_POOL } from '../support/codec-all.ts';

const codecs = allCodecs();
const keys = fc
  .oneof(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ minLength: 1, maxLength: 250 }))
  .map((text) => text.replaceAll(' ', '_'));
const limits = fc.integer({ min: 1, max: 40 });

test('splitMemcacheKeys: every codec, whole or in parts, finds the keys', () => {
  const heads = fc.constantFrom('get', 'gets', 'gat 0', 'gats -1', ' gat  10 ', '  get');
  const ends = fc.constantFrom('\r\n', '\n', '  \r\n');
  const blanks = fc.constantFrom(' ', '   ');
  fc.assert(
    fc.property(
      heads,
      fc.array(keys, { minLength: 1, maxLength: 60 }),
      blanks,
      ends,
      limits,
      (head, list, blank, lineEnd, limit) => {
        const input = Buffer.from([head, ...list].join(blank) + lineEnd, 'latin1');
        for (const { label, codec } of codecs) {
          codec.arena.bytes.set(input, TEST_BASE);
          const end = TEST_BASE + input.length;
          let start = TEST_BASE;
          let next = 0;
          for (;;) {
            const count = codec.splitMemcacheKeys(start, end, PART_TABLE, limit, next, TEST_POOL);
            assert.equal(count, Math.min(limit, list.length - next), label);
            if (count === 0) break;
            for (let i = 0; i < count; i++, next++) {
              const at = (PART_TABLE + i * RECORD_BYTES) >>> 2;
              const [from, length, dest, info, server, position, key, keyLength] =
                codec.arena.words.subarray(at, at + 8);
              assert.deepEqual([from, length], [key, keyLength], label);
              assert.equal(server, codec.route(key, keyLength, TEST_POOL), label);
              assert.deepEqual([dest, info, position], [0, 0, next], label);
              const bytes = codec.arena.bytes.subarray(key, key + keyLength);
              assert.equal(Buffer.from(bytes).toString('latin1'), list[next], label);
              start = from + length;
            }
          }
        }
      },
    ),
  );
});

test('splitMemcacheValues: every codec, whole or in parts, finds the items', () => {
  const items = fc.record({
    key: fc.oneof(keys, keys, fc.constantFrom('', 'a\tb', '\r', 'a\0')),
    flags: fc.constantFrom('7', '7', '4294967295', '42949672950', '', 'x'),
    data: fc.uint8Array({ maxLength: 100 }),
    digits: fc.constantFrom(0, 0, 9, 10),
    cas: fc.constantFrom('', '', ' 18446744073709551615', ' ', ' 1 2', ' x'),
  });
  const ends = fc.constantFrom('END\r\n', 'SERVER_ERROR Connection refused\r\n', '');
  fc.assert(
    fc.property(fc.array(items, { maxLength: 30 }), ends, limits, (list, last, limit) => {
      const parts = list.map(({ key, flags, data, digits, cas }) => {
        const size = String(data.length).padStart(digits, '0');
        return Buffer.concat([
          Buffer.from(`VALUE ${key} ${flags} ${size}${cas}\r\n`, 'latin1'),
          data,
          Buffer.from('\r\n'),
        ]);
      });
      const input = Buffer.concat([...parts, Buffer.from(last)]);
      for (const { label, codec } of codecs) {
        codec.arena.bytes.set(input, TEST_BASE);
        const end = TEST_BASE + input.length;
        let start = TEST_BASE;
        let next = 0;
        for (;;) {
          const count = codec.splitMemcacheValues(start, end, PART_TABLE, limit);
          assert.equal(count, Math.min(limit, list.length - next), label);
          if (count === 0) break;
          for (let i = 0; i < count; i++, next++) {
            const at = (PART_TABLE + i * RECORD_BYTES) >>> 2;
            const [from, length, dest, info, server, position, key, keyLength] =
              codec.arena.words.subarray(at, at + 8);
            assert.deepEqual([from, length], [start, parts[next].length], label);
            assert.deepEqual([dest, info, server, position], [0, 0, 0xffffffff, i], label);
            const bytes = codec.arena.bytes.subarray(key, key + keyLength);
            assert.equal(Buffer.from(bytes).toString('latin1'), list[next].key, label);
            start = from + length;
          }
        }
        assert.equal(start, end - last.length, label);
      }
    }),
  );
});
