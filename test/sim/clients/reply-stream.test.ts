import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Op } from '../cases/case.ts';
import { type Reply, ReplyStream } from './reply-stream.ts';

const GET: Op = { op: 'get', key: 0 };
const AWAIT: Op = { op: 'await', key: 0, ms: 10 };
const HELLO: Op = { op: 'hello', resp: 3 };

function streamOf(resp: 0 | 2 | 3, bytes: string): ReplyStream {
  const stream = new ReplyStream(resp);
  stream.add(Buffer.from(bytes));
  return stream;
}

describe('replies as simulated clients take them', () => {
  const nothing: Reply = { kind: 'null' };

  test('a nil is one of the version that the connection speaks', () => {
    assert.deepEqual(streamOf(2, '$-1\r\n').next(GET), nothing);
    assert.throws(() => streamOf(2, '_\r\n').next(GET), /of RESP3 on a connection of RESP2/);
    assert.throws(() => streamOf(3, '$-1\r\n').next(GET), /of RESP2 on a connection of RESP3/);
    assert.throws(() => streamOf(3, '*1\r\n$-1\r\n').next(GET), /of RESP2/);
    for (const nil of ['_', '$-1', '*-1']) {
      assert.deepEqual(streamOf(0, `${nil}\r\n`).next(GET), nothing);
    }
  });

  test('a nil of RESP2 is one of an array where an array is asked for, and only there', () => {
    assert.deepEqual(streamOf(2, '*-1\r\n').next(AWAIT), nothing);
    assert.throws(() => streamOf(2, '$-1\r\n').next(AWAIT), /gets \$-1 for \*-1/);
    assert.throws(() => streamOf(2, '*-1\r\n').next(GET), /gets \*-1 for \$-1/);
    assert.equal(
      streamOf(2, '*1\r\n*-1\r\n').next({ op: 'exec', of: [], watched: false })?.kind,
      'array',
    );
  });

  test('HELLO is answered in the version that it asks for, and the rest as well', () => {
    const stream = streamOf(2, '%1\r\n+proto\r\n:3\r\n_\r\n');
    assert.equal(stream.next(HELLO)?.kind, 'map');
    assert.deepEqual(stream.next(GET), nothing);
    const refused = streamOf(2, '-NOPROTO no\r\n$-1\r\n');
    assert.equal(refused.next(HELLO)?.kind, 'error');
    assert.deepEqual(refused.next(GET), nothing);
    const cut = streamOf(2, '%1\r\n+proto\r\n');
    assert.equal(cut.next(HELLO), null);
    cut.add(Buffer.from(':3\r\n'));
    assert.equal(cut.next(HELLO)?.kind, 'map');
  });
});
