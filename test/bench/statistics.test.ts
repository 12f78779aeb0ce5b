import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crossover, median, medianInterval, ratioSpread, spread } from '../../bench/statistics.ts';
import { short, table } from '../../bench/table.ts';

describe('statistics of the benchmarks', () => {
  test('the median is the middle, or between the two middles', () => {
    assert.equal(median([5]), 5);
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([10, 1, 2, 3]), 2.5);
    assert.throws(() => median([]), RangeError);
  });

  test('the spread leaves its values as they are', () => {
    const values = [3, 1, 2];
    assert.deepEqual(spread(values), { median: 2, low: 1, high: 3 });
    assert.deepEqual(values, [3, 1, 2]);
  });

  test('ratios are taken round by round', () => {
    // Both ten times slower in the second round: the ratio does not notice.
    assert.deepEqual(ratioSpread([2, 20, 2], [1, 10, 1]), { median: 2, low: 2, high: 2 });
    assert.throws(() => ratioSpread([1], [1, 2]), RangeError);
  });

  test('the interval of a median leaves out as many values as chance allows', () => {
    const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
    // From the binomial distribution: 5 % on either side leave out 0, 1, 2 and 5 values.
    assert.deepEqual(medianInterval(upTo(5)), { median: 3, low: 1, high: 5 });
    assert.deepEqual(medianInterval(upTo(9)), { median: 5, low: 2, high: 8 });
    assert.deepEqual(medianInterval(upTo(11)), { median: 6, low: 3, high: 9 });
    assert.deepEqual(medianInterval(upTo(20)), { median: 10.5, low: 6, high: 15 });
    assert.throws(() => medianInterval(upTo(4)), RangeError);
  });

  test('a crossover is where the ratio stays clearly above 1', () => {
    assert.equal(crossover([1, 2, 4], [1.1, 1.2, 1.3]), 1);
    assert.equal(crossover([1, 2, 4], [1.1, 0.9, 1.3]), 4);
    assert.equal(crossover([1, 2, 4], [1.1, 1.01, 1.3]), 4);
    assert.equal(crossover([1, 2, 4], [1.1, 1.2, 1]), null);
  });

  test('a table has columns', () => {
    assert.equal(
      table(
        ['name', 'n'],
        [
          ['a', '10'],
          ['bcdef', '1'],
        ],
      ),
      'name    n\n-----  --\na      10\nbcdef   1',
    );
  });

  test('numbers are short', () => {
    assert.deepEqual([1.234, 12.34, 123.4, 12345.6, Number.NaN].map(short), [
      '1.23',
      '12.3',
      '123',
      '12346',
      '-',
    ]);
  });
});
