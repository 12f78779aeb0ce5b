import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ALL_KEYS, keysOfPush } from '../../../../../src/proxy/redis/tracking/lines/push.ts';

const HEAD = '>2\r\n$10\r\ninvalidate\r\n';

function read(text: string): unknown {
  const bytes = Buffer.from(`xx${text}yy`, 'latin1');
  const keys = keysOfPush(bytes, 2, bytes.length - 2);
  return Array.isArray(keys) ? keys.map((key: Buffer) => key.toString('latin1')) : keys;
}

describe('what servers push', () => {
  test('names the keys that have changed', () => {
    assert.deepEqual(read(`${HEAD}*2\r\n$1\r\na\r\n$2\r\n\r\n\r\n`), ['a', '\r\n']);
    assert.deepEqual(read(`${HEAD}*0\r\n`), []);
  });

  test('means all keys when it names none, or makes no sense', () => {
    const texts = ['_\r\n', '*-1\r\n', '$-1\r\n', '*1\r\n$1\r\nab\r\n', '*1\r\n:1\r\n', '', '*'];
    texts.push('*2\r\n$1\r\na\r\n', '*1\r\n$1\r\na\r\n$1\r\n', '*1\r\n$9999999999\r\na\r\n');
    for (const text of texts) assert.equal(read(HEAD + text), ALL_KEYS, JSON.stringify(text));
  });

  test('may be about something else', () => {
    for (const text of ['>2\r\n$7\r\nmessage\r\n', '>', '', '>3\r\n$10\r\ninvalidate\r\n']) {
      assert.equal(read(text), null);
    }
  });

  test('is never read beyond its end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(40), (tail, cut) => {
        const bytes = Buffer.concat([Buffer.from(HEAD), tail]);
        const end = Math.min(bytes.length, HEAD.length + cut);
        const keys = keysOfPush(bytes, 0, end);
        if (keys === null || keys === ALL_KEYS) return;
        const sum = keys.reduce((total, { length }) => total + length, 0);
        assert.ok(sum <= end - HEAD.length);
      }),
    );
  });
});
