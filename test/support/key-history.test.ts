import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyHistory, numbered } from './key-history.ts';

/** A step: a write with what it has replaced, a read with what was sent last, or the end. */
type Step = ['wrote' | 'read', number, number] | ['end', number];

function told(steps: readonly Step[]): KeyHistory {
  const history = new KeyHistory('k', 'w');
  const value = (number: number) => (number === 0 ? null : numbered('k', 'w', number));
  for (const step of steps) {
    if (step[0] === 'wrote') history.wrote(step[1], value(step[2]), step[1] * 10);
    else if (step[0] === 'read') history.read(value(step[1]), step[2]);
    else history.end(value(step[1]));
  }
  return history;
}

test('each reply that goes on from the one before is right', () => {
  const history = told([
    ['wrote', 1, 0],
    ['read', 1, 1],
    // The second write got an error, and was carried out.
    ['read', 2, 2],
    ['wrote', 3, 2],
    ['end', 3],
  ]);
  assert.deepEqual([history.wrong, history.losses], [[], []]);
});

test('what is gone at the next write is lost, and no reply was wrong', () => {
  const history = told([
    ['wrote', 1, 0],
    ['wrote', 2, 1],
    ['wrote', 4, 2],
    ['read', 1, 4],
    ['read', 1, 5],
    ['wrote', 6, 1],
    ['end', 6],
  ]);
  assert.deepEqual([history.wrong, history.losses], [[], [{ key: 'k', count: 2, ackedAt: 40 }]]);
});

test('what is gone in the end is lost, all of it too', () => {
  const history = told([
    ['wrote', 1, 0],
    ['wrote', 2, 1],
    ['end', 0],
  ]);
  assert.deepEqual([history.wrong, history.losses], [[], [{ key: 'k', count: 2, ackedAt: 20 }]]);
});

const FAULTS: readonly (readonly [name: string, steps: Step[], text: RegExp])[] = [
  [
    'a read of what was before, that is there again',
    [
      ['read', 1, 2],
      ['read', 2, 2],
    ],
    /2 was there/,
  ],
  [
    'the same, as the next write says',
    [
      ['read', 1, 2],
      ['wrote', 3, 2],
    ],
    /2 was there/,
  ],
  [
    'the same, in the end',
    [
      ['read', 1, 2],
      ['end', 2],
    ],
    /read 1/,
  ],
  [
    'a read from before, with an unknown write then',
    [
      ['read', 1, 3],
      ['read', 3, 3],
    ],
    /3 was wri/,
  ],
  ['a read of what was not sent before it', [['read', 3, 2]], /read 3/],
  ['a write that is carried out twice', [['wrote', 3, 3]], /3 was carried out twice/],
  ['a write that is carried out out of turn', [['wrote', 3, 4]], /3 was carried out behind 4/],
];

for (const [name, steps, text] of FAULTS) {
  test(`it notices ${name}`, () => {
    const { wrong, losses } = told([['wrote', 1, 0], ['wrote', 2, 1], ...steps]);
    assert.equal(wrong.length, 1);
    assert.match(wrong[0], text);
    assert.deepEqual(losses, []);
  });
}

test('a value of another key, or none at all, is wrong; one of another writer is nothing yet', () => {
  for (const value of ['l w 1', 'kk w 1', 'OK', '', 'k w one', 'k w 1 2']) {
    const history = new KeyHistory('k', 'w');
    history.wrote(1, value, 0);
    history.read(value, 1);
    assert.deepEqual(history.wrong, [`k: got "${value}"`, `k: got "${value}"`]);
  }
  const history = new KeyHistory('k', 'w');
  history.wrote(1, 'k before 77', 0);
  history.read('k w 1', 1);
  assert.deepEqual([history.wrong, history.losses], [[], []]);
});
