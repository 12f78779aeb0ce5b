import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Address } from '../../../src/topology/facts.ts';
import { type Plan, planOf, type Situation } from '../../../src/topology/promotion/plan.ts';
import type { Fence } from '../../../src/topology/roles/fence.ts';
import type { ReplicationFacts } from '../../../src/topology/roles/replication-facts.ts';
import type { ServerView } from '../../../src/topology/roles/shard-servers.ts';

const at = (host: string): Address => ({ host, port: 1 });
const [A, B, C] = ['a', 'b', 'c'].map(at);
const history = (letter: string): string => (letter === '' ? '' : letter.repeat(40));
const FENCE: Fence = { toWrite: 1, maxLag: 1, pingPeriod: 1 };

function view(address: Address, facts: Partial<ReplicationFacts> | null): ServerView {
  const usual = { isMaster: false, replid: history('a'), replid2: '', offset: 10, linkUp: true };
  const more = { downSeconds: 0, syncing: false, master: 'a:1', heardSeconds: 0, priority: 100 };
  return {
    address,
    rttMs: 1,
    tried: true,
    facts: facts === null ? null : { ...usual, ...more, ...facts },
  };
}

const gone = (address: Address): ServerView => view(address, null);
const master = (address: Address, more: Partial<ReplicationFacts> = {}): ServerView =>
  view(address, { isMaster: true, master: '', ...more });
/** A replica that has not heard its master for so many seconds. */
const lost = (address: Address, seconds = 9, more: Partial<ReplicationFacts> = {}): ServerView =>
  view(address, { linkUp: false, downSeconds: seconds, ...more });

function plan(views: readonly ServerView[], more: Partial<Situation> = {}): Plan {
  return planOf({
    ...{ views, fenceOf: () => FENCE, place: { address: A, epoch: 4 }, newer: null, heir: null },
    ...{ down: true, awayMs: 2000, replid: history('a'), repairs: false, downAfterMs: 1000 },
    ...{ unfenced: false, promotedMs: 0, ...more },
  });
}

const promote = (address: Address, epoch = 5): Plan => ({ kind: 'promote', epoch, address });
const confirm = (address: Address, epoch = 5): Plan => ({ kind: 'confirm', epoch, address });
const record = (address: Address, epoch = 5, done = false) => ({ epoch, address, term: 1, done });

