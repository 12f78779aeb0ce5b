import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elementEnds } from '../../src/protocol/redis/replies/elements.ts';
import { elementsOf, skipReply } from '../../src/protocol/redis/replies/reply-parts.ts';

const DEEP = `${'*1\r\n'.repeat(100_000)}:1\r\n`;
const ELEMENTS = [
  '$2\r\n\r\n\r\n',
  '$-1\r\n',
  '*-1\r\n',
  '+OK\r\n',
  '*2\r\n*1\r\n:1\r\n$1\r\nx\r\n',
  '%1\r\n+k\r\n~1\r\n_\r\n',
  '|1\r\n+k\r\n*1\r\n:1\r\n=5\r\ntxt:a\r\n',
  DEEP,
];
const array = (elements: readonly string[], count = elements.length) =>
  Buffer.from(`*${count}\r\n${elements.join('')}`, 'latin1');

describe('the elements of a reply', () => {
  for (const before of ['', '|1\r\n+k\r\n*1\r\n:1\r\n', '|0\r\n|1\r\n$0\r\n\r\n_\r\n']) {
    test(`are found whatever is nested in them, behind ${JSON.stringify(before)}`, () => {
      const reply = Buffer.concat([Buffer.from(before), array(ELEMENTS)]);
      const ends = elementEnds(reply, ELEMENTS.length);
      assert.ok(ends !== null);
      const found = ELEMENTS.map((_, i) => reply.toString('latin1', ends[i], ends[i + 1]));
      assert.deepEqual(found, ELEMENTS);
      assert.deepEqual(elementsOf(reply)?.map(String), ELEMENTS);
    });
  }

  test('are none when there are fewer, more, or when one has no end', () => {
    const good = array(ELEMENTS);
    assert.equal(elementEnds(good, ELEMENTS.length - 1), null);
    assert.equal(elementEnds(good, ELEMENTS.length + 1), null);
    for (const cut of [
      '*2\r\n:1\r\n',
      '*1\r\n$5\r\nab\r\n',
      '*1\r\n*3\r\n:1\r\n',
      '*1',
      '|2\r\n+a\r\n',
    ]) {
      assert.equal(elementEnds(Buffer.from(cut), 2), null, cut);
      assert.equal(elementsOf(Buffer.from(cut)), null, cut);
    }
  });

  test('may be 100,000 levels deep', () => {
    assert.equal(skipReply(Buffer.from(DEEP), 0), DEEP.length);
    assert.ok(Number.isNaN(skipReply(Buffer.from(DEEP.slice(0, -1)), 0)));
  });
});
