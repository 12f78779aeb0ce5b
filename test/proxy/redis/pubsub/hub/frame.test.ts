import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import * as frames from '../../../../../src/proxy/redis/pubsub/hub/frame.ts';
import { CHANNEL, PATTERN, SHARD } from '../../../../../src/proxy/redis/pubsub/hub/kinds.ts';
import { frame as written } from '../../../../support/subscriber.ts';

const frame = new frames.Frame();

function read(text: string, before = ''): { type: number; kind: number; name: string } {
  const bytes = Buffer.from(before + text, 'latin1');
  const type = frame.read(bytes, before.length, bytes.length);
  return { type, kind: frame.kind, name: bytes.toString('latin1', frame.nameStart, frame.nameEnd) };
}

describe('a frame of a subscribed connection', () => {
  const good: [text: string, type: number, kind: number, name: string][] = [
    [written('*', 'message', 'c', 'x'), frames.MESSAGE, CHANNEL, 'c'],
    [written('*', 'message', '', ''), frames.MESSAGE, CHANNEL, ''],
    [written('*', 'pmessage', 'c*', 'ch', 'x\r\n$1'), frames.MESSAGE, PATTERN, 'c*'],
    [written('*', 'smessage', '\r\n', 'x'), frames.MESSAGE, SHARD, '\r\n'],
    [written('*', 'subscribe', 'c', 1), frames.SUBSCRIBED, CHANNEL, 'c'],
    [written('*', 'psubscribe', 'c', 10), frames.SUBSCRIBED, PATTERN, 'c'],
    [written('*', 'ssubscribe', 'c', 1), frames.SUBSCRIBED, SHARD, 'c'],
    [written('*', 'unsubscribe', 'c', 0), frames.UNSUBSCRIBED, CHANNEL, 'c'],
    [written('*', 'punsubscribe', 'c', 0), frames.UNSUBSCRIBED, PATTERN, 'c'],
    [written('*', 'sunsubscribe', 'c', 0), frames.UNSUBSCRIBED, SHARD, 'c'],
    [written('*', 'pong', ''), frames.PONG, CHANNEL, ''],
  ];
  for (const [text, type, kind, name] of good) {
    test(`${JSON.stringify(text)} is taken, wherever it stands`, () => {
      for (const before of ['', 'x', '*1\r\n$1\r\n']) {
        assert.deepEqual(read(text, before), { type, kind, name });
      }
    });
  }

  test('lines are told by their first byte', () => {
    assert.equal(read('+OK\r\n').type, frames.STATUS);
    assert.equal(read('-ERR no\r\n').type, frames.ERROR);
  });

  test('what is missing or different by one byte is not taken', () => {
    for (const [text] of good) {
      for (let i = 0; i < text.length; i++) {
        assert.equal(read(text.slice(0, i)).type, frames.BAD, text.slice(0, i));
      }
      assert.equal(read(`${text}x`).type, frames.BAD);
      assert.equal(read(text.replace('*', '>')).type, frames.BAD);
      assert.equal(read(text.replace('$', '$0')).type, frames.BAD);
      assert.equal(read(text.replace('$', '$+')).type, frames.BAD);
      assert.equal(read(text.replace('$', '=')).type, frames.BAD);
      assert.equal(read(text.replace(/^\*\d/, '*9')).type, frames.BAD);
    }
  });

  test('nothing is read behind the end, whatever the bytes say', () => {
    const pieces = fc.constantFrom(
      ...[
        '*3\r\n',
        '*4\r\n',
        '$7\r\n',
        '$1\r\n',
        '$-1\r\n',
        'message',
        'subscribe',
        '\r\n',
        ':1\r\n',
      ],
      ...[
        '$9999999\r\n',
        '$99999999999999999999\r\n',
        'c',
        '*',
        '$',
        ':',
        '\r',
        '\n',
        '\0',
        '-',
        '>',
      ],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), fc.nat(40), (parts, cut) => {
        const text = parts.join('');
        const { type } = read(text.slice(0, Math.min(cut, text.length)));
        if (type === frames.BAD || type === frames.STATUS || type === frames.ERROR) return;
        assert.ok(frame.nameStart <= frame.nameEnd && frame.nameEnd <= cut);
      }),
      { numRuns: 2000 },
    );
  });

  test('every message that a server can write is one', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 }).map((each) => {
      return Buffer.from(each).toString('latin1');
    });
    fc.assert(
      fc.property(text, text, text, (pattern, channel, body) => {
        assert.deepEqual(read(written('*', 'message', channel, body)), {
          type: frames.MESSAGE,
          kind: CHANNEL,
          name: channel,
        });
        assert.deepEqual(read(written('*', 'pmessage', pattern, channel, body)), {
          type: frames.MESSAGE,
          kind: PATTERN,
          name: pattern,
        });
      }),
    );
  });
});
