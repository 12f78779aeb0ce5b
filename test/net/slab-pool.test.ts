import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SendQueue } from '../../src/net/send-queue.ts';
import { SlabPool } from '../../src/net/slab-pool.ts';
import { Stash } from '../../src/net/stash.ts';
import { Writer } from '../../src/net/writer.ts';

const BASE = 4096;
const SMALL_BYTES = 4096;
const LARGE_BYTES = 65536;

function pool(small = 4, large = 2): SlabPool {
  const smallKind = { count: small, bytes: SMALL_BYTES };
  const largeKind = { count: large, bytes: LARGE_BYTES };
  const memory = Buffer.alloc(BASE + SlabPool.bytes(smallKind, largeKind));
  return new SlabPool(memory, BASE, smallKind, largeKind);
}

describe('slabs', () => {
  test('random leases: never the same twice, none during a walk that may still write it', () => {
    const step = fc.record({
      kind: fc.constantFrom('small', 'large', 'release', 'walk', 'settle', 'keep', 'unkeep'),
      pick: fc.nat({ max: 50 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (program) => {
        const slabs = pool();
        const leased = new Map<number, number>();
        let resting: number[] = [];
        for (const { kind, pick } of program) {
          const [slab, kept] = [...leased][pick % leased.size] ?? [0, 0];
          if (kind === 'small' || kind === 'large') {
            const got = kind === 'small' ? slabs.leaseSmall() : slabs.leaseLarge();
            if (got === 0) continue;
            assert.ok(!leased.has(got) && !resting.includes(got));
            assert.equal(slabs.sizeOf(got), kind === 'small' ? SMALL_BYTES : LARGE_BYTES);
            leased.set(got, 0);
          } else if (kind === 'walk') {
            slabs.walking = true;
          } else if (kind === 'settle') {
            slabs.settle();
            resting = [];
          } else if (slab === 0) {
            continue;
          } else if (kind === 'keep') {
            slabs.retain(slab);
            leased.set(slab, kept + 1);
          } else if (kind === 'unkeep' && kept > 0) {
            assert.equal(slabs.unretain(slab + (pick % 4096)), kept - 1);
            leased.set(slab, kept - 1);
          } else if (kind === 'release' && kept === 0) {
            slabs.release(slab);
            leased.delete(slab);
            if (slabs.walking) resting.push(slab);
          }
          const out = leased.size + resting.length;
          assert.equal(slabs.smallLeft + slabs.largeLeft, 6 - out);
        }
      }),
      { numRuns: 300, seed: 31 },
    );
  });

  test('releasing a slab twice is a broken rule, also while it rests', () => {
    const slabs = pool();
    const slab = slabs.leaseSmall();
    slabs.release(slab);
    assert.throws(() => slabs.release(slab), /only a leased slab is released, and once/);
    const other = slabs.leaseLarge();
    slabs.walking = true;
    slabs.release(other);
    assert.throws(() => slabs.release(other), /only a leased slab is released, and once/);
  });

  test('so is releasing one from its middle, or with something kept in it', () => {
    const slabs = pool();
    const slab = slabs.leaseSmall();
    assert.throws(() => slabs.release(slab + 1), /by its first byte/);
    slabs.retain(slab);
    assert.throws(() => slabs.release(slab), /when nothing is kept in it/);
  });

  test('so is keeping a reply in a slab that is free, and taking back what was not kept', () => {
    const slabs = pool();
    const slab = slabs.leaseSmall();
    assert.throws(() => slabs.unretain(slab), /no more is taken back than was kept/);
    const free = pool();
    assert.throws(() => free.retain(BASE), /kept in leased slabs/);
  });

  test('it knows what lies within one leased slab', () => {
    const slabs = pool();
    const slab = slabs.leaseSmall();
    assert.ok(slabs.holds(slab, SMALL_BYTES));
    assert.ok(slabs.holds(slab + 100, SMALL_BYTES - 100));
    assert.ok(!slabs.holds(slab + 100, SMALL_BYTES - 99));
    assert.ok(!slabs.holds(slab, -1));
    assert.ok(!slabs.holds(BASE - 1, 1));
    slabs.release(slab);
    assert.ok(!slabs.holds(slab, 1));
  });
});

describe('bounds of what is reserved', () => {
  const queue = (slabs: SlabPool): SendQueue => {
    const owner = { onDrained() {}, onException: (error: unknown) => assert.fail(String(error)) };
    return new SendQueue(slabs, new Writer(slabs.memory, 'data'), owner);
  };

  test('extending a queue beyond its slab is a broken rule', () => {
    const slabs = pool();
    const out = queue(slabs);
    const at = out.reserve(4000);
    assert.ok(out.canExtend(at + 4000, 96) && !out.canExtend(at + 4000, 97));
    out.extend(96);
    assert.throws(() => out.extend(1), /within its slab/);
    assert.throws(() => out.reserve(-1), /no less than nothing/);
    out.close();
    assert.equal(slabs.smallLeft, 4);
  });

  test('so is giving back to a stash what it never gave', () => {
    const slabs = pool();
    const stash = new Stash(slabs);
    const at = stash.take(100);
    assert.throws(() => stash.shrink(100, 101), /can only shrink/);
    assert.throws(() => stash.give(at + 4000, 100), /lies in one slab/);
    stash.give(at, 100);
    assert.throws(() => stash.give(at, 100), /lies in one slab/);
  });
});
