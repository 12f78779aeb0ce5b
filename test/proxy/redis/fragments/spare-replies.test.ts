import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Reusable, Spares } from '../../../../src/proxy/redis/fragments/spare-replies.ts';

class Thing implements Reusable {
  cleared = 0;

  clear(): void {
    this.cleared++;
  }
}

function spares(most = 3): { list: Spares<Thing>; made: Thing[] } {
  const made: Thing[] = [];
  const make = (): Thing => {
    const thing = new Thing();
    made.push(thing);
    return thing;
  };
  return { list: new Spares(make, most), made };
}

describe('what is used for one request after the other', () => {
  test('is not used again in the chunk that ended it: somebody may still look at it', () => {
    const { list, made } = spares();
    const first = list.take(1);
    list.give(first, 1);
    assert.equal(first.cleared, 0);
    assert.notEqual(list.take(1), first);
    assert.equal(first.cleared, 0);
    assert.equal(list.take(2), first);
    assert.equal(first.cleared, 1);
    assert.equal(made.length, 2);
  });

  test('is taken while others have just been given back', () => {
    const { list, made } = spares(8);
    const all = [list.take(1), list.take(1), list.take(1), list.take(1)];
    list.give(all[0], 1);
    list.give(all[1], 1);
    list.give(all[2], 2);
    list.give(all[3], 2);
    const early = [list.take(2), list.take(2), list.take(2)];
    assert.deepEqual(new Set(early.slice(0, 2)), new Set(all.slice(0, 2)));
    assert.equal(early[2], made[4], 'the others are not ready');
    assert.deepEqual(new Set([list.take(3), list.take(3)]), new Set(all.slice(2)));
    assert.ok(all.every(({ cleared }) => cleared === 1));
  });

  test('is kept up to a number', () => {
    const { list, made } = spares(2);
    for (const each of [list.take(1), list.take(1), list.take(1)]) list.give(each, 1);
    const again = [list.take(2), list.take(2), list.take(2)];
    assert.equal(made.length, 4);
    assert.equal(made.filter((each) => again.includes(each)).length, 3);
  });
});
