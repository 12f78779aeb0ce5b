import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { timeline } from './timeline.ts';

describe('a timeline', () => {
  const lines = [
    { at: 1_000, party: 'client2', text: 'asks GET r1' },
    { at: 2_000, party: 'redis0', text: '#1 GET r1 -> _' },
    { at: 250_000, party: 'world', text: 'redis0 is killed for 30 ms' },
    { at: 251_000, party: 'client2', text: 'COMPLAINT: is answered nothing' },
  ];

  test('has a column for each party, in the order in which requests go, and says who does what', () => {
    assert.deepEqual(timeline(lines), [
      '        ms  wo  cl2 re0 ',
      '     1.000  .   o   .    client2: asks GET r1',
      '     2.000  .   .   o    redis0: #1 GET r1 -> _',
      '            248 ms later',
      '   250.000  !   .   .    world: redis0 is killed for 30 ms',
      '   251.000  .   X   .    client2: COMPLAINT: is answered nothing',
    ]);
  });

  test('of too much, shows what came before the complaint', () => {
    const after = { at: 300_000, party: 'redis0', text: 'is there again' };
    const rows = timeline([...lines, ...new Array(20).fill(after)], 10);
    assert.deepEqual(rows.slice(1, 6), [
      '(2 lines before)',
      '   250.000  !   .   .    world: redis0 is killed for 30 ms',
      '   251.000  .   X   .    client2: COMPLAINT: is answered nothing',
      '   300.000  .   .   o    redis0: is there again',
      '   300.000  .   .   o    redis0: is there again',
    ]);
    assert.equal(rows.at(-1), '(12 lines after)');
  });

  test('of too many complaints, shows what came before the first one', () => {
    const more = new Array(20).fill(lines[3]);
    const rows = timeline([...lines, ...more], 12);
    assert.ok(rows.includes('     1.000  .   o   .    client2: asks GET r1'), rows.join('\n'));
    assert.equal(rows.at(-1), '(12 lines after, 12 of them complaints)');
  });

  test('of a long text, shows the beginning', () => {
    const text = 'word '.repeat(400);
    const rows = timeline([{ at: 0, party: 'proxy0', text }]);
    assert.equal(rows.length, 5);
    assert.ok(rows.every((row) => row.length < 130));
    assert.ok(rows[4].endsWith('…'));
  });
});
