import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { REPLY_CASES } from '../conformance/replies.ts';
import { REQUEST_CASES } from '../conformance/requests.ts';
import { allCodecs, TEST_POOL, TEST_POOL_SLOTS, TEST_POOL_TAG } from '../support/codec-all.ts';
import { type Direction, replay } from '../support/codec-replay.ts';
import { memcacheReplies, memcacheRequests } from './memcache-frames.ts';

const RUNS = 1000;
const codecs = allCodecs();

const bulkOf = (bytes: Uint8Array) =>
  Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);

const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom('{a}b', 'key', '', '\r\n').map((text) => Buffer.from(text)),
);
const names = fc
  .constantFrom(
    'get',
    'Set',
    'MGET',
    'ping',
    'EVAL',
    'flushall',
    'ZrevRange',
    'zremrangebyrank',
    'nope',
  )
  .map((name) => Buffer.from(name));
const multibulks = fc
  .tuple(fc.oneof(names, bodies), fc.array(bodies, { maxLength: 12 }))
  .map(([name, args]) =>
    Buffer.concat([Buffer.from(`*${args.length + 1}\r\n`), bulkOf(name), ...args.map(bulkOf)]),
  );
const texts = (inputs: readonly { input: string }[]) =>
  inputs.map((item) => item.input).filter((input) => input.length < 500);
const asBytes = (text: string) => Buffer.from(text, 'latin1');
const requests = fc.oneof(
  { weight: 6, arbitrary: multibulks },
  {
    weight: 1,
    arbitrary: fc.constantFrom('PING\r\n', '\r\n', ' \n', '*0\r\n', 'a b\n').map(asBytes),
  },
  { weight: 1, arbitrary: fc.constantFrom(...texts(REQUEST_CASES)).map(asBytes) },
);

const { reply: nestedReplies } = fc.letrec<{ reply: Buffer }>((tie) => ({
  reply: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .constantFrom('+OK\r\n', ':12\r\n', '$-1\r\n', '*-1\r\n', '-OOM x\r\n', '_\r\n', '-a b\r\n')
      .map(asBytes),
    bodies.map(bulkOf),
    fc
      .tuple(fc.constantFrom('*', '~', '>', '%', '|'), fc.array(tie('reply'), { maxLength: 4 }))
      .map(([type, items]) => {
        const twice = type === '%' || type === '|' ? [...items, ...items] : items;
        const own = type === '|' ? [asBytes('+of\r\n')] : [];
        return Buffer.concat([asBytes(`${type}${items.length}\r\n`), ...twice, ...own]);
      }),
  ),
}));
const replies = fc.oneof(
  { weight: 6, arbitrary: nestedReplies },
  { weight: 1, arbitrary: fc.constantFrom(...texts(REPLY_CASES)).map(asBytes) },
);

/** A byte replaced, removed or put in; the bytes are those that mean something. */
const mutations = fc.array(
  fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('replace', 'remove', 'insert'),
    byte: fc.oneof(
      fc.constantFrom(...'\r\n$*:+-0123456789 _#|%~\0\tqb').map((char) => char.charCodeAt(0)),
      fc.nat(255),
    ),
  }),
  { maxLength: 3 },
);

function mutate(input: Buffer, changes: readonly { at: number; kind: string; byte: number }[]) {
  const bytes = [...input];
  for (const { at, kind, byte } of changes) {
    const index = bytes.length === 0 ? 0 : at % bytes.length;
    if (kind === 'insert') bytes.splice(index, 0, byte);
    else if (kind === 'remove') bytes.splice(index, 1);
    else if (bytes.length > 0) bytes[index] = byte;
  }
  return Buffer.from(bytes);
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

for (const [direction, frames] of [
  ['requests', requests],
  ['replies', replies],
  ['memcache requests', memcacheRequests],
  ['memcache replies', memcacheReplies],
] as const satisfies readonly (readonly [Direction, unknown])[]) {
  const streams = fc.array(frames, { maxLength: 24 }).map((list) => Buffer.concat(list));
  const sizes = fc.array(fc.nat(60), { maxLength: 30 });

  test(`${direction}: every codec leaves the same records and state`, () => {
    fc.assert(
      fc.property(
        streams,
        mutations,
        sizes,
        fc.constantFrom(1, 3, 4096),
        fc.nat(0xffff),
        fc.constantFrom(TEST_POOL, TEST_POOL_TAG, TEST_POOL_SLOTS),
        (stream, changes, chunkSizes, limit, detached, pool) => {
          const chunks = cut(mutate(stream, changes), chunkSizes);
          const detach = (scan: number) => ((detached >>> (scan & 15)) & 1) === 1;
          const [first, ...others] = codecs.map(({ label, codec }) => ({
            label,
            log: replay(codec, direction, chunks, { detach, limit, pool }).log,
          }));
          for (const other of others) assert.equal(other.log, first.log, other.label);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test(`${direction}: cuts and detaching change nothing`, () => {
    fc.assert(
      fc.property(streams, mutations, sizes, fc.nat(0xffff), (stream, changes, list, detached) => {
        const input = mutate(stream, changes);
        const detach = (scan: number) => ((detached >>> (scan & 15)) & 1) === 1;
        for (const { label, codec } of codecs) {
          const whole = replay(codec, direction, [input]);
          const taken = replay(codec, direction, cut(input, list), { detach });
          assert.deepEqual(taken.frames, whole.frames, label);
          assert.equal(taken.status, whole.status, label);
          assert.equal(taken.error, whole.error, label);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test(`${direction}: random bytes end the same in every codec`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), sizes, (bytes, list) => {
        const logs = codecs.map(
          ({ codec }) => replay(codec, direction, cut(Buffer.from(bytes), list)).log,
        );
        for (const log of logs) assert.equal(log, logs[0]);
      }),
      { numRuns: RUNS },
    );
  });
}
