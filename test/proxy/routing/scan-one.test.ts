import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ERROR_BULK_CRLF,
  FLAG_INLINE,
  NO_COMMAND,
  PART_TABLE,
  RECORD_INFO,
  STATE,
  STATE_DETACHED,
  STATE_ERROR,
  STATE_PHASE,
} from '../../../src/protocol/frame-table.ts';
import type { Pool } from '../../../src/proxy/pool/pool.ts';
import { NOT_ONE, scanOne } from '../../../src/proxy/routing/scan-one.ts';
import { allCodecs, TEST_BASE, TEST_POOL } from '../../support/codec-all.ts';

const GET = '*2\r\n$3\r\nGET\r\n$1\r\na\r\n';
const NUMBER_OF_GET = 1; // in TEST_COMMANDS

for (const { label, codec } of allCodecs()) {
  const { words, node } = codec.arena;
  const state = (word: number) => words[STATE / 4 + word];
  const engine = {
    words,
    state,
    takePartTable: () => 0,
    loadState: () => {
      words[STATE / 4 + STATE_PHASE] = 0;
      words[STATE / 4 + STATE_DETACHED] = 0;
    },
  };
  // As much of a pool as a scan needs.
  const pool = { engine, protocol: codec, descriptor: TEST_POOL } as unknown as Pool;
  const infoOf = (text: string): number => {
    node.write(text, TEST_BASE, 'latin1');
    return scanOne(pool, TEST_BASE, text.length);
  };

  describe(`bytes that are scanned again, ${label}`, () => {
    test('are taken when they are one whole request', () => {
      assert.equal(infoOf(GET) & NO_COMMAND, NUMBER_OF_GET);
      assert.notEqual(infoOf('PING\r\n') & FLAG_INLINE, 0);
    });

    for (const [what, text] of [
      ['nothing', ''],
      ['a part of one', GET.slice(0, -1)],
      ['no more than a count', '*2\r\n'],
      ['two', GET + GET],
      ['one and a part of another', `${GET}*`],
      ['one and an empty line', `${GET}\r\n`],
      ['one behind an empty line', `\r\n${GET}`],
      ['one behind an empty request', `*0\r\n${GET}`],
      ['an empty request', '*0\r\n'],
      ['an empty line', '\r\n'],
    ]) {
      test(`are not when they are ${what}, whatever was scanned before`, () => {
        assert.notEqual(infoOf(GET), NOT_ONE);
        assert.equal(infoOf(text), NOT_ONE);
        assert.equal(state(STATE_ERROR), 0);
      });
    }

    test('leave no record of an earlier request behind when they are malformed', () => {
      assert.notEqual(infoOf(GET), NOT_ONE);
      assert.equal(infoOf(`${GET.slice(0, -2)}xx`), NOT_ONE);
      assert.equal(state(STATE_ERROR), ERROR_BULK_CRLF);
      assert.equal(words[PART_TABLE / 4 + RECORD_INFO], 0);
    });
  });
}
