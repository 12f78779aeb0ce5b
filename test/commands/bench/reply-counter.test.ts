import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { replyCounter } from '../../../src/commands/bench/reply-counter.ts';

const CASES = [
  { name: 'redis', text: '+OK\r\n$3\r\nabc\r\n-ERR no\r\n$-1\r\n:5\r\n$0\r\n\r\n', errors: [2] },
  {
    name: 'memcached',
    text: 'STORED\r\nVALUE k 0 3\r\na\r\n\r\nEND\r\nEND\r\nSERVER_ERROR no\r\nDELETED\r\n',
    errors: [3],
  },
];

describe('replies that a load counts', () => {
  for (const { name, text, errors } of CASES) {
    test(`${name}, in two pieces, cut anywhere`, () => {
      const bytes = Buffer.from(text);
      const whole: boolean[] = [];
      replyCounter(name === 'redis').take(bytes, (isError) => void whole.push(isError));
      assert.deepEqual(
        whole.flatMap((isError, i) => (isError ? [i] : [])),
        errors,
      );
      for (let cut = 1; cut < bytes.length; cut++) {
        const counter = replyCounter(name === 'redis');
        const found: boolean[] = [];
        const note = (isError: boolean): void => void found.push(isError);
        counter.take(bytes.subarray(0, cut), note);
        counter.take(bytes.subarray(cut), note);
        assert.deepEqual(found, whole, `cut at ${cut}`);
      }
    });
  }

  test('what is no reply ends it', () => {
    const take = (isRedis: boolean, text: string): void => {
      replyCounter(isRedis).take(Buffer.from(text), () => {});
    };
    assert.throws(() => take(true, 'HTTP/1.1 200 OK\r\n'), /not a reply/);
    assert.throws(() => take(true, '$x\r\n'), /not a reply/);
    assert.throws(() => take(false, 'VALUE k 0 x\r\n'), /not a reply/);
    assert.throws(() => take(true, '+'.padEnd(70_000, 'x')), /no reply to this load/);
  });
});
