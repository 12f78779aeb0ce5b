import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  SENTINEL_LINE_BYTES,
  SENTINEL_REPLY_BYTES,
  SENTINEL_REPLY_DEPTH,
  SENTINEL_WORD_BYTES,
} from '../../src/limits.ts';
import { ErrorReply, type Reply, ReplyReader } from '../../src/topology/reply-reader.ts';

/** What is read of chunks; null once they are refused. */
function read(chunks: readonly Buffer[]): { replies: Reply[]; good: boolean } {
  const replies: Reply[] = [];
  const reader = new ReplyReader((reply) => replies.push(reply));
  let good = true;
  for (const chunk of chunks) good = reader.push(chunk);
  return { replies, good };
}

function encode(reply: Reply): string {
  if (reply === null) return '$-1\r\n';
  if (typeof reply === 'string') return `$${reply.length}\r\n${reply}\r\n`;
  if (reply instanceof ErrorReply) return `-${reply.text}\r\n`;
  return `*${reply.length}\r\n${reply.map(encode).join('')}`;
}

const LINE = fc.string({ unit: fc.constantFrom('a', 'B', '7', ' ', ':'), maxLength: 12 });
const WORD = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '$', '\xff'), maxLength: 12 });
const { reply: REPLY } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { depthSize: 'small', maxDepth: SENTINEL_REPLY_DEPTH },
    WORD,
    fc.constant(null),
    LINE.map((text) => new ErrorReply(text)),
    fc.array(tie('reply'), { maxLength: 4 }),
  ),
}));

describe('the replies of a sentinel', () => {
  test('are the same however they are cut', () => {
    fc.assert(
      fc.property(fc.array(REPLY, { maxLength: 4 }), fc.nat(), (replies, at) => {
        const bytes = Buffer.from(replies.map(encode).join(''), 'latin1');
        const cut = bytes.length === 0 ? 0 : at % bytes.length;
        const single = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
        const expected = { replies, good: true };
        assert.deepEqual(read([bytes]), expected);
        assert.deepEqual(read(single), expected);
        assert.deepEqual(read([bytes.subarray(0, cut), bytes.subarray(cut)]), expected);
      }),
      { numRuns: 300 },
    );
  });

  test('statuses and integers are texts', () => {
    assert.deepEqual(read([Buffer.from('+OK\r\n:17\r\n*-1\r\n')]).replies, ['OK', '17', null]);
  });

  const refused: readonly (readonly [what: string, bytes: string])[] = [
    ['a line without an end', 'x'.repeat(SENTINEL_LINE_BYTES + 1)],
    ['a line that ends with LF alone', '+OK\n'],
    ['another type', '%1\r\n'],
    ['an inline text', 'HTTP/1.1 400 Bad Request\r\n'],
    ['a bulk that is too large', `$${SENTINEL_WORD_BYTES + 1}\r\n`],
    ['a negative size', '$-2\r\n'],
    ['a size that is no number', '$1e3\r\n'],
    ['a size with a sign', '$+3\r\n'],
    ['a bulk without its end', '$3\r\nabcde'],
    ['a list that could not fit', `*${SENTINEL_REPLY_BYTES}\r\n`],
    ['a list that is nested too deep', '*1\r\n'.repeat(SENTINEL_REPLY_DEPTH + 1)],
    ['an empty line', '\r\n'],
  ];
  for (const [what, bytes] of refused) {
    test(`${what} is refused, and nothing is read behind it`, () => {
      const { replies, good } = read([Buffer.from(bytes), Buffer.from('+OK\r\n')]);
      assert.deepEqual({ replies, good }, { replies: [], good: false });
    });
  }

  test('a reply that is too large in all is refused', () => {
    const word = 'x'.repeat(SENTINEL_WORD_BYTES);
    const count = Math.ceil(SENTINEL_REPLY_BYTES / SENTINEL_WORD_BYTES) + 1;
    const bytes = Buffer.from(encode(Array.from({ length: count }, () => word)));
    assert.deepEqual(read([bytes]), { replies: [], good: false });
    const small = Buffer.from(encode(word));
    const many = Array.from({ length: 3 * count }, () => small);
    assert.equal(read(many).replies.length, many.length, 'of several none is too large');
  });

  test('no bytes make it throw', () => {
    const bytes = fc.array(fc.constantFrom(...Buffer.from('*$:+-10 2a\r\n')), { maxLength: 60 });
    fc.assert(
      fc.property(bytes, (each) => void read([Buffer.from(each)])),
      { numRuns: 2000 },
    );
  });
});
