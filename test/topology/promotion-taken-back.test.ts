import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { PROMOTION_DOUBT_MS } from '../../src/limits.ts';
import { A, B, Bench, C, PROMOTION } from '../support/shard-bench.ts';

describe('a promotion that is taken back before most sentinels have heard of it', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
    bench.views([0, 1, 2], A, 1);
    bench.event(0, PROMOTION, B);
    bench.promoted(B);
  });

  /** Sentinels go on naming the master before it, and it is asked. */
  function doubt(): void {
    bench.pass(PROMOTION_DOUBT_MS);
    bench.views([0, 1, 2], A, 1);
    assert.deepEqual([bench.probed, bench.watch.state], [B, 'steady']);
  }

  test('is known as soon as the server that was promoted says that it is a replica again', () => {
    bench.views([0, 1, 2], A, 1);
    assert.equal(bench.probed, null, 'it was a master a moment ago');
    doubt();
    bench.role(B);
    assert.equal(bench.probed, null, 'most sentinels have not heard of it yet');
    doubt();
    bench.role(B, false);
    assert.deepEqual([bench.probed, bench.watch.state], [A, 'confirming']);
    bench.role(A);
    assert.deepEqual(bench.done, ['hold', 'move b', 'move a']);
    assert.deepEqual(bench.watch.place, { address: A, epoch: 1 });
  });

  test('one that was promoted is asked no more when sentinels know it, nor when it is silent', () => {
    doubt();
    bench.pass(PROMOTION_DOUBT_MS);
    assert.equal(bench.probed, null, 'it has not answered');
    bench.role(B, false);
    assert.deepEqual(bench.done, ['hold', 'move b'], 'an answer that comes late is none');
    doubt();
    bench.views([0, 1, 2], B, 2);
    assert.equal(bench.probed, null);
    bench.pass(PROMOTION_DOUBT_MS);
    bench.views([0, 1, 2], A, 1);
    assert.equal(bench.probed, null, 'what is confirmed is not doubted');
  });

  test('is not asked about because one sentinel alone names the old master', () => {
    for (const sentinel of [1, 2]) bench.watch.onSilence(sentinel);
    bench.pass(PROMOTION_DOUBT_MS);
    bench.view(0, A, 1);
    assert.equal(bench.probed, null);
  });

  test('the next promotion is waited for while the last one is doubted', () => {
    doubt();
    bench.event(0, PROMOTION, C);
    assert.equal(bench.probed, C);
    bench.pass(PROMOTION_DOUBT_MS);
    bench.role(B, false);
    assert.equal(bench.probed, C);
    bench.promoted(C);
    assert.deepEqual(bench.done, ['hold', 'move b', 'hold', 'move c']);
  });
});
