import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { REQUEST_HEAD_BYTES, SLOW_KEY_BYTES } from '../../src/limits.ts';
import { requestHead } from '../../src/protocol/redis/request-head.ts';
import { RequestHeads } from '../../src/proxy/backend/flight/request-heads.ts';

function encode(words: readonly string[]): string {
  const bulks = words.map((word) => `$${word.length}\r\n${word}\r\n`);
  return `*${words.length}\r\n${bulks.join('')}`;
}

function headOf(text: string): Buffer {
  return Buffer.from(text, 'latin1').subarray(0, REQUEST_HEAD_BYTES);
}

const word = fc.string({
  unit: fc.nat({ max: 255 }).map((c) => String.fromCharCode(c)),
  maxLength: 90,
});

describe('what the beginning of a request tells', () => {
  const cases: [head: string, command: string, key: string | null, words: number][] = [
    ['*2\r\n$3\r\nget\r\n$1\r\nk\r\n', 'GET', 'k', 2],
    ['*1\r\n$4\r\nPING\r\n', 'PING', null, 1],
    ['*3\r\n$3\r\nSET\r\n$500\r\nabc', 'SET', 'abc...', 3],
    ['*3\r\n$3\r\nSET\r\n$5', 'SET', '', 3],
    ['set key 0 0 5\r\nhello\r\n', 'SET', 'key', 5],
    ['GET  inline\r\n', 'GET', 'inline', 2],
    ['', '', null, 1],
    ['*4\r\n$4\r\nEVAL\r\n$6\r\nscript\r\n$1\r\n1\r\n$3\r\nkey\r\n', 'EVAL', 'key', 4],
    ['*4\r\n$4\r\nEVAL\r\n$6\r\nscript\r\n$1\r\n0\r\n$3\r\narg\r\n', 'EVAL', null, 4],
    ['*4\r\n$5\r\nBITOP\r\n$3\r\nAND\r\n$2\r\nto\r\n$4\r\nfrom\r\n', 'BITOP', 'to', 4],
    [`*4\r\n$4\r\nEVAL\r\n$500\r\n${'x'.repeat(100)}`, 'EVAL', null, 4],
  ];
  const described: [words: string, key: string | null][] = [
    ['OBJECT ENCODING k', 'k'],
    ['object help', 'help'],
    ['XREAD COUNT 2 STREAMS k other 0 0', 'k'],
    ['xread streams k 0', 'k'],
    ['XREAD COUNT 2', null],
    ['XREADGROUP GROUP streams STREAMS COUNT 1 STREAMS k >', 'k'],
    ['BLMPOP 1 2 k other LEFT', 'k'],
    ['NOBODYKNOWS k', 'k'],
    ['SCAN 0', '0'],
  ];
  for (const [words, key] of described) {
    test(words, () => {
      assert.equal(requestHead(headOf(encode(words.split(' ')))).key, key);
    });
  }
  for (const [head, command, key, words] of cases) {
    test(JSON.stringify(head), () => {
      assert.deepEqual(requestHead(Buffer.from(head)), { command, key, words });
    });
  }

  test('a request is described by its command, the beginning of its key, and how many words follow', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), ([first, ...rest]) => {
        const words = [`c${first.slice(0, 20)}`, ...rest];
        const { command, key, words: count } = requestHead(headOf(encode(words)));
        assert.equal(count, words.length);
        assert.equal(command, words[0].toUpperCase());
        if (words.length === 1) assert.equal(key, null);
        else {
          assert.ok(key !== null);
          const cut = key.endsWith('...') && key !== words[1] ? key.slice(0, -3) : key;
          assert.ok(words[1].startsWith(cut));
          if (
            words[1].length <= SLOW_KEY_BYTES &&
            encode(words.slice(0, 2)).length < REQUEST_HEAD_BYTES
          ) {
            assert.equal(key, words[1]);
          }
        }
      }),
      { numRuns: 500, seed: 111 },
    );
  });

  test('the head of a script has its first key, as far as the head would without the script', () => {
    const request = fc.record({
      name: fc.constantFrom('EVAL', 'eval', 'EVALSHA', 'EVAL_RO', 'FCALL', 'fcall_ro'),
      script: fc.string({ unit: fc.constantFrom('x', '\r', '\n', '$', '*', '1'), maxLength: 400 }),
      key: word,
      before: fc.nat({ max: 40 }),
    });
    const heads = new RequestHeads(4);
    fc.assert(
      fc.property(request, ({ name, script, key, before }) => {
        const text = encode([name, script, '1', key, 'argument']);
        const bytes = Buffer.from(`${'-'.repeat(before)}${text}---`, 'latin1');
        heads.keep(2, bytes, before, text.length);
        const told = requestHead(Buffer.from(heads.at(2)));
        assert.equal(told.command, name.toUpperCase());
        assert.equal(told.words, 5);
        const whole = encode([name, text.length > REQUEST_HEAD_BYTES ? '' : script, '1', key]);
        const missing = Math.max(0, whole.length - 2 - REQUEST_HEAD_BYTES);
        assert.equal(told.key, missing > 0 ? `${key.slice(0, -missing)}...` : key);
      }),
      { numRuns: 500, seed: 114 },
    );
  });

  test('lengths that lead nowhere end the search for a key', () => {
    for (const length of ['-9', '-5', 'x', '', '1e9', '99999999999999999999']) {
      const head = `*5\r\n$5\r\nXREAD\r\n$${length}\r\nCOUNT\r\n$1\r\n2\r\n`;
      assert.equal(requestHead(Buffer.from(head)).key, null, length);
    }
  });

  test('a head is kept as it is when the script is not all there or its length is none', () => {
    const heads = new RequestHeads(1);
    for (const length of ['500', '99999999999999999999', '-1', '', 'x', '9'.repeat(40)]) {
      const bytes = Buffer.from(`*4\r\n$4\r\nEVAL\r\n$${length}\r\n${'x'.repeat(200)}`);
      heads.keep(0, bytes, 0, bytes.length);
      const head = heads.at(0);
      assert.ok(head.length <= REQUEST_HEAD_BYTES);
      requestHead(head);
    }
  });

  test('whatever a head holds, describing it neither throws nor grows', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: REQUEST_HEAD_BYTES }).map((all) => Buffer.from(all)),
      fc
        .tuple(fc.array(word, { minLength: 1 }), fc.nat({ max: REQUEST_HEAD_BYTES }))
        .map(([words, cut]) => {
          return headOf(encode(words)).subarray(0, cut);
        }),
    );
    fc.assert(
      fc.property(bytes, (head) => {
        const { command, key } = requestHead(head);
        assert.ok(
          command.length <= 2 * SLOW_KEY_BYTES + 3 && (key ?? '').length <= SLOW_KEY_BYTES + 3,
        );
      }),
      { numRuns: 500, seed: 112 },
    );
  });
});
