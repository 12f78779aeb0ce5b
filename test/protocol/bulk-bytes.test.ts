import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bulkReplyBytes } from '../../src/protocol/redis/replies/bulk-bytes.ts';

test('a bulk string says its length in its head, whatever it holds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 20 }), (value, before) => {
      const reply = Buffer.concat([
        Buffer.from(`$${value.length}\r\n`),
        value,
        Buffer.from('\r\n'),
      ]);
      const bytes = Buffer.concat([Buffer.alloc(before), reply]);
      assert.equal(bulkReplyBytes(bytes, before, bytes.length), reply.length);
    }),
    { seed: 7 },
  );
});

test('what is no bulk string, or not all of a head, says nothing', () => {
  for (const text of [
    '*1\r\n$1\r\na\r\n',
    '+OK\r\n',
    '$',
    '$12',
    '$-1\r\n',
    '$x\r\n',
    '$99999999999\r\n',
    '',
  ]) {
    assert.equal(bulkReplyBytes(Buffer.from(text), 0, text.length), -1, text);
  }
});
