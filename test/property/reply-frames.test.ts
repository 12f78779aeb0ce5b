import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FLAG_TRANSIENT, SCAN_COMPLETE } from '../../src/protocol/frame-table.ts';
import { allCodecs } from '../support/codec-all.ts';
import { replay } from '../support/codec-replay.ts';

// Where replies end, said by a parser that goes down into each element, and by the scanners, which
// only count.

const RUNS = 2000;
const NULL_COUNT = 0xffffffff;
const codecs = allCodecs();

const lines = fc.constantFrom('+OK', '+', '-OOM x', '-BUSY', '-e', ':-12', '_', '#t', ',1.5', '(9');
const leaves = fc.oneof(
  lines.map((line) => `${line}\r\n`),
  fc.constantFrom('$-1\r\n', '*-1\r\n', '*0\r\n', '%0\r\n', '~0\r\n', '>0\r\n'),
  fc
    .tuple(fc.constantFrom('$', '!', '='), fc.constantFrom('', 'x', '\r\n', '*2\r\n:1', '|1\r\n'))
    .map(([type, body]) => `${type}${body.length}\r\n${body}\r\n`),
);
const { reply: bare } = fc.letrec<{ reply: string; element: string }>((tie) => ({
  element: fc
    .tuple(fc.array(tie('reply'), { maxLength: 2 }), tie('reply'))
    .map(([words, reply]) => `${attributes(words)}${reply}`),
  reply: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaves,
    fc
      .tuple(fc.constantFrom('*', '~', '>', '%'), fc.array(tie('element'), { maxLength: 4 }))
      .map(([type, items]) => {
        const pairs = type === '%' ? items.map((item) => `+k\r\n${item}`) : items;
        return `${type}${items.length}\r\n${pairs.join('')}`;
      }),
  ),
}));
const deep = fc
  .tuple(fc.constantFrom('*1\r\n', '%1\r\n:1\r\n', '~2\r\n:1\r\n', '>1\r\n'), fc.nat(300), leaves)
  .map(([level, levels, leaf]) => `${level.repeat(levels)}${leaf}`);
const replies = fc
  .tuple(
    fc.array(fc.oneof(bare, deep), { maxLength: 2 }),
    fc.oneof({ weight: 5, arbitrary: bare }, { weight: 1, arbitrary: deep }),
  )
  .map(([words, reply]) => `${attributes(words)}${reply}`);

/** An attribute with each of the words as its value. */
function attributes(words: readonly string[]): string {
  return words.map((word) => `|1\r\n+k\r\n${word}`).join('');
}

interface Parsed {
  readonly end: number;
  readonly type: string;
  readonly count: number;
}

/** Reads the reply at `at` with its attributes, one call per level. */
function parse(text: string, at: number): Parsed {
  const type = text[at];
  const lineEnd = text.indexOf('\r\n', at);
  const size = Number(text.slice(at + 1, lineEnd));
  let end = lineEnd + 2;
  const pass = (elements: number) => {
    for (let i = 0; i < elements; i++) end = parse(text, end).end;
  };
  if (type === '|') {
    pass(size * 2);
    return parse(text, end);
  }
  if ('$!='.includes(type)) {
    return size < 0 ? { end, type, count: NULL_COUNT } : { end: end + size + 2, type, count: 0 };
  }
  if (!'*~>%'.includes(type)) return { end, type, count: 0 };
  if (size < 0) return { end, type, count: NULL_COUNT };
  const count = type === '%' ? size * 2 : size;
  pass(count);
  return { end, type, count };
}

/** What the parser makes of a stream, in the scanners' notation. */
function framesOf(stream: string): string[] {
  const frames: string[] = [];
  for (let at = 0; at < stream.length; ) {
    const { end, type, count } = parse(stream, at);
    frames.push(`${at} ${end} ${type} ${count}`);
    at = end;
  }
  return frames;
}

/** Chunks of the given sizes in turn, then the rest. */
function cut(input: Buffer, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(input.subarray(at, at + size));
    at += size;
  }
  chunks.push(input.subarray(at));
  return chunks;
}

for (const { label, codec } of codecs) {
  test(`${label}: a reply ends where a parser of every level finds its end`, () => {
    fc.assert(
      fc.property(
        fc.array(replies, { maxLength: 6 }),
        fc.array(fc.nat(40), { maxLength: 30 }),
        fc.nat(0xffff),
        fc.constantFrom(1, 3, 4096),
        (list, sizes, detached, limit) => {
          const stream = list.join('');
          const detach = (scan: number) => ((detached >>> (scan & 15)) & 1) === 1;
          const chunks = cut(Buffer.from(stream, 'latin1'), sizes);
          const outcome = replay(codec, 'replies', chunks, { detach, limit });
          const frames = outcome.frames.map(({ start, end, info, count }) => {
            const type = String.fromCharCode(info & 0xff);
            return `${start} ${end} ${type} ${count}`;
          });
          assert.deepEqual(frames, framesOf(stream));
          assert.equal(outcome.status, SCAN_COMPLETE);
          for (const { info } of outcome.frames) {
            if ((info & FLAG_TRANSIENT) !== 0) assert.equal(info & 0xff, 0x2d);
          }
        },
      ),
      { numRuns: RUNS },
    );
  });

  test(`${label}: 100,000 levels, however the reply is cut`, () => {
    const stream = `${'*1\r\n'.repeat(100_000)}:1\r\n+OK\r\n`;
    for (const size of [stream.length, 4093, 7]) {
      const sizes = new Array<number>(Math.floor(stream.length / size)).fill(size);
      const chunks = cut(Buffer.from(stream), sizes);
      const { frames } = replay(codec, 'replies', chunks, { detach: () => true });
      assert.deepEqual(
        frames.map(({ end, count }) => [end, count]),
        [
          [stream.length - 5, 1],
          [stream.length, 0],
        ],
      );
    }
  });
}