describe('what is done to a shard', () => {
  test('is nothing while its master is there, or not most say that it is down', () => {
    assert.equal(plan([master(A), view(B, {})]).kind, 'nothing');
    assert.equal(plan([gone(A), lost(B)], { down: false }).kind, 'nothing');
  });

  test('is a promotion of the replica that has most, then of the one that is preferred', () => {
    assert.deepEqual(plan([gone(A), lost(B), lost(C, 9, { offset: 11 })]), promote(C));
    assert.deepEqual(plan([gone(A), lost(B), lost(C, 9, { priority: 5 })]), promote(C));
    assert.deepEqual(plan([gone(A), lost(C), lost(B)]), promote(B));
  });

  test('is nothing while the old master may have as many replicas as it needs', () => {
    assert.match((plan([gone(A), gone(B), lost(C)]) as { why: string }).why, /may acknowledge/);
    assert.equal(plan([gone(A), lost(B, 2)]).kind, 'nothing', 'its word is not old enough');
    assert.equal(plan([gone(A), view(B, { heardSeconds: 2 })]).kind, 'nothing');
    assert.deepEqual(plan([gone(A), view(B, { heardSeconds: 3 })]), promote(B));
    const two = { fenceOf: () => ({ ...FENCE, toWrite: 2 }) };
    assert.deepEqual(plan([gone(A), gone(B), lost(C)], two), promote(C));
    assert.equal(plan([gone(A), lost(B)], { fenceOf: () => null }).kind, 'nothing');
    assert.deepEqual(plan([gone(A), lost(B, 0)], { unfenced: true }), promote(B));
  });

  test('a replica that follows another that is reached does not follow the old master', () => {
    const chained = view(C, { master: 'b:1', linkUp: true });
    assert.deepEqual(plan([gone(A), lost(B), chained]), promote(B));
  });

  test('is nothing when no replica is fit', () => {
    const unfit: Partial<ReplicationFacts>[] = [
      ...[{ priority: 0 }, { syncing: true }, { replid: history('x') }],
      { downSeconds: 13 },
    ];
    for (const each of unfit) {
      const { kind, ...rest } = plan([gone(A), lost(B, 9, each)]);
      assert.deepEqual([kind, rest], ['nothing', { why: 'no replica is fit to be the master' }]);
    }
    assert.deepEqual(
      plan([gone(A), lost(B, 9, { replid: history('b'), replid2: history('a') })]),
      promote(B),
    );
  });

  test('goes on with what somebody has begun', () => {
    const newer = record(B);
    const is = { newer, down: false, promotedMs: 3000 };
    assert.deepEqual(plan([gone(A), master(B)], is), confirm(B));
    assert.deepEqual(plan([gone(A), lost(B)], { newer, down: false }), promote(B));
    assert.equal(plan([gone(A), lost(B, 0)], { newer }).kind, 'nothing', 'not fenced yet');
  });

  test('is not said to be done before the old master can acknowledge nothing more', () => {
    const newer = record(B);
    // Its replica was told to leave it a moment ago: it counts that for a second, and some more.
    const early = plan([gone(A), master(B)], { newer, promotedMs: 2999 });
    // It passes by itself: the log is for what does not.
    assert.deepEqual(early, { kind: 'nothing', why: '' });
    assert.deepEqual(plan([gone(A), master(B)], { newer, promotedMs: 3000 }), confirm(B));
    const slow = { fenceOf: () => ({ ...FENCE, maxLag: 10 }), newer };
    assert.equal(plan([gone(A), master(B)], { ...slow, promotedMs: 11_999 }).kind, 'nothing');
    assert.deepEqual(plan([gone(A), master(B)], { ...slow, promotedMs: 12_000 }), confirm(B));
    assert.equal(plan([master(A), master(B)], { newer }).kind, 'nothing', 'it is one still');
    const alone = plan([gone(A), master(B), gone(C)], { newer, promotedMs: 60_000 });
    assert.match((alone as { why: string }).why, /1 more of its replicas/, 'C may follow A still');
    const after = { newer, promotedMs: 60_000, unfenced: true };
    assert.deepEqual(plan([gone(A), master(B), gone(C)], after), confirm(B));
    // Nothing is left to wait for.
    assert.deepEqual(plan([view(A, { master: 'b:1' }), master(B)], { newer }), confirm(B));
    const done = record(B, 5, true);
    assert.deepEqual(
      plan([gone(A), master(B)], { newer: done }),
      confirm(B),
      'who wrote that waited',
    );
  });

  test('leaves the master where it is when it is there after all', () => {
    const newer = record(B);
    assert.deepEqual(plan([master(A), view(B, {})], { newer }), confirm(A, 6));
    assert.deepEqual(plan([master(A), gone(B)], { newer }), confirm(A, 6));
    assert.equal(plan([master(A), gone(B)], { newer: record(B, 5, true) }).kind, 'nothing');
  });

  test('takes another one when the one that was decided on is gone as well', () => {
    const two = { fenceOf: () => ({ ...FENCE, toWrite: 2 }), newer: record(B) };
    assert.deepEqual(plan([gone(A), gone(B), lost(C)], two), promote(C, 6));
    assert.equal(plan([gone(A), gone(B), lost(C)], { ...two, down: false }).kind, 'nothing');
  });

  test('is agreed on when somebody else has promoted a replica', () => {
    const heir = B;
    assert.deepEqual(
      plan([view(A, { master: 'b:1' }), master(B)], { heir, down: false }),
      confirm(B),
    );
    assert.deepEqual(plan([gone(A), master(B)], { heir }), confirm(B));
    assert.equal(plan([gone(A), master(B)], { heir, down: false }).kind, 'nothing');
    assert.equal(plan([master(A), master(B)], { heir }).kind, 'nothing');
    assert.equal(plan([gone(A), master(B), gone(C)], { heir }).kind, 'nothing', 'not fenced');
  });

  test('makes those replicas that follow nobody, or one that is gone, but for other data', () => {
    const repairs = true;
    const old = { replid: history('a') };
    const now = master(B, { replid: history('b'), replid2: history('a') });
    const place = { address: B, epoch: 5 };
    const all = (...views: ServerView[]): Plan => plan(views, { place, repairs });
    assert.deepEqual(all(master(A, old), now), { kind: 'repair', servers: [A] });
    assert.deepEqual(all(master(A, { replid: history('x'), offset: 0 }), now), {
      ...{ kind: 'repair', servers: [A] },
    });
    assert.equal(all(master(A, { replid: history('x') }), now).kind, 'nothing');
    assert.deepEqual(all(gone(A), now, lost(C)), { kind: 'repair', servers: [C] });
    assert.equal(all(gone(A), now, lost(C, 9, { master: 'b:1' })).kind, 'nothing');
    assert.equal(plan([master(A, old), now], { place, repairs: false }).kind, 'nothing');
  });
});
