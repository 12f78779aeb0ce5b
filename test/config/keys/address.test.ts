import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withWeight } from '../../../src/config/keys/address.ts';

describe('a server without a weight', () => {
  const whole = (text: string, expected: string) => assert.equal(withWeight(text), expected);

  test('has the weight 1, before its name if it has one', () => {
    whole('localhost:6379', 'localhost:6379:1');
    whole('localhost:6379 cache:7:1', 'localhost:6379:1 cache:7:1');
    whole('/tmp/r.sock', '/tmp/r.sock:1');
    whole('/tmp/r.sock name', '/tmp/r.sock:1 name');
    whole('::1:6379', '::1:6379:1');
    whole('redis-{0..2}:6379 r{}', 'redis-{0..2}:6379:1 r{}');
  });

  test('is left alone if it has one, or can be no server', () => {
    for (const text of [
      ...['localhost:6379:2', 'localhost:6379:2 a', '/tmp/r.sock:1', '/tmp/r.sock:1 name'],
      ...['::1:6379:1', 'redis-{0..2}:6379:1 r{}', 'localhost', 'localhost:0', 'h:1:x', ''],
    ]) {
      whole(text, text);
    }
  });
});
