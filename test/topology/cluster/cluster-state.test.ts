import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterState, Recoveries } from '../../../src/topology/cluster/cluster-state.ts';
import { ErrorReply } from '../../../src/topology/reply-reader.ts';

const state = (served: number, epoch: number) => ({ served, epoch });

test('what a node says of its cluster is read, and nothing else taken for it', () => {
  const lines = ['cluster_state:fail', 'cluster_slots_ok:10923', 'cluster_slots_fail:5461'];
  const info = [...lines, 'cluster_current_epoch:7', 'cluster_my_epoch:2', ''].join('\r\n');
  assert.deepEqual(clusterState(info), state(10923, 7));
  assert.equal(clusterState('cluster_state:ok\r\n'), null);
  assert.equal(clusterState(new ErrorReply('NOPERM')), null);
  assert.equal(clusterState(null), null);
});

test('a node that sees more served than before has seen a recovery', () => {
  const recoveries = new Recoveries();
  assert.equal(recoveries.sees('a', state(16384, 6)), false);
  assert.equal(recoveries.sees('a', state(10923, 6)), false);
  assert.equal(recoveries.sees('b', state(16384, 6)), false, 'it has not missed anybody yet');
  assert.equal(recoveries.sees('a', state(10923, 7)), false, 'an election is not won yet');
  assert.equal(recoveries.sees('a', state(16384, 7)), true);
  recoveries.begin();
  assert.equal(recoveries.sees('a', state(16384, 7)), false);
});

test('a recovery that was over before anybody looked is told by its epoch', () => {
  const recoveries = new Recoveries();
  assert.equal(recoveries.sees('a', state(16384, 6)), false);
  assert.equal(recoveries.sees('b', state(16384, 7)), true);
});

test('of two parts that are missed each is told when it is back', () => {
  const recoveries = new Recoveries();
  assert.equal(recoveries.sees('a', state(5461, 6)), false);
  assert.equal(recoveries.sees('a', state(10923, 7)), true);
});
