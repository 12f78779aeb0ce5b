import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ClusterNode, SlotRange } from '../../../src/topology/cluster/cluster-facts.ts';
import { type DatedView, mergeViews, sameMap } from '../../../src/topology/cluster/cluster-map.ts';

function node(id: string, epoch: number, ...slots: SlotRange[]): ClusterNode {
  return {
    id,
    host: '127.0.0.1',
    port: id.charCodeAt(0),
    master: null,
    epoch,
    failed: false,
    slots,
  };
}

const view = (me: string, at: number, ...nodes: ClusterNode[]): DatedView => ({ me, at, nodes });

function ownerOf(views: readonly DatedView[], slot: number): string | undefined {
  return mergeViews(views).nodes.find(({ slots }) => {
    return slots.some(([first, last]) => first <= slot && slot <= last);
  })?.id;
}

const LAST_SLOT = 40;
const RANGE = fc
  .tuple(fc.nat(LAST_SLOT), fc.nat(LAST_SLOT))
  .map(([a, b]): SlotRange => [Math.min(a, b), Math.max(a, b)]);
const IDS = fc.constantFrom('a', 'b', 'c');
const NODES = fc.uniqueArray(
  fc
    .tuple(IDS, fc.nat(4), fc.array(RANGE, { maxLength: 3 }))
    .map(([id, epoch, slots]) => node(id, epoch, ...slots)),
  { selector: ({ id }) => id, minLength: 1 },
);
const VIEWS = fc
  .uniqueArray(fc.tuple(IDS, NODES), { selector: ([me]) => me, minLength: 1 })
  .map((list) => list.map(([me, all], at) => view(me, at, ...all)));

/** Who has a slot: of all claims that count the one of the highest epoch, the own, the newest. */
function bestClaim(views: readonly DatedView[], slot: number): string | undefined {
  const claims = views.flatMap(({ me, at, nodes }) => {
    return nodes
      .filter(({ id, slots }) => {
        const itself = views.find((other) => other.me === id);
        const isOld = id !== me && itself !== undefined && itself.at >= at;
        return !isOld && slots.some(([first, last]) => first <= slot && slot <= last);
      })
      .map(({ id, epoch }) => ({ id, epoch, own: Number(id === me), at }));
  });
  claims.sort((a, b) => b.epoch - a.epoch || b.own - a.own || b.at - a.at);
  return claims[0]?.id;
}

describe('the views of several nodes', () => {
  test('a lower epoch takes nothing back, however new it is', () => {
    const ahead = view('a', 1, node('a', 7, [0, 99]), node('b', 3, [100, 199]));
    const behind = view('b', 9, node('a', 5), node('b', 3, [0, 199]));
    assert.equal(ownerOf([ahead, behind], 50), 'a');
    assert.equal(ownerOf([behind, ahead], 50), 'a');
  });

  test('what a node says of itself stands above what others said before', () => {
    const old = view('b', 1, node('a', 3, [0, 99]), node('b', 2, [100, 199]));
    const itself = view('a', 2, node('a', 3, [0, 49]), node('b', 2, [100, 199]));
    assert.equal(ownerOf([old, itself], 70), undefined);
    assert.equal(ownerOf([old, itself], 30), 'a');
  });

  test('a slot that has moved is the new owner’s, who has a higher epoch', () => {
    const source = view('a', 5, node('a', 1, [0, 99]), node('b', 2, [100, 199]));
    const target = view('b', 4, node('a', 1, [0, 98]), node('b', 3, [99, 199]));
    assert.equal(ownerOf([source, target], 99), 'b');
  });

  test('without epochs the owner’s own word, then the newest counts', () => {
    const one = view('c', 1, node('a', 0, [0, 9]), node('c', 0));
    const other = view('d', 2, node('b', 0, [0, 9]), node('d', 0));
    assert.equal(ownerOf([one, other], 5), 'b');
    const own = view('a', 0, node('a', 0, [0, 9]));
    assert.equal(ownerOf([one, other, own], 5), 'a');
  });

  test('their order does not matter', () => {
    fc.assert(
      fc.property(VIEWS, (list) => {
        assert.ok(sameMap(mergeViews(list), mergeViews(list.toReversed())));
      }),
    );
  });

  test('each slot is by itself, whatever the ranges', () => {
    fc.assert(
      fc.property(VIEWS, (list) => {
        const map = mergeViews(list);
        for (let slot = 0; slot <= LAST_SLOT; slot++) {
          const owners = map.nodes.filter(({ slots }) => {
            return slots.some(([first, last]) => first <= slot && slot <= last);
          });
          const best = bestClaim(list, slot);
          const expected = best === undefined ? [] : [best];
          assert.deepEqual(
            owners.map(({ id }) => id),
            expected,
          );
        }
        for (const { slots } of map.nodes) {
          const gaps = slots.slice(1).map(([first], i) => first - slots[i][1]);
          assert.ok(
            gaps.every((gap) => gap > 1),
            'ranges are as long as can be',
          );
        }
      }),
    );
  });
});
