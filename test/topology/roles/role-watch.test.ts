import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Address, sameAddress } from '../../../src/topology/facts.ts';
import type { ReplicationFacts } from '../../../src/topology/roles/replication-facts.ts';
import { RoleWatch } from '../../../src/topology/roles/role-watch.ts';
import type { ServerView } from '../../../src/topology/roles/shard-servers.ts';

const at = (host: string): Address => ({ host, port: 6379 });
const A = at('a');
const B = at('b');
const C = at('c');

/** A history of data, or none. */
const history = (letter: string): string => (letter === '' ? '' : letter.repeat(40));

/** What only a promotion asks for. */
const MORE = { master: '', heardSeconds: 0, priority: 100 };

function view(address: Address, facts: Partial<ReplicationFacts> | null, tried = true): ServerView {
  const usual = { isMaster: false, replid2: '', offset: 0, linkUp: true };
  const all = { ...usual, replid: '', downSeconds: 0, syncing: false, ...MORE, ...facts };
  return { address, rttMs: 1, tried, facts: facts === null ? null : all };
}

const master = (address: Address, replid: string, replid2 = ''): ServerView =>
  view(address, { isMaster: true, replid: history(replid), replid2: history(replid2) });
const replica = (address: Address, replid: string): ServerView =>
  view(address, { replid: history(replid) });
const away = (address: Address): ServerView => view(address, null);

describe('the watch of a shard whose servers say themselves what they are', () => {
  let watch: RoleWatch;
  let moves: string[];
  let said: string[];
  beforeEach(() => {
    moves = [];
    said = [];
    watch = new RoleWatch(
      { address: A, epoch: 0 },
      { move: (to) => moves.push(to.host), say: (text) => said.push(text) },
    );
  });

  test('stays with the master it has', () => {
    watch.review([master(A, 'a'), replica(B, 'a')]);
    watch.review([away(A), replica(B, 'a')]);
    assert.deepEqual(moves, []);
  });

  test('stays with the one of the file until that is known to be away', () => {
    watch.review([view(A, null, false), master(B, 'b')]);
    assert.deepEqual(moves, []);
    watch.review([away(A), master(B, 'b')]);
    assert.deepEqual(moves, ['b']);
  });

  test('goes to a replica that goes on from the data of its master, whatever that one says', () => {
    for (const old of [away(A), master(A, 'a'), replica(A, 'b')]) {
      const each = new RoleWatch(
        { address: A, epoch: 0 },
        { move: (to) => moves.push(to.host), say: () => {} },
      );
      each.review([master(A, 'a'), replica(B, 'a')]);
      each.review([old, master(B, 'b', 'a')]);
      assert.deepEqual(each.place, { address: B, epoch: 1 });
    }
    assert.deepEqual(moves, ['b', 'b', 'b']);
  });

  test('does not go back to an old master that is started again', () => {
    watch.review([master(A, 'a'), replica(B, 'a')]);
    watch.review([away(A), master(B, 'b', 'a')]);
    watch.review([master(A, 'z', 'a'), master(B, 'b', 'a')]);
    assert.deepEqual(moves, ['b']);
  });

  test('of two that go on from the same data, takes the one that replicas follow', () => {
    watch.review([master(A, 'z', 'a'), master(B, 'b', 'a')]);
    assert.deepEqual(moves, [], 'nobody can know');
    watch.review([master(A, 'z', 'a'), master(B, 'b', 'a'), replica(C, 'b')]);
    assert.deepEqual(moves, ['b']);
  });

  test('does not go to a stranger, and says so once', () => {
    watch.review([master(A, 'a'), master(B, 'x', 'y')]);
    watch.review([away(A), master(B, 'x', 'y')]);
    assert.deepEqual([moves, said.length], [[], 1]);
  });

  test('takes the only one there is when nothing is known of its own', () => {
    watch.review([away(A), away(B)]);
    watch.review([away(A), master(B, 'b')]);
    assert.deepEqual(moves, ['b']);
  });

  test('another watch goes on with what it knows', () => {
    watch.review([master(A, 'a'), replica(B, 'a')]);
    const next = new RoleWatch(JSON.parse(JSON.stringify(watch.start)), {
      move: (to) => moves.push(to.host),
      say: () => {},
    });
    next.review([away(A), master(B, 'b', 'a')]);
    watch.learn(next.start);
    assert.deepEqual([moves, watch.place.address], [['b', 'b'], B]);
  });

  test('whatever they say, only one that says it is a master is taken', () => {
    const letter = fc.constantFrom('', 'a', 'b', 'c');
    const any = (address: Address) =>
      fc.oneof(
        fc.constant(away(address)),
        letter.map((id) => replica(address, id)),
        fc.tuple(letter, letter).map(([id, id2]) => master(address, id, id2)),
      );
    const views = fc.tuple(any(A), any(B), any(C));
    fc.assert(
      fc.property(fc.array(views, { maxLength: 12 }), (rounds) => {
        const each = new RoleWatch({ address: A, epoch: 0 }, { move: () => {}, say: () => {} });
        for (const round of rounds) {
          const before = each.place.address;
          each.review(round);
          const now = each.place.address;
          const taken = round.find(({ address }) => sameAddress(address, now));
          assert.ok(sameAddress(before, now) || taken?.facts?.isMaster === true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
