import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TRACES_KEPT } from '../../../src/limits.ts';
import { MemoryBudget } from '../../../src/proxy/engine/memory-budget.ts';
import { type RequestTrace, RequestTraces } from '../../../src/proxy/engine/request-traces.ts';

const log = { level: 0, write() {} };
const TRACE: RequestTrace = {
  pool: 'p',
  redis: true,
  command: 'GET',
  key: 'k',
  client: '127.0.0.1:1',
  clientName: '',
  startedAt: 1,
  endedAt: 2,
  failure: null,
  shares: [],
};

describe('traces of requests', () => {
  test('are of as many requests as was asked for, however these come', () => {
    for (const rate of [0.01, 0.25, 0.9]) {
      const traces = new RequestTraces(rate, new MemoryBudget(0, [], log));
      const streams: ((i: number) => [number, number, number])[] = [
        // One client with a pipeline, many clients at one moment, one client over time.
        (i) => [12_345_678, 3, i],
        (i) => [12_345_678, i, 0],
        (i) => [i * 37, 3, i],
      ];
      for (const at of streams) {
        let taken = 0;
        for (let i = 0; i < 20_000; i++) if (traces.takes(...at(i))) taken++;
        const deviation = Math.sqrt(20_000 * rate * (1 - rate));
        assert.ok(Math.abs(taken - 20_000 * rate) < 7 * deviation, `${taken} of ${rate}`);
      }
    }
  });

  test('are of all or none at the ends of the scale, and the same when asked again', () => {
    const all = new RequestTraces(1, new MemoryBudget(0, [], log));
    const half = new RequestTraces(0.5, new MemoryBudget(0, [], log));
    for (let i = 0; i < 1000; i++) {
      assert.ok(all.takes(i, i, i));
      assert.equal(half.takes(i, 1, 2), half.takes(i, 1, 2));
    }
  });

  test('wait in bounded number, counted by the budget, until they are taken', () => {
    const budget = new MemoryBudget(0, [], log);
    const traces = new RequestTraces(1, budget);
    for (let i = 0; i < TRACES_KEPT + 3; i++) traces.add(TRACE);
    assert.ok(budget.used > TRACES_KEPT * 200);
    const taken = traces.takeAll();
    assert.equal(taken.traces.length, TRACES_KEPT);
    assert.equal(taken.lost, 3);
    assert.equal(budget.used, 0);
    assert.deepEqual(traces.takeAll(), { traces: [], lost: 0 });
  });
});
