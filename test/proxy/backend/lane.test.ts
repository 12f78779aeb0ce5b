import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lanes, laneKey } from '../../../src/proxy/pool/lanes.ts';

test('a lane that was given to others is not where a request is sent again', () => {
  const lanes = new Lanes(0, () => true);
  const five = lanes.find(5, 2, false, null);
  assert.ok(five !== null);
  const place = laneKey(five);
  assert.equal(lanes.again(place), five.index);
  // Nobody is on it and it has no connections: the next database takes it.
  const six = lanes.find(6, 3, false, null);
  assert.equal(six?.index, five.index);
  if (six !== null) six.enter();
  const again = lanes.at(lanes.again(place));
  assert.notEqual(again.index, place.index);
  assert.deepEqual([again.db, again.resp], [5, 2]);
});

test('lane 0 is another one when the configuration has another database', () => {
  const lanes = new Lanes(0, () => true);
  const place = laneKey(lanes.first);
  lanes.first.db = 3;
  assert.equal(lanes.at(lanes.again(place)).db, 0);
});
