import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KEPT_REPLIES, REPLY_TEXT_BYTES } from '../../src/limits.ts';
import { KeptReplies, line } from '../../src/protocol/line.ts';

describe('a line of a reply', () => {
  test('has no line end but its own, also where latin1 would make one', () => {
    assert.equal(line('-ERR a\r\nb\nc').toString('latin1'), '-ERR a  b c\r\n');
    assert.equal(line('-ERR \u010d\u010a').toString('latin1'), '-ERR   \r\n');
  });

  test('is kept by its text: so many, and so long', () => {
    const kept = new KeptReplies('-ERR ');
    assert.equal(kept.get('a'), kept.get('a'));
    for (let i = 0; i < 3 * KEPT_REPLIES; i++) {
      const reply = kept.get(`${i}`.repeat(2 * REPLY_TEXT_BYTES));
      assert.equal(reply.length, '-ERR '.length + REPLY_TEXT_BYTES + 2);
    }
    assert.ok(kept.size <= KEPT_REPLIES);
  });
});
