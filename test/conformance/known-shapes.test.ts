import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { writeCommandTable } from '../../src/protocol/redis/table/command-table-layout.ts';
import {
  allCodecs,
  prepareCodec,
  TEST_COMMANDS,
  TEST_POOL,
  TEST_POOL_SLOTS,
} from '../support/codec-all.ts';
import { type Direction, replay } from '../support/codec-replay.ts';

// The WebAssembly codecs know what they have seen before and take it faster. So each of these frames
// is shown to them several times, with one among them that differs in a single byte.

const codecs = allCodecs();

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
const request = (...words: string[]) => `*${words.length}\r\n${words.map(bulk).join('')}`;

const FRAMES: readonly (readonly [Direction, readonly string[]])[] = [
  [
    'requests',
    [
      request('T', 'a'),
      request('get', 'k'),
      request('GET', 'user:1234567'),
      request('Get', 'k'.repeat(102)),
      request('SET', 'user:1', 'a value'),
      request('SET', '', '', 'EX', '60'),
      request('GETRANGE', 'key', '0', '-1'),
      request('MGET', 'a', 'bb', 'c'.repeat(12)),
      request('MGET', ...Array.from({ length: 11 }, (_, i) => `key:${i}`)),
    ],
  ],
  [
    'replies',
    [
      '+OK\r\n',
      ':1\r\n',
      ':1234567\r\n',
      '$-1\r\n',
      bulk('v'),
      bulk('a value of 24 bytes: 4567'),
      bulk('v'.repeat(100)),
      `*4\r\n${bulk('ab')}$-1\r\n:7\r\n*2\r\n${bulk('a')}+OK\r\n`,
    ],
  ],
  [
    'memcache requests',
    [
      'get user:1234567\r\n',
      'get a bb ccc\r\n',
      'set user:1 0 0 5\r\nvalue\r\n',
      'mg user:1 v\r\n',
      'ms user:1 2 T0\r\nab\r\n',
      'incr n 1\r\n',
    ],
  ],
  [
    'memcache replies',
    [
      'END\r\n',
      'STORED\r\n',
      'HD\r\n',
      'EN\r\n',
      '17\r\n',
      'VALUE user:1 0 5\r\nvalue\r\nEND\r\n',
      'VALUE a 0 1\r\nx\r\nVALUE b 0 2\r\nyy\r\nEND\r\n',
      'VA 2 s2\r\nab\r\n',
    ],
  ],
];

/** What stands in for a byte: its neighbours, and bytes that mean something elsewhere. */
function others(byte: number): number[] {
  const list = [byte ^ 1, byte ^ 0x20, byte ^ 0x80, ...Buffer.from('\r\n $*/0129:')];
  return list.filter((it) => it !== byte);
}

function changed(frame: Buffer, at: number, byte: number): Buffer {
  const other = Buffer.from(frame);
  other[at] = byte;
  return other;
}

/** Every codec tells the same of the chunks. */
function agree(pool: number, direction: Direction, chunks: readonly Buffer[], what: string): void {
  const [first, ...rest] = codecs.map(({ label, codec }) => ({
    label,
    log: replay(codec, direction, chunks, { pool }).log,
  }));
  for (const { label, log } of rest) {
    if (log !== first.log) assert.equal(log, first.log, `${label}, ${what}`);
  }
}

const POOLS = [
  ['a ring', TEST_POOL],
  ['slots', TEST_POOL_SLOTS],
] as const;

const ALL = FRAMES.flatMap(([direction, frames]) =>
  // Of Redis alone there are clusters, and replies are routed nowhere.
  POOLS.filter(([, pool]) => direction === 'requests' || pool === TEST_POOL).map(
    ([name, pool]) => ({ direction, frames, name, pool }),
  ),
);

for (const { direction, frames, name: poolName, pool } of ALL) {
  describe(`${direction}, ${poolName}`, () => {
    for (const text of frames) {
      const frame = Buffer.from(text, 'latin1');
      const name = JSON.stringify(text.slice(0, 40));

      test(`${name}: another byte at every place`, () => {
        for (let at = 0; at < frame.length; at++) {
          for (const byte of others(frame[at])) {
            const other = changed(frame, at, byte);
            agree(pool, direction, [Buffer.concat([frame, frame, other, frame])], `${at}: ${byte}`);
          }
        }
      });

      test(`${name}: that, and cut at every byte`, () => {
        for (let at = 0; at < frame.length; at++) {
          const other = changed(frame, at, frame[at] ^ 1);
          for (let cut = 0; cut <= frame.length; cut++) {
            const head = Buffer.concat([frame, other.subarray(0, cut)]);
            const tail = Buffer.concat([other.subarray(cut), frame]);
            agree(pool, direction, [head, tail], `${at}, cut at ${cut}`);
          }
        }
      });

      test(`${name}: cut at every byte, in every place of a batch`, () => {
        for (let before = 0; before < 18; before++) {
          const all = Buffer.concat(Array.from({ length: before + 2 }, () => frame));
          for (let cut = 0; cut <= frame.length; cut++) {
            const from = before * frame.length + cut;
            agree(
              pool,
              direction,
              [all.subarray(0, from), all.subarray(from)],
              `${before}, ${cut}`,
            );
          }
        }
      });
    }

    test('all of them in turn, and each between all others', () => {
      const list = frames.map((text) => Buffer.from(text, 'latin1'));
      for (const one of list) {
        for (let at = 0; at < one.length; at++) {
          const other = changed(one, at, one[at] ^ 1);
          agree(pool, direction, [Buffer.concat([...list, other, ...list, one])], `${one}: ${at}`);
        }
      }
    });
  });
}

test('a new command table makes the old shapes void', () => {
  const input = Buffer.from(request('GET', 'a').repeat(3));
  for (const { label, codec } of codecs) {
    const before = replay(codec, 'requests', [input]).frames.map(({ info }) => info);
    assert.deepEqual(before, [1, 1, 1], label);
    const renumbered = TEST_COMMANDS.map((entry) => ({ ...entry, index: entry.index + 40 }));
    writeCommandTable(codec.arena.words, codec.arena.bytes, renumbered);
    const after = replay(codec, 'requests', [input]).frames.map(({ info }) => info);
    assert.deepEqual(after, [41, 41, 41], label);
    prepareCodec(codec);
  }
});
