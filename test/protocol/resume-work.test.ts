import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  LIMIT_HEADER_BYTES,
  SCAN_PARTIAL,
  STATE,
  STATE_BOUNDARY,
  STATE_CONSUMED,
  STATE_DETACHED,
  STATE_OFFSET,
  STATE_PHASE,
  STATE_STATUS,
} from '../../src/protocol/frame-table.ts';
import { allCodecs, TEST_BASE, TEST_POOL } from '../support/codec-all.ts';
import { type Direction, scan } from '../support/codec-replay.ts';

const MEGABYTE = 1 << 20;
const WORD = STATE >>> 2;
const many = (count: number, item: string) => item.repeat(count);
const elements = 50_000;

const STREAMS = {
  requests: {
    'one value of 1 MB': `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${MEGABYTE}\r\n${many(MEGABYTE, 'x')}\r\n`,
    'many words': `*${elements}\r\n$4\r\nMGET\r\n${many(elements - 1, '$3\r\nkey\r\n')}`,
    'a long line': `${many(60_000, 'x')}\r\n`,
  },
  'memcache requests': {
    'one value of 1 MB': `set k 0 0 ${MEGABYTE}\r\n${many(MEGABYTE, 'x')}\r\n`,
    'many keys': `get ${many(elements, 'key ')}\r\n`,
    'a key too long': `get ${many(60_000, 'x')}\r\n`,
    'blanks before the name': `${many(2000, ' ')}get a\r\n`,
    'a long line': `${many(2000, 'x')}\r\n`,
  },
  'memcache replies': {
    'one value of 1 MB': `VALUE k 0 ${MEGABYTE}\r\n${many(MEGABYTE, 'x')}\r\nEND\r\n`,
    'many items': `${many(elements, 'VALUE k 0 3\r\nval\r\n')}END\r\n`,
    'a long line': `VERSION ${many(60_000, 'x')}\r\n`,
    'many replies': many(elements, 'HD\r\n'),
  },
  replies: {
    'one value of 1 MB': `$${MEGABYTE}\r\n${many(MEGABYTE, 'x')}\r\n`,
    'many elements': `*${elements}\r\n${many(elements, '$3\r\nval\r\n')}`,
    'a long line': `+${many(60_000, 'x')}\r\n`,
    'a long integer': `:${many(60_000, '1')}\r\n`,
    'many replies': many(elements, ':1\r\n'),
  },
};

for (const { label, codec } of allCodecs()) {
  const { bytes, words } = codec.arena;
  for (const [direction, streams] of Object.entries(STREAMS)) {
    for (const [name, text] of Object.entries(streams)) {
      for (const detach of [false, true]) {
        test(`${label}, ${direction}, ${name}, byte by byte${detach ? ', detached' : ''}`, () => {
          const looked = feed(direction as Direction, Buffer.from(text), detach);
          // A line of up to LIMIT_HEADER_BYTES may be read again with each byte; these are shorter.
          assert.ok(looked <= text.length * 12 + LIMIT_HEADER_BYTES, `${looked} bytes looked at`);
        });
      }
    }
  }

  /** Bytes between where each scan resumes and the end of what it is given, over all scans. */
  function feed(direction: Direction, input: Buffer, detach: boolean): number {
    bytes.set(input, TEST_BASE);
    words.fill(0, WORD, WORD + 48);
    let start = TEST_BASE;
    let looked = 0;
    for (let end = TEST_BASE + 1; end <= TEST_BASE + input.length; end++) {
      const resumed = words[WORD + STATE_PHASE] === 0 ? 0 : words[WORD + STATE_OFFSET];
      looked += end - (start + resumed);
      scan(codec, direction, start, end, 1, TEST_POOL);
      start = words[WORD + STATE_CONSUMED];
      const boundary = words[WORD + STATE_BOUNDARY];
      if (detach && boundary > 0 && words[WORD + STATE_STATUS] === SCAN_PARTIAL) {
        // What was finished is gone for good: scribble over it.
        bytes.fill(0xee, start, start + boundary);
        words[WORD + STATE_OFFSET] -= boundary;
        words[WORD + STATE_BOUNDARY] = 0;
        words[WORD + STATE_DETACHED] = 1;
        start += boundary;
      }
    }
    assert.equal(words[WORD + STATE_PHASE], 0);
    assert.equal(start, TEST_BASE + input.length);
    return looked;
  }
}
