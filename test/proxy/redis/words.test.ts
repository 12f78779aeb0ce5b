import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { routeKey } from '../../../src/distribution/route.ts';
import { PART_TABLE_RECORDS } from '../../../src/protocol/frame-table.ts';
import { MAY_WAIT } from '../../../src/proxy/client/router.ts';
import { RING_BASE } from '../../../src/proxy/engine/engine.ts';
import { Words } from '../../../src/proxy/redis/words.ts';
import type { SpecialRequest } from '../../../src/proxy/routing/request.ts';
import { engineCodecs, testEngine } from '../../support/test-engine.ts';
import { PoolClient, TestPool } from '../../support/test-pool.ts';

for (const { label, codec } of engineCodecs()) {
  describe(`the words of a request, ${label}`, () => {
    const engine = testEngine(undefined, 0, codec);
    const pool = new TestPool(engine, 4, {});
    const client = new PoolClient(engine, pool).asConnection;

    /** A request where assembled ones stand. */
    function put(words: readonly Buffer[], at: number = RING_BASE): SpecialRequest {
      const parts = words.map((word) => [Buffer.from(`$${word.length}\r\n`), word, '\r\n']);
      const all = [`*${words.length}\r\n`, ...parts.flat()].map((part) => Buffer.from(part));
      const bytes = Buffer.concat(all);
      bytes.copy(engine.memory, at);
      return { client, start: at, length: bytes.length, intent: MAY_WAIT };
    }

    test('are those that it was made of, and the servers of its keys', () => {
      const word = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes));
      fc.assert(
        fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (sent) => {
          const words = Words.of(put(sent));
          assert.equal(words.count, sent.length);
          assert.ok(words.complete);
          assert.deepEqual(words.copies(0), sent);
          assert.deepEqual(
            words.texts(0),
            sent.map((each) => each.toString('latin1')),
          );
          sent.forEach((key, i) => {
            assert.equal(words.length(i), key.length);
            const server = routeKey(key, 0, key.length, engine.words, pool.descriptor);
            assert.equal(words.serverOf(i), server);
          });
        }),
      );
    });

    test('as many as were asked for can be read, the count is that of the request', () => {
      const words = Words.of(put(['GET', 'key', 'more'].map((each) => Buffer.from(each))), 2);
      assert.deepEqual([words.count, words.readable, words.complete], [3, 2, false]);
      assert.deepEqual(words.texts(0), ['GET', 'key']);
      assert.deepEqual(words.texts(0, 1), ['GET']);
      assert.deepEqual(words.copies(1), [Buffer.from('key')]);
      assert.throws(() => words.text(2), RangeError);
      assert.throws(() => words.text(NaN), RangeError);
    });

    test('a request with more words than the table has records is not complete', () => {
      const sent = new Array<Buffer>(PART_TABLE_RECORDS + 1).fill(Buffer.from('k'));
      const words = Words.of(put(sent));
      assert.equal(words.complete, false);
      assert.equal(words.count, PART_TABLE_RECORDS + 1);
      assert.equal(words.text(PART_TABLE_RECORDS - 1), 'k');
    });

    test('must not be read when somebody else has used the table', () => {
      const first = Words.of(put([Buffer.from('ECHO'), Buffer.from('a')]));
      const second = Words.of(put([Buffer.from('ECHO'), Buffer.from('b')], RING_BASE + 100));
      assert.throws(() => first.text(1), /before the table is used again/);
      assert.throws(() => first.serverOf(1), /before the table is used again/);
      assert.equal(second.text(1), 'b');
      engine.takePartTable();
      assert.throws(() => second.length(1), /before the table is used again/);
    });
  });
}
