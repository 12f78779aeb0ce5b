import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { adminLine, adminWords } from '../../src/admin/admin-line.ts';

describe('a line of the admin socket', () => {
  test('has the words that were put into it, whatever is in them', () => {
    for (const words of [
      ['server', 'alpha', 's1', 'eject'],
      ['server', 'a pool', 's 1', 'eject'],
      ['a\tb', 'c\u00a0d', 'e\u3000f', '\u2028', 'g\nh', 'i\r\nj'],
      ['', ' ', '"', '""', 'a"b c"d', '\\', '\\"', "it's"],
      ['größe', '日本', '\u0000', '\u001b[31m', '\ufffd'],
    ]) {
      const line = adminLine(words);
      assert.ok(!line.includes('\n'), 'one line');
      assert.deepEqual(adminWords(line), words);
    }
  });

  test('is words with blanks between them, in strings of JSON where they have blanks', () => {
    assert.deepEqual(adminWords('  server\talpha   s1  eject '), [
      'server',
      'alpha',
      's1',
      'eject',
    ]);
    assert.deepEqual(adminWords('server "a pool" s1 eject'), ['server', 'a pool', 's1', 'eject']);
    assert.deepEqual(adminWords('a\'b c"d'), ["a'b", 'c"d']);
    assert.deepEqual(adminWords(''), ['']);
  });

  test('with quotes around what is no string of JSON is refused', () => {
    for (const line of ['server "alpha', '"', 'a "b"c', '"\\x"', '"a\tb"']) {
      assert.throws(() => adminWords(line), /is no word; expected a string of JSON/, line);
    }
  });

  test('of many quotes is read in time that grows with its length', () => {
    assert.throws(() => adminWords(`${'"\\'.repeat(2_000)}`), /is no word/);
  });
});
