import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Address } from '../../../src/topology/facts.ts';
import {
  lagOf,
  type Readers,
  type ReadFrom,
  readersOf,
} from '../../../src/topology/roles/readers.ts';
import {
  type ReplicationFacts,
  replicationFacts,
} from '../../../src/topology/roles/replication-facts.ts';
import type { ServerView } from '../../../src/topology/roles/shard-servers.ts';

const ID = 'a'.repeat(40);
const at = (host: string): Address => ({ host, port: 1 });
const [M, R, S] = [at('m'), at('r'), at('s')];
const REPLICA: ReplicationFacts = {
  isMaster: false,
  replid: ID,
  replid2: '',
  offset: 1000,
  linkUp: true,
  downSeconds: 0,
  syncing: false,
  master: '',
  heardSeconds: 0,
  priority: 100,
};
const MASTER: ReplicationFacts = { ...REPLICA, isMaster: true };

function view(address: Address, facts: ReplicationFacts | null, rttMs = 1): ServerView {
  return { address, facts, rttMs, tried: true };
}

function read(views: readonly ServerView[], from: ReadFrom, before: Readers = []): string {
  const readers = readersOf({ from, maxLag: 100 }, M, views, before);
  return readers.map((each) => each?.host ?? 'master').join();
}

describe('who is read', () => {
  const both = [view(M, MASTER), view(R, REPLICA), view(S, REPLICA)];

  test('replicas, or all, or nobody but the master', () => {
    assert.equal(read(both, 'master'), '');
    assert.equal(read(both, 'prefer-replica'), 'r,s');
    assert.equal(read(both, 'replica'), 'r,s');
    assert.equal(read(both, 'any'), 'master,r,s');
  });

  const unfit: readonly (readonly [what: string, facts: ReplicationFacts | null])[] = [
    ['cannot be asked', null],
    ['is a master', MASTER],
    ['takes in all data anew', { ...REPLICA, syncing: true }],
    ['has lost its master', { ...REPLICA, linkUp: false }],
    ['has other data', { ...REPLICA, replid: 'b'.repeat(40) }],
    ['is too far behind', { ...REPLICA, offset: 1000 - 101 }],
  ];
  for (const [what, facts] of unfit) {
    test(`not one that ${what}`, () => {
      assert.equal(read([view(M, MASTER), view(R, facts)], 'prefer-replica', [R]), '');
    });
  }

  test('one that was read before, until it has been asked', () => {
    const untried = { ...view(R, null), tried: false };
    assert.equal(read([view(M, MASTER), untried], 'replica'), '');
    assert.equal(read([view(M, MASTER), untried], 'replica', [R]), 'r');
    assert.equal(read([view(M, MASTER), view(R, null)], 'replica', [R]), '');
  });

  test('one that was too far behind only when it has caught up by half', () => {
    const views = [view(M, MASTER), view(R, { ...REPLICA, offset: 1000 - 60 })];
    assert.equal(read(views, 'prefer-replica'), '');
    assert.equal(read(views, 'prefer-replica', [R]), 'r');
  });

  test('while the master is away those that heard of it a minute ago', () => {
    const lost = { ...REPLICA, linkUp: false };
    const views = [view(M, null), view(R, { ...lost, downSeconds: 59 })];
    assert.equal(read(views, 'prefer-replica'), 'r');
    views[1] = view(R, { ...lost, downSeconds: 60 });
    assert.equal(read(views, 'prefer-replica'), '');
  });

  test('the nearest, until another is clearly nearer', () => {
    const times = (m: number, r: number): ServerView[] => [view(M, MASTER, m), view(R, REPLICA, r)];
    assert.equal(read(times(1, 5), 'nearest'), 'master');
    assert.equal(read(times(5, 1), 'nearest'), 'r');
    assert.equal(read(times(1, 1.1), 'nearest', [R]), 'r');
    assert.equal(read(times(1, 5), 'nearest', [R]), 'master');
  });

  test('how far a replica is behind is known of the same data only', () => {
    assert.equal(lagOf(MASTER, { ...REPLICA, offset: 900 }), 100);
    assert.equal(lagOf(MASTER, { ...REPLICA, offset: 1100 }), 0);
    assert.equal(lagOf(MASTER, { ...REPLICA, replid: '' }), null);
    assert.equal(lagOf(null, REPLICA), null);
  });
});

describe('what a server says of its part in replication', () => {
  test('is read', () => {
    const text = [
      '# Replication',
      'role:slave',
      'master_host:10.0.0.1',
      'master_port:6379',
      'master_last_io_seconds_ago:4',
      'slave_priority:0',
      'master_link_status:down',
      'master_sync_in_progress:1',
      'slave_repl_offset:77',
      'master_link_down_since_seconds:12',
      `master_replid:${ID}`,
      `master_replid2:${'0'.repeat(40)}`,
      'master_repl_offset:99',
    ].join('\r\n');
    assert.deepEqual(replicationFacts(text), {
      ...{ isMaster: false, replid: ID, replid2: '', offset: 77 },
      ...{ linkUp: false, downSeconds: 12, syncing: true },
      ...{ master: '10.0.0.1:6379', heardSeconds: 4, priority: 0 },
    });
    const master = replicationFacts(text.replace('role:slave', 'role:master'));
    assert.deepEqual([master?.isMaster, master?.offset], [true, 99]);
  });

  test('may be anything', () => {
    for (const reply of [null, '', 'role', 'role:sentinel', ['role:master'], 'x:role:master']) {
      assert.equal(replicationFacts(reply), null, String(reply));
    }
    const odd = replicationFacts('role:master\r\nmaster_repl_offset:1e99\r\nmaster_replid:<x>');
    assert.deepEqual([odd?.offset, odd?.replid], [0, '']);
  });
});
