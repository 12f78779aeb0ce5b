import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keySlot } from '../../../../src/distribution/slots.ts';
import { encodeText } from '../../../../src/protocol/redis/replies/encode.ts';
import {
  SLOT_ASK,
  SLOT_MOVED,
  SLOT_SPLIT,
  SLOT_UNSERVED,
} from '../../../../src/proxy/backend/again/redirections.ts';
import {
  redirection,
  requestKeys,
  requestSlot as slotIn,
} from '../../../../src/proxy/redis/cluster/redirection.ts';

const WORDS = { firstKey: 2, lastKey: 2, step: 1, numkeys: 0 };
const POOL = {
  config: { customCommands: [{ name: 'FOO.SET', keys: 'range', ...WORDS }] },
} as never;
const requestSlot = (request: Buffer) => slotIn(request, POOL);

function read(text: string) {
  const bytes = Buffer.from(`##${text}\r\n##`, 'latin1');
  return redirection(bytes, 2, bytes.length - 4);
}

describe('errors that send a request elsewhere', () => {
  test('are read with host, without one, and with one that nobody knows', () => {
    for (const [text, expected] of [
      [
        '-MOVED 8579 127.0.0.1:34323',
        { kind: SLOT_MOVED, slot: 8579, host: '127.0.0.1', port: 34323 },
      ],
      ['-MOVED 1 node-1.svc:6379', { kind: SLOT_MOVED, slot: 1, host: 'node-1.svc', port: 6379 }],
      ['-MOVED 1 ::1:6379', { kind: SLOT_MOVED, slot: 1, host: '::1', port: 6379 }],
      ['-ASK 0 :7001', { kind: SLOT_ASK, slot: 0, host: '', port: 7001 }],
      ['-MOVED 8579 ?:34323', { kind: SLOT_MOVED, slot: 8579, host: '?', port: 34323 }],
      ['-TRYAGAIN Multiple keys request', { kind: SLOT_SPLIT, slot: -1, host: '', port: 0 }],
      ['-CLUSTERDOWN Hash slot not served', { kind: SLOT_UNSERVED, slot: -1, host: '', port: 0 }],
    ] as const) {
      assert.deepEqual(read(text), expected, text);
    }
  });

  test('others are not', () => {
    for (const text of [
      '-MOVED',
      '-MOVED 16384 127.0.0.1:1',
      '-MOVED 1 127.0.0.1:65536',
      '-MOVED -1 127.0.0.1:1',
      '-MOVED 1 a b:1',
      `-MOVED 1 ${'h'.repeat(400)}:1`,
      '-MOVEDX 1 127.0.0.1:1',
      '-ERR MOVED 1 127.0.0.1:1',
      '-CLUSTERDOWN The cluster is down',
      '-TRYAGAIN',
    ]) {
      assert.equal(read(text), null, text);
    }
  });

  test('the slot of a request is that of its first key', () => {
    const slot = (key: string) => keySlot(Buffer.from(key), 0, key.length);
    for (const [words, key] of [
      [['GET', 'foo'], 'foo'],
      [['mset', '{a}b', '1', '{a}c', '2'], 'a'],
      [['EVAL', 'return 1', '1', 'k'], 'k'],
      [['XREAD', 'COUNT', '1', 'STREAMS', 's', '0'], 's'],
      [['OBJECT', 'ENCODING', 'o'], 'o'],
      [['SPUBLISH', 'ch', 'message'], 'ch'],
      [['foo.set', 'x', 'k'], 'k'],
    ] as const) {
      assert.equal(requestSlot(encodeText(...words)), slot(key), words.join(' '));
    }
    for (const words of [['PING'], ['EVAL', 'x', '0'], ['NOSUCH', 'a'], ['GET']]) {
      assert.equal(requestSlot(encodeText(...words)), -1, words.join(' '));
    }
    for (const bytes of ['', '*', '*1\r\n', '*2\r\n$3\r\nGET\r\n$9\r\nx', '*2\r\n$-1\r\n']) {
      assert.equal(requestSlot(Buffer.from(bytes)), -1);
    }
  });

  test('all keys of a request are told, or that nobody can tell', () => {
    for (const [words, keys] of [
      [['GET', 'foo'], ['foo']],
      [
        ['mset', '{a}b', '1', '{a}c', '2'],
        ['{a}b', '{a}c'],
      ],
      [['SPUBLISH', 'ch', 'message'], ['ch']],
      [['EVAL', 'x', '0'], null],
      [['NOSUCH', 'a'], null],
      [['GET'], null],
    ] as const) {
      assert.deepEqual(requestKeys(encodeText(...words), POOL), keys, words.join(' '));
    }
  });
});
