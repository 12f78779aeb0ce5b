import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SlabPool } from '../../../../src/net/slab-pool.ts';
import { KeptRequests } from '../../../../src/proxy/backend/again/kept-requests.ts';

const SMALL = 64;
const LARGE = 256;
const BASE = 64;

function slabPool(): SlabPool {
  const small = { count: 8, bytes: SMALL };
  const large = { count: 2, bytes: LARGE };
  const memory = Buffer.alloc(BASE + SlabPool.bytes(small, large));
  return new SlabPool(memory, BASE, small, large);
}

/** Requests with bytes that differ, written in batches, and what a kept one must be. */
const PROGRAM = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ write: fc.array(fc.integer({ min: 1, max: 20 })) }) },
    { weight: 2, arbitrary: fc.record({ answer: fc.nat(6) }) },
  ),
  { maxLength: 60 },
);

/** In a slab, in slices of one, copied as the socket has the slab still, in a buffer. */
const WAYS = ['slab', 'pieces', 'socket', 'buffer'] as const;

describe('requests that are kept until they are answered', () => {
  for (const how of WAYS) {
    test(`are found again byte by byte, however they were written: ${how}`, () => {
      fc.assert(
        fc.property(PROGRAM, (program) => {
          const slabs = slabPool();
          const kept = new KeptRequests(slabs, 1 << 20);
          const inFlight: { offset: number; bytes: Buffer }[] = [];
          let next = 0;
          for (const step of program) {
            if ('write' in step) {
              const lengths = step.write.slice(0, 3);
              const requests = lengths.map((length) => Buffer.alloc(length, ++next & 0xff));
              for (const bytes of requests) {
                inFlight.push({ offset: kept.advance(bytes.length), bytes });
              }
              write(kept, slabs, Buffer.concat(requests), how);
            } else {
              inFlight.splice(0, step.answer);
              if (inFlight.length === 0) kept.drop();
              else kept.release(inFlight[0].offset);
            }
            for (const { offset, bytes } of inFlight) {
              assert.deepEqual(kept.copy(offset, bytes.length), bytes);
            }
          }
          kept.drop();
          assert.equal(kept.bytes, 0);
          assert.deepEqual([slabs.smallLeft, slabs.largeLeft], [8, 2], 'all slabs are back');
        }),
        { numRuns: 300 },
      );
    });
  }

  test('the oldest are forgotten beyond the limit', () => {
    const kept = new KeptRequests(slabPool(), 100);
    const first = kept.advance(60);
    kept.keepBuffer(Buffer.alloc(60, 1));
    const second = kept.advance(60);
    kept.keepBuffer(Buffer.alloc(60, 2));
    assert.equal(kept.copy(first, 60), null);
    assert.deepEqual(kept.copy(second, 60), Buffer.alloc(60, 2));
    assert.equal(kept.bytes, 60);
  });

  test('half of the slabs stay free', () => {
    const slabs = slabPool();
    const kept = new KeptRequests(slabs, 1 << 20);
    for (let i = 0; i < 20; i++) {
      kept.advance(10);
      write(kept, slabs, Buffer.alloc(10, i), 'slab');
    }
    assert.ok(slabs.smallLeft >= 3, String(slabs.smallLeft));
    assert.deepEqual(kept.copy(190, 10), Buffer.alloc(10, 19));
  });

  test('positions may wrap at 32 bits', () => {
    const far = new KeptRequests(slabPool(), 1 << 30);
    const chunk = Buffer.alloc(1 << 20, 7);
    for (let i = 0; i < 4095; i++) {
      const offset = far.advance(chunk.length);
      far.keepBuffer(chunk);
      far.release(offset);
    }
    const offset = far.advance(chunk.length);
    far.keepBuffer(Buffer.alloc(1 << 20, 9));
    const after = far.advance(3);
    far.keepBuffer(Buffer.from('abc'));
    assert.equal(far.copy(offset, 4)?.[0], 9);
    assert.equal(far.copy(after, 3)?.toString(), 'abc');
    assert.equal(after, 0);
    far.release(after);
    assert.equal(far.copy(after, 3)?.toString(), 'abc');
    assert.equal(far.bytes, 3);
  });
});

/** As a send queue does it. */
function write(
  kept: KeptRequests,
  slabs: SlabPool,
  bytes: Buffer,
  how: (typeof WAYS)[number],
): void {
  if (bytes.length === 0) return;
  const slab = how === 'buffer' ? 0 : slabs.leaseSmall();
  if (slab === 0) {
    kept.keepBuffer(bytes);
    return;
  }
  bytes.copy(slabs.memory, slab);
  if (how === 'slab' && kept.takesSlabs) {
    kept.keepSlice(slab, slab + bytes.length, slab);
    return;
  }
  if (how === 'pieces' && kept.takesSlabs) {
    const cut = slab + (bytes.length >> 1);
    kept.keepSlice(slab, cut, 0);
    kept.keepSlice(cut, slab + bytes.length, 0);
    kept.keepSlice(slab, slab, slab);
    return;
  }
  kept.keepBuffer(Buffer.from(bytes));
  slabs.release(slab);
  slabs.memory.fill(0, slab, slab + SMALL);
}
