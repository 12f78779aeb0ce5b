import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SendPieces } from '../../../src/net/queue/send-pieces.ts';

const SLAB = 1000;

test('pieces stay in order, wherever they are moved, and are copied where they may change', () => {
  const piece = fc.record({
    slab: fc.integer({ min: -1, max: 3 }),
    length: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.nat({ max: 3 }), (added, current) => {
      const memory = Buffer.from(Array.from({ length: 4 * SLAB }, (_, i) => (i * 7) % 251));
      const pieces = new SendPieces(memory);
      const expected: Buffer[] = [];
      const used = [0, 0, 0, 0];
      for (const { slab, length } of added) {
        if (slab < 0) {
          pieces.addBuffer(Buffer.alloc(length, length));
          expected.push(Buffer.alloc(length, length));
          continue;
        }
        const start = slab * SLAB + used[slab];
        used[slab] += length;
        pieces.addSlice(start, start + length);
        expected.push(Buffer.from(memory.subarray(start, start + length)));
      }
      const all = Buffer.concat(expected);
      assert.deepEqual([pieces.count, pieces.bytes], [added.length, all.length]);
      assert.deepEqual(pieces.copy(), all);
      const kept = added.map((_, i) => pieces.kept(i));
      pieces.moveToHeap(current * SLAB, (current + 1) * SLAB);
      memory.fill(0xff, 0, current * SLAB);
      memory.fill(0xff, (current + 1) * SLAB);
      assert.deepEqual([pieces.count, pieces.bytes], [added.length, all.length]);
      assert.deepEqual(pieces.copy(), all);
      memory.fill(0xff);
      assert.deepEqual(Buffer.concat(kept), all);
      pieces.clear();
      assert.deepEqual([pieces.count, pieces.bytes], [0, 0]);
    }),
    { numRuns: 150, seed: 3 },
  );
});
