import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byWeight, type ClientView } from '../../../src/proxy/client/client-list.ts';

const view = fc.record({
  id: fc.nat(),
  address: fc.constant('127.0.0.1:1'),
  name: fc.constant(''),
  heldBytes: fc.nat({ max: 2 }),
  unanswered: fc.nat({ max: 2 }),
  ageSeconds: fc.constant(0),
  idleSeconds: fc.nat({ max: 2 }),
  flags: fc.constant('N'),
});

test('who holds more comes first, then who waits for more, then who spoke last', () => {
  const rank = ({ heldBytes, unanswered, idleSeconds }: ClientView): number => {
    return heldBytes * 100 + unanswered * 10 - idleSeconds;
  };
  fc.assert(
    fc.property(fc.array(view, { maxLength: 12 }), (views) => {
      const ranks = [...views].sort(byWeight).map(rank);
      assert.deepEqual(
        ranks,
        [...ranks].sort((a, b) => b - a),
      );
    }),
    { numRuns: 100 },
  );
});
