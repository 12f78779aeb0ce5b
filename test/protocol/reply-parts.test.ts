import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elementEnds } from '../../src/protocol/redis/replies/elements.ts';
import {
  bulkOf,
  elementsOf,
  errorOf,
  integerOf,
  isNull,
  listOf,
  skipReply,
  wordOf,
} from '../../src/protocol/redis/replies/reply-parts.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const ATTRIBUTE = '|1\r\n+ttl\r\n*2\r\n:1\r\n$1\r\nx\r\n';
/** One of each, nested ones too. */
const REPLIES = [
  '+OK\r\n',
  '-ERR\r\n',
  ':1\r\n',
  '$-1\r\n',
  '$3\r\na\r\n\r\n',
  '*-1\r\n',
  '*0\r\n',
  '*2\r\n*1\r\n:1\r\n$1\r\na\r\n',
  '%1\r\n+a\r\n~1\r\n:1\r\n',
  '~0\r\n',
  '_\r\n',
  '#t\r\n',
  ',1.5\r\n',
  '(12\r\n',
  '=5\r\ntxt:a\r\n',
  '!3\r\nERR\r\n',
  '>1\r\n+a\r\n',
  `${ATTRIBUTE}:1\r\n`,
  `*1\r\n${ATTRIBUTE}${ATTRIBUTE}:1\r\n`,
];

describe('parts of a reply', () => {
  test('each reply ends where the next begins', () => {
    const all = bytes(REPLIES.join(''));
    let at = 0;
    for (const reply of REPLIES) {
      const end = skipReply(all, at);
      assert.equal(all.toString('latin1', at, end), reply);
      at = end;
    }
    assert.equal(at, all.length);
  });

  test('elements of arrays and sets, and of nothing else', () => {
    const array = bytes(`${ATTRIBUTE}*${REPLIES.length}\r\n${REPLIES.join('')}`);
    const elements = elementsOf(array);
    assert.deepEqual(
      elements?.map((each) => each.toString('latin1')),
      REPLIES,
    );
    for (const other of ['*-1\r\n', '%1\r\n+a\r\n+b\r\n', '+OK\r\n', '>1\r\n+a\r\n', '']) {
      assert.equal(elementsOf(bytes(other)), null, other);
    }
  });

  test('where elements lie, with attributes in front and nested ones', () => {
    const head = `${ATTRIBUTE}*${REPLIES.length}\r\n`;
    const ends = elementEnds(bytes(head + REPLIES.join('')), REPLIES.length);
    let at = head.length;
    assert.deepEqual([...(ends ?? [])], [at, ...REPLIES.map(({ length }) => (at += length))]);
  });

  test('values of the kind that is asked for, null for others', () => {
    assert.equal(integerOf(bytes(':-5\r\n')), -5n);
    for (const other of ['+5\r\n', '$1\r\n5\r\n', '(5\r\n', ',5\r\n', ':x\r\n', ':\r\n']) {
      assert.equal(integerOf(bytes(other)), null, other);
    }
    assert.equal(String(bulkOf(bytes('$2\r\n\r\n\r\n'))), '\r\n');
    for (const other of ['$-1\r\n', '+a\r\n', '=5\r\ntxt:a\r\n', '_\r\n']) {
      assert.equal(bulkOf(bytes(other)), null, other);
    }
    assert.equal(wordOf(bytes('+a\r\n')), 'a');
    assert.equal(wordOf(bytes('$1\r\na\r\n')), 'a');
    assert.equal(wordOf(bytes(':1\r\n')), null);
    assert.equal(listOf(bytes('*2\r\n:1\r\n+a\r\n'), integerOf), null);
    assert.deepEqual(listOf(bytes(`*1\r\n${ATTRIBUTE}:1\r\n`), integerOf), [1n]);
    assert.deepEqual(
      ['$-1\r\n', '*-1\r\n', '_\r\n', ':-1\r\n', '+-1\r\n'].map((each) => isNull(bytes(each))),
      [true, true, true, false, false],
    );
  });

  test('errors as lines', () => {
    assert.equal(String(errorOf(bytes('-ERR a\r\n'))), '-ERR a\r\n');
    assert.equal(String(errorOf(bytes('!8\r\nERR\r\nFOO\r\n'))), '-ERR  FOO\r\n');
    assert.equal(errorOf(bytes('+OK\r\n')), null);
  });
});

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
