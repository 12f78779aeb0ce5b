import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PART_TABLE_RECORDS } from '../../../../src/protocol/frame-table.ts';
import { MAY_WAIT } from '../../../../src/proxy/client/router.ts';
import { RING_BASE } from '../../../../src/proxy/engine/engine.ts';
import { RequestTable } from '../../../../src/proxy/redis/access/request-table.ts';
import type { SpecialRequest } from '../../../../src/proxy/routing/request.ts';
import { engineCodecs, testEngine } from '../../../support/test-engine.ts';
import { PoolClient, TestPool } from '../../../support/test-pool.ts';

const WORDS = 3 * PART_TABLE_RECORDS + 7;
/** Of each word: `$1`, a letter, two line ends. */
const WORD_BYTES = 7;

for (const { label, codec } of engineCodecs()) {
  describe(`the words of a request for its rules, ${label}`, () => {
    /** Bytes that the codec has been through. */
    let seen = 0;
    const split = codec.splitRequest.bind(codec);
    const counting = Object.assign(Object.create(codec) as typeof codec, {
      splitRequest: (...args: Parameters<typeof codec.splitRequest>): number => {
        const [start, end, , , from] = args;
        const found = split(...args);
        const whole = start === RING_BASE ? from + found : found;
        seen += Math.min(end - start, whole * WORD_BYTES);
        return found;
      },
    });
    const engine = testEngine(undefined, 0, counting);
    const client = new PoolClient(engine, new TestPool(engine, 1, {})).asConnection;

    function put(): SpecialRequest {
      const words = Array.from({ length: WORDS }, (_, i) => {
        return `$1\r\n${String.fromCharCode(97 + (i % 26))}\r\n`;
      });
      const bytes = Buffer.from(`*${WORDS}\r\n${words.join('')}`);
      bytes.copy(engine.memory, RING_BASE);
      return { client, start: RING_BASE, length: bytes.length, intent: MAY_WAIT };
    }

    const letter = (index: number): string => String.fromCharCode(97 + (index % 26));

    test('are found with work that grows with the request, and not faster', () => {
      const request = put();
      for (const order of ['forwards', 'backwards'] as const) {
        const table = new RequestTable(request);
        assert.equal(table.count, WORDS);
        seen = 0;
        for (let i = 0; i < WORDS; i++) {
          const index = order === 'forwards' ? i : WORDS - 1 - i;
          if (table.text(index) !== letter(index)) assert.fail(`word ${index}, ${order}`);
        }
        assert.ok(seen <= 2 * request.length + 64, `${order}: ${seen} of ${request.length} bytes`);
      }
    });

    test('can be read in any order, and with some left out in front', () => {
      const table = new RequestTable(put(), 3);
      assert.equal(table.count, WORDS - 3);
      for (const index of [WORDS - 4, 0, PART_TABLE_RECORDS, 5, 2 * PART_TABLE_RECORDS - 1, 1]) {
        assert.equal(table.text(index), letter(index + 3));
        assert.equal(table.lengthOf(index), 1);
        assert.equal(table.copy(index).toString(), letter(index + 3));
      }
      assert.throws(() => table.text(WORDS - 3), RangeError);
      assert.throws(() => table.text(-1), RangeError);
    });
  });
}
