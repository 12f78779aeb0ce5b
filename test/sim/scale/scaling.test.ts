import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { herdAt, within } from './herd.ts';
import { withTables } from './page.ts';

describe('the model of a fleet', () => {
  test('gives the tables of docs/scaling.md', () => {
    const page = readFileSync(new URL('../../../../docs/scaling.md', import.meta.url), 'utf8');
    assert.equal(page, withTables(page));
  });

  test('whoever comes is let in, one after the other', () => {
    assert.deepEqual(herdAt({ costMicros: 100, backlog: 10 }, [0, 0, 0]), {
      halfMs: 0.2,
      lastMs: 0.3,
      longest: 3,
      dropped: 0,
    });
  });

  test('a SYN that finds no room comes again a second later', () => {
    const { dropped, lastMs, longest } = herdAt({ costMicros: 100, backlog: 2 }, [0, 0, 0]);
    assert.deepEqual([dropped, lastMs, longest], [1, 1000.1, 2]);
  });

  test('nobody is faster than the door, nor waits in a longer queue than it has', () => {
    const arrivals = fc.array(fc.nat(50_000), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 1, max: 50 }), (at, backlog) => {
        const { lastMs, longest } = herdAt({ costMicros: 100, backlog }, at);
        assert.ok(longest <= backlog);
        assert.ok(lastMs >= (at.length * 100) / 1000 - 0.05);
      }),
    );
  });

  test('what is spread is spread', () => {
    const at = within(1_000, 10_000);
    assert.ok(Math.min(...at) < 500 && Math.max(...at) > 9_500);
  });
});
