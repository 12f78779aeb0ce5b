import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LANE_LIMIT } from '../../../src/limits.ts';
import { type LaneKey, Lanes, laneKey } from '../../../src/proxy/pool/lanes.ts';

describe('lanes', () => {
  test('the first is RESP2 and the configured database, and is always granted', () => {
    const lanes = new Lanes(3, () => true);
    assert.deepEqual([lanes.first.db, lanes.first.resp, lanes.first.verified], [3, 2, true]);
    assert.equal(lanes.find(3, 2, false, null), lanes.first);
  });

  test('a database that servers have is not asked for again with another version', () => {
    const lanes = new Lanes(0, () => true);
    const five = lanes.find(5, 2, false, null);
    assert.ok(five !== null && !five.verified);
    five.verified = true;
    five.enter();
    assert.ok(lanes.find(5, 3, false, null)?.verified);
  });

  test('there is an end to them, and nobody loses the one it is on', () => {
    const lanes = new Lanes(0, () => true);
    for (let db = 1; db < LANE_LIMIT; db++) {
      const lane = lanes.find(db, 2, false, null);
      assert.ok(lane !== null);
      lane.enter();
    }
    assert.equal(lanes.find(LANE_LIMIT, 2, false, null), null);
    lanes.at(9).leave();
    assert.equal(lanes.find(LANE_LIMIT, 2, false, null), lanes.at(9));
  });

  test('leaving a lane that nobody is on is a broken rule', () => {
    const { first } = new Lanes(0, () => true);
    first.enter();
    first.leave();
    assert.throws(() => first.leave(), /only who is on a lane leaves it/);
    assert.equal(first.clients, 0);
  });

  test('random clients that come, change and go: one lane for all who want the same', () => {
    const action = fc.record({
      client: fc.nat({ max: 5 }),
      db: fc.nat({ max: 4 }),
      resp: fc.constantFrom(2 as const, 3 as const),
      tracking: fc.boolean(),
      leave: fc.boolean(),
      pick: fc.nat(),
    });
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 60 }),
        fc.infiniteStream(fc.boolean()),
        (all, busy) => {
          const used = new Map<number, boolean>();
          const lanes = new Lanes(0, (index) => used.get(index) !== true);
          const on = new Map<number, number>();
          const made: LaneKey[] = [];
          for (const { client, db, resp, tracking, leave, pick } of all) {
            const before = on.get(client);
            if (before !== undefined) lanes.at(before).leave();
            on.delete(client);
            if (leave) continue;
            const lane = lanes.find(db, resp, tracking, null);
            assert.ok(lane !== null);
            assert.deepEqual([lane.db, lane.resp, lane.tracking], [db, resp, tracking]);
            lane.enter();
            made.push(laneKey(lane));
            on.set(client, lane.index);
            used.set(lane.index, busy.next().value as boolean);
            for (const [other, index] of on) {
              const theirs = lanes.at(index);
              if (other === client || theirs === lane) continue;
              const same = theirs.db === db && theirs.resp === resp;
              assert.ok(!same || theirs.tracking !== tracking, 'two lanes for the same');
            }
            // A request that was made on a lane finds one that is as that one was.
            const key = made[pick % made.length];
            const { index: _, ...wanted } = key;
            const { index: _found, ...found } = laneKey(lanes.at(lanes.again(key)));
            assert.deepEqual(found, wanted);
          }
          for (let i = 0; i < lanes.count; i++) {
            const clients = [...on.values()].filter((index) => index === i).length;
            assert.equal(lanes.at(i).clients, clients);
          }
        },
      ),
      { numRuns: 300, seed: 2 },
    );
  });
});
