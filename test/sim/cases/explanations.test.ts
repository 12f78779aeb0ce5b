import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Explanations } from './explanations.ts';

const GRACE = 100;

describe('what faults explain', () => {
  test('is what was sent until some time after their end', () => {
    const explanations = new Explanations(GRACE);
    const asks = (from: number, settledAt = 0): boolean => {
      return explanations.explain({ from, proxy: 0, servers: null }, settledAt);
    };
    assert.equal(asks(0), false);
    assert.equal(explanations.any, false);
    const end = explanations.begin({ servers: null, proxy: null });
    assert.equal(asks(1e9), true);
    end(50);
    assert.deepEqual([asks(150), asks(151), asks(151, 60)], [true, false, true]);
    assert.equal(explanations.any, true);
  });

  test('is about the server and the proxy that they are about', () => {
    const explanations = new Explanations(GRACE);
    explanations.begin({ servers: ['redis1', 'redis2'], proxy: 0 });
    const asks = (proxy: number, servers: string[] | null): boolean => {
      return explanations.explain({ from: 0, proxy, servers }, 0);
    };
    assert.deepEqual(
      [asks(0, ['redis0', 'redis2']), asks(0, ['redis0']), asks(1, ['redis1']), asks(0, null)],
      [true, false, false, true],
    );
  });
});
