import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  arrayReply,
  keysOfLength,
  mgetRequest,
  replyCorpora,
  requestCorpora,
  WINDOW_SIZE,
} from '../../bench/corpus.ts';
import { Random } from '../../bench/random.ts';

describe('the corpus of the benchmarks', () => {
  test('is the same every time', () => {
    assert.deepEqual(requestCorpora(), requestCorpora());
    assert.deepEqual(replyCorpora(), replyCorpora());
    assert.deepEqual(mgetRequest(100), mgetRequest(100));
    assert.deepEqual(arrayReply(100), arrayReply(100));
    assert.deepEqual(keysOfLength(23, 9), keysOfLength(23, 9));
  });

  test('fills a window with whole frames', () => {
    for (const { name, bytes, frames } of [...requestCorpora(), ...replyCorpora()]) {
      assert.ok(bytes.length <= WINDOW_SIZE, name);
      assert.ok(bytes.length > WINDOW_SIZE * 0.85, name);
      assert.ok(frames > 10, name);
      assert.equal(bytes.subarray(-2).toString(), '\r\n', name);
    }
  });

  test('its first requests are 47 bytes each', () => {
    const { bytes, frames } = requestCorpora()[0];
    assert.equal(bytes.length, frames * 47);
    assert.match(bytes.toString(), /^(\*2\r\n\$3\r\nGET\r\n\$27\r\nsession:[0-9a-f]{19}\r\n)+$/);
  });

  test('has the keys and elements that were asked for', () => {
    assert.equal(keysOfLength(23, 9).length, 207);
    assert.match(mgetRequest(2).toString(), /^\*3\r\n\$4\r\nMGET\r\n(\$\d+\r\n[^\r]+\r\n){2}$/);
    assert.match(arrayReply(3).toString(), /^\*3\r\n(\$-1\r\n|\$\d+\r\n\w+\r\n){3}$/);
  });

  test('a seed gives one sequence, another seed another', () => {
    const draw = (seed: number): string => new Random(seed).text(20);
    assert.equal(draw(1), draw(1));
    assert.notEqual(draw(1), draw(2));
    const random = new Random(7);
    for (let i = 0; i < 1000; i++) {
      const number = random.integer(3, 5);
      assert.ok(number >= 3 && number <= 5);
    }
  });
});
