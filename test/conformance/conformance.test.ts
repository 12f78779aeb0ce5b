import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { routeKey } from '../../src/distribution/route.ts';
import {
  FLAG_BASE64_KEY,
  NO_SERVER,
  SCAN_COMPLETE,
  SCAN_ERROR,
  SCAN_PARTIAL,
} from '../../src/protocol/frame-table.ts';
import { allCodecs, TEST_POOL, TEST_POOL_TAG } from '../support/codec-all.ts';
import {
  type Direction,
  type Outcome,
  pieces,
  replay,
  twoChunks,
} from '../support/codec-replay.ts';
import { type Case, describeFrame } from './cases.ts';
import { MEMCACHE_REPLY_CASES } from './memcache-replies.ts';
import { MEMCACHE_REQUEST_CASES } from './memcache-requests.ts';
import { REPLY_CASES } from './replies.ts';
import { REQUEST_CASES } from './requests.ts';

const codecs = allCodecs();
const suites: readonly (readonly [Direction, readonly Case[]])[] = [
  ['requests', REQUEST_CASES],
  ['replies', REPLY_CASES],
  ['memcache requests', MEMCACHE_REQUEST_CASES],
  ['memcache replies', MEMCACHE_REPLY_CASES],
];

for (const { label, codec } of codecs) {
  for (const [direction, cases] of suites) {
    describe(`${direction}, ${label}`, () => {
      for (const item of cases) {
        test(item.name, () => {
          const input = Buffer.from(item.input, 'latin1');
          const whole = replay(codec, direction, [input]);
          checkOutcome(direction, item, input, whole);
          checkCuts(direction, input, whole);
          checkDetached(direction, input, whole);
        });
      }
    });
  }

  /** The same frames and the same end, wherever the stream is cut and however small the table. */
  function checkCuts(direction: Direction, input: Buffer, whole: Outcome): void {
    for (const chunks of twoChunks(input)) {
      assert.deepEqual(withoutLog(replay(codec, direction, chunks)), withoutLog(whole));
    }
    for (const size of [1, 2, 3, 7]) {
      if (input.length > 8192 * size) continue;
      const cut = replay(codec, direction, pieces(input, size));
      assert.deepEqual(withoutLog(cut), withoutLog(whole), `pieces of ${size}`);
    }
    for (const limit of [1, 2]) {
      const some = replay(codec, direction, [input], { limit });
      assert.deepEqual(withoutLog(some), withoutLog(whole), `limit ${limit}`);
    }
  }

  /** The same frames when what is finished of a partial frame is taken away. */
  function checkDetached(direction: Direction, input: Buffer, whole: Outcome): void {
    const runs = [...twoChunks(input)];
    for (const size of [1, 2, 3, 7]) {
      if (input.length <= 8192 * size) runs.push(pieces(input, size));
    }
    for (const chunks of runs) {
      const taken = replay(codec, direction, chunks, { detach: () => true });
      assert.deepEqual(taken.frames, whole.frames);
      assert.deepEqual(
        [taken.status, taken.error, taken.errorByte],
        [whole.status, whole.error, whole.errorByte],
      );
    }
  }
}

function checkOutcome(direction: Direction, item: Case, input: Buffer, outcome: Outcome): void {
  const frames = outcome.frames.map((frame) => describeFrame(direction, frame, input));
  assert.deepEqual(frames, item.frames);
  assert.equal(outcome.error, item.error ?? 0);
  assert.equal(outcome.errorByte, item.errorByte ?? 0);
  const open = item.partial ? SCAN_PARTIAL : SCAN_COMPLETE;
  assert.equal(outcome.status, item.error === undefined ? open : SCAN_ERROR);
  if (outcome.status === SCAN_COMPLETE) assert.equal(outcome.consumed, input.length);
  for (const frame of outcome.frames) {
    const { words } = codecs[0].codec.arena;
    const isRouted = frame.key !== 0 && (frame.info & FLAG_BASE64_KEY) === 0;
    const server = !isRouted
      ? NO_SERVER
      : routeKey(input, frame.key, frame.keyLength, words, TEST_POOL);
    assert.equal(frame.server, server);
  }
}

test('a pool with a hash tag routes by the tag', () => {
  const request = (key: string) => `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`;
  const keys = ['x{foo}y', '{foo}', '{}foo', '{foo', 'foo', 'a{b}{c}'];
  const input = Buffer.from(keys.map(request).join(''));
  for (const { label, codec } of codecs) {
    const { frames } = replay(codec, 'requests', [input], { pool: TEST_POOL_TAG });
    const { words } = codec.arena;
    const expected = keys.map((key) =>
      routeKey(Buffer.from(key), 0, key.length, words, TEST_POOL_TAG),
    );
    assert.deepEqual(
      frames.map((frame) => frame.server),
      expected,
      label,
    );
    assert.equal(expected[0], expected[4]);
  }
});

function withoutLog(outcome: Outcome): Omit<Outcome, 'log'> {
  const { frames, status, error, errorByte, consumed } = outcome;
  return { frames, status, error, errorByte, consumed };
}
