import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Pairs } from '../cases/pairs.ts';
import { pairsOf, withRuns } from './page.ts';

describe('pairs of faults and states', () => {
  test('docs/simulated-faults.md tells what its named runs have seen', () => {
    const page = readFileSync(
      new URL('../../../../docs/simulated-faults.md', import.meta.url),
      'utf8',
    );
    assert.equal(page, withRuns(page));
  });

  test('a table counts each pair in its row and column', () => {
    const pairs = new Pairs();
    pairs.add(Pairs.key('crash', 'waiting', 'in flight'));
    pairs.add(Pairs.key('crash', 'deaf', 'in flight'));
    pairs.add(Pairs.key('reload', 'deaf', 'none'));
    const rows = (table: readonly string[]): string[][] => table.map((row) => row.split(/ {2,}/));
    const [head, crash, reload] = rows(pairs.summary());
    assert.equal(crash[head.indexOf('in flight')], '2');
    assert.equal(reload[head.indexOf('none')], '1');
    assert.equal(pairs.table().length, 4);
  });

  test('a case counts in one run only', () => {
    const run = { command: 'a run', seeds: [6, 12], pairs: { 'crash × idle × none': 2 } };
    const other = { ...run, command: 'another run', seeds: [18] };
    assert.equal(pairsOf([run, other]).of('crash × idle × none'), 4);
    assert.throws(() => pairsOf([run, { ...other, seeds: [18, 12] }]), /seed 12 .*another run/);
  });

  test('merged, they are added up', () => {
    const [one, other] = [new Pairs(), new Pairs()];
    one.add('a × b × none');
    other.add('a × b × none');
    one.merge(other);
    assert.equal(one.of('a × b × none'), 2);
  });
});
