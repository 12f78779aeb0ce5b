import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Transaction } from '../../../../src/proxy/client/session/transaction.ts';

const MULTI = '*1\r\n$5\r\nMULTI\r\n';
const EXEC = '*1\r\n$4\r\nEXEC\r\n';
const requests = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { maxLength: 20 });

/** @param around bytes before and behind each request, which are not its own */
function made(parts: readonly Uint8Array[], around = 3): Transaction {
  const transaction = new Transaction();
  for (const part of parts) {
    const bytes = Buffer.concat([Buffer.alloc(around), part, Buffer.alloc(around)]);
    transaction.add(bytes, around, part.length);
    bytes.fill(0xff);
  }
  return transaction;
}

describe('a transaction', () => {
  test('keeps of a SELECT no more than tells whether it names a database', () => {
    const transaction = new Transaction();
    for (const word of ['15', '-1', '9'.repeat(1_000_000)]) transaction.addSelect(word);
    const kept = ['15', '-1', '9'.repeat(12)];
    assert.deepEqual(transaction.selected, kept);
    assert.deepEqual(Transaction.restore(transaction.saved).selected, kept);
  });

  test('keeps each request, and becomes MULTI, all of them and EXEC', () => {
    fc.assert(
      fc.property(requests, (parts) => {
        const transaction = made(parts);
        assert.equal(transaction.count, parts.length);
        parts.forEach((part, i) => {
          assert.deepEqual(Buffer.from(transaction.request(i)), Buffer.from(part));
        });
        assert.ok(transaction.heldBytes >= transaction.length);
        const block = Buffer.concat([Buffer.from(MULTI), ...parts, Buffer.from(EXEC)]);
        assert.deepEqual(Buffer.from(transaction.end()), block);
      }),
    );
  });

  test('is the same in another process, and may go on there', () => {
    fc.assert(
      fc.property(requests, requests, fc.boolean(), (before, behind, fails) => {
        const transaction = made(before);
        transaction.selected.push('3');
        if (fails) transaction.fail();
        const moved = Transaction.restore(JSON.parse(JSON.stringify(transaction.saved)));
        assert.equal(moved.failed, fails);
        assert.deepEqual(moved.selected, fails ? [] : ['3']);
        for (const part of behind) moved.add(Buffer.from(part), 0, part.length);
        const all = fails ? [] : [...before, ...behind];
        assert.equal(moved.count, all.length);
        const block = Buffer.concat([Buffer.from(MULTI), ...all, Buffer.from(EXEC)]);
        assert.deepEqual(Buffer.from(moved.end()), block);
      }),
    );
  });

  test('that has failed keeps nothing, whatever comes', () => {
    const transaction = made([Buffer.alloc(5000)]);
    transaction.fail();
    transaction.add(Buffer.from('PING\r\n'), 0, 6);
    assert.deepEqual([transaction.count, transaction.length, transaction.heldBytes], [0, 0, 0]);
  });
});
