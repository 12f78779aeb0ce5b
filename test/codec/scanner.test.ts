import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { CODEC_CHOICES, createRing, createScanner } from '../../src/codec/index.ts';
import { ROOT, readSource } from '../support/source-tree.ts';

const SERVERS = ['ada', 'grace', 'edsger'].map((name) => ({ name }));
const encode = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

for (const codec of CODEC_CHOICES) {
  describe(`a scanner, codec ${codec}`, () => {
    const scanner = createScanner({ codec, ring: { servers: SERVERS } });
    const ring = createRing({ servers: SERVERS });

    test('says of each request what it is and where it belongs', () => {
      const text = `${encode('GET', 'apple')}${encode('ping')}${encode('set', 'kiwi', 'x')}`;
      const bytes = Buffer.from(text);
      const { frames, consumed, malformed } = scanner.requests(bytes);
      assert.deepEqual([consumed, malformed], [bytes.length, false]);
      const said = frames.map(({ command, key, server }) => [
        command,
        key === null ? null : bytes.toString('latin1', key.start, key.end),
        server,
      ]);
      assert.deepEqual(said, [
        ['GET', 'apple', ring.serverOf('apple')],
        ['PING', null, -1],
        ['SET', 'kiwi', ring.serverOf('kiwi')],
      ]);
      assert.equal(frames[2].end, bytes.length);
    });

    test('without a ring finds all keys, each with the one server', () => {
      const text = `${encode('GET', 'apple')}${encode('ping')}`;
      const { frames } = createScanner({ codec }).requests(Buffer.from(text));
      assert.deepEqual(
        frames.map(({ key, server }) => [key?.start, server]),
        [
          [text.indexOf('apple'), 0],
          [undefined, -1],
        ],
      );
    });

    test('finds the ends of replies', () => {
      const bytes = Buffer.from('+OK\r\n*2\r\n$1\r\na\r\n:1\r\n$3\r\nab');
      const { frames, consumed, malformed } = scanner.replies(bytes);
      assert.deepEqual(
        frames.map(({ start, end }) => [start, end]),
        [
          [0, 5],
          [5, 20],
        ],
      );
      assert.deepEqual([consumed, malformed, frames[0].command], [20, false, '']);
    });

    test('takes more frames than its table holds, and no more bytes than its window', () => {
      const many = Buffer.from('+OK\r\n'.repeat(13_000));
      assert.equal(scanner.replies(many).frames.length, 13_000);
      assert.throws(() => scanner.replies(Buffer.alloc(65_537)), RangeError);
    });

    test('tells what is malformed, and goes on with the next call', () => {
      const bad = scanner.requests(Buffer.from(`${encode('ping')}*1\r\n!`));
      assert.deepEqual([bad.frames.length, bad.malformed], [1, true]);
      assert.equal(scanner.requests(Buffer.from(encode('ping'))).frames.length, 1);
    });
  });
}

test('the sample of docs/codec.md runs as it stands', () => {
  const [, sample] = /```js\n([\s\S]*?)```/.exec(readSource('docs/codec.md')) ?? [];
  assert.ok(sample);
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', sample], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const [name, request] = output.split('\n');
  const server = ['ada', 'grace'].indexOf(name);
  assert.ok(server >= 0, output);
  assert.equal(request, `GET ${server}`);
});
