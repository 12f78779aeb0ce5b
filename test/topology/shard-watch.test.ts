import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import {
  CONFIRM_MS,
  PROMOTION_MS,
  SENTINEL_DISTRUST_MS,
  SENTINEL_LAG_MS,
  SENTINEL_RESET_MS,
  SENTINEL_VIEW_MS,
} from '../../src/limits.ts';
import { addressText } from '../../src/topology/facts.ts';
import { A, ALL, at, B, Bench, C, PROMOTION } from '../support/shard-bench.ts';

describe('the watch of a shard', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
    bench.views([0, 1, 2], A, 1);
  });

  test('stays where most sentinels say the master is', () => {
    assert.deepEqual(bench.done, []);
    assert.deepEqual(bench.watch.place, { address: A, epoch: 1 });
    assert.deepEqual(bench.watch.replicas, ['b:6379', 'c:6379']);
  });

  test('moves when most sentinels name another that says it is a master', () => {
    bench.view(0, B, 2);
    assert.equal(bench.probed, null, 'one is not enough');
    bench.view(1, B, 2);
    assert.equal(bench.probed, B);
    assert.equal(bench.watch.state, 'confirming');
    bench.role(B, false);
    assert.deepEqual(bench.done, []);
    bench.role(B);
    assert.deepEqual(bench.done, ['move b']);
    assert.deepEqual(bench.watch.place, { address: B, epoch: 2 });
    bench.view(2, A, 1);
    assert.deepEqual(bench.done, ['move b']);
  });

  test('does not move to a server that never says it is a master', () => {
    bench.views([0, 1], B, 2);
    bench.pass(CONFIRM_MS + 1000);
    assert.equal(bench.probed, null);
    bench.role(B);
    assert.deepEqual(bench.done, []);
  });

  test('moves early: when a promotion is announced and has happened', () => {
    bench.event(0, PROMOTION, B);
    assert.deepEqual(bench.done, ['hold']);
    bench.role(B, false);
    bench.role(B);
    assert.deepEqual(bench.done, ['hold', 'move b']);
    // The others have not heard of it, nor has the leader raised their epoch.
    bench.views([0, 1, 2], A, 1);
    bench.view(0, B, 2);
    bench.views([1, 2], A, 1);
    assert.equal(bench.probed, null);
    bench.views([1, 2], B, 2);
    assert.deepEqual(bench.watch.place, { address: B, epoch: 2 });
    assert.deepEqual(bench.done, ['hold', 'move b']);
  });

  test('an old master that is back is not taken for one that was just promoted', () => {
    bench.event(0, PROMOTION, B);
    bench.role(B);
    bench.role(B);
    assert.deepEqual(bench.done, ['hold'], 'it was one all the time');
    bench.pass(PROMOTION_MS);
    assert.deepEqual(bench.done, ['hold', 'release']);
    bench.event(1, PROMOTION, B);
    bench.role(B);
    bench.views([1, 2], B, 2);
    bench.role(B);
    assert.deepEqual(bench.done, ['hold', 'release', 'hold', 'move b'], 'most name it');
  });

  test('one that most sentinels have seen to be a replica is taken at its first word', () => {
    const others = new Set([addressText(B), addressText(C)]);
    const well = new Set([addressText(B)]);
    bench.watch.onView(0, { address: A, epoch: 1 }, others, well);
    bench.event(0, PROMOTION, B);
    bench.role(B);
    assert.deepEqual(bench.done, ['hold'], 'one sentinel is not most');
    bench.pass(PROMOTION_MS);
    for (const sentinel of [1, 2]) {
      bench.watch.onView(sentinel, { address: A, epoch: 1 }, others, well);
    }
    bench.event(1, PROMOTION, B);
    bench.role(B);
    assert.deepEqual(bench.done, ['hold', 'release', 'hold', 'move b']);
  });

  test('one that was seen to be a replica is taken by the watch that goes on', () => {
    bench.event(0, PROMOTION, B);
    bench.role(B, false);
    const next = new Bench(JSON.parse(JSON.stringify(bench.watch.start)));
    next.role(B);
    assert.deepEqual(next.done, ['hold', 'move b']);
  });

  test('goes back when a promotion was not meant to last', () => {
    bench.event(0, PROMOTION, B);
    bench.promoted(B);
    for (let ms = 0; ms <= SENTINEL_LAG_MS + SENTINEL_RESET_MS; ms += 5000) {
      bench.pass(5000);
      bench.views([0, 1, 2], A, 1);
    }
    assert.equal(bench.probed, A);
    bench.role(A);
    assert.deepEqual(bench.done, ['hold', 'move b', 'move a']);
  });

  test('an announced promotion that is aborted changes nothing', () => {
    bench.event(0, PROMOTION, B);
    bench.event(1, '-failover-abort-no-good-slave');
    assert.equal(bench.watch.state, 'switching', 'another sentinel has no say in it');
    bench.event(0, '-failover-abort-slave-timeout');
    assert.deepEqual(bench.done, ['hold', 'release']);
    bench.role(B);
    assert.deepEqual(bench.done, ['hold', 'release']);
    bench.event(0, PROMOTION, B);
    assert.deepEqual(bench.done, ['hold', 'release', 'hold'], 'the next one counts');
  });

  test('a sentinel that announces what does not come is not believed again for a while', () => {
    bench.event(0, PROMOTION, B);
    bench.pass(PROMOTION_MS);
    assert.deepEqual(bench.done, ['hold', 'release']);
    bench.event(0, PROMOTION, C);
    assert.deepEqual(bench.done, ['hold', 'release']);
    bench.event(1, PROMOTION, C);
    assert.deepEqual(bench.done, ['hold', 'release', 'hold'], 'another is');
    bench.event(1, '-failover-abort-x');
    bench.pass(SENTINEL_DISTRUST_MS);
    bench.views([0, 1, 2], A, 1);
    bench.event(0, PROMOTION, B);
    assert.deepEqual(bench.done.at(-1), 'hold');
    assert.equal(bench.done.length, 5);
  });

  test('a sentinel that announces and takes back again and again is not believed for ever', () => {
    let held = 0;
    for (let second = 0; second < 50; second += 2) {
      bench.event(0, PROMOTION, B);
      if (bench.watch.state === 'switching') held += 2;
      bench.pass(2000);
      bench.event(0, '-failover-abort-slave-timeout');
      bench.views([0, 1, 2], A, 1);
    }
    assert.equal(held, 4);
    assert.equal(bench.watch.state, 'steady');
  });

  test('a watch that goes on from one that was ahead of the sentinels does not go back', () => {
    bench.views([0, 1, 2], A, 1);
    bench.event(0, PROMOTION, B);
    bench.promoted(B);
    const next = new Bench(JSON.parse(JSON.stringify(bench.watch.start)));
    next.views([0, 1, 2], A, 1);
    assert.equal(next.probed, null, 'the old master may say still that it is one');
    next.views([0, 1, 2], B, 2);
    assert.deepEqual([next.watch.place, next.done], [{ address: B, epoch: 2 }, []]);
  });

  test('a watch that goes on from one that waits for a promotion waits for it too', () => {
    bench.event(0, PROMOTION, B);
    const next = new Bench(JSON.parse(JSON.stringify(bench.watch.start)));
    assert.deepEqual([next.done, next.probed], [['hold'], B]);
    next.promoted(B);
    assert.deepEqual(next.done, ['hold', 'move b']);
    const vain = new Bench(bench.watch.start);
    vain.pass(PROMOTION_MS);
    assert.deepEqual(vain.done, ['hold', 'release']);
    const aborted = new Bench(bench.watch.start);
    aborted.event(2, '-failover-abort-slave-timeout');
    assert.deepEqual(aborted.done, ['hold', 'release']);
  });

  test('what another watch has found out later is done, unless it is known better here', () => {
    bench.event(0, PROMOTION, B);
    const late = new Bench();
    late.views([0, 1, 2], A, 1);
    late.watch.learn(bench.watch.start);
    assert.deepEqual([late.done, late.probed], [['hold'], B]);
    bench.promoted(B);
    const later = new Bench();
    later.views([0, 1, 2], A, 1);
    later.watch.learn(bench.watch.start);
    later.views([0, 1, 2], A, 1);
    assert.deepEqual([later.done, later.probed], [['move b'], null]);
    const newer = new Bench();
    newer.views([0, 1, 2], C, 7);
    newer.role(C);
    newer.watch.learn({ address: B, epoch: 6 });
    assert.deepEqual(newer.done, ['move c']);
  });

  test('no server is taken that most sentinels do not know', () => {
    const evil = at('evil');
    bench.event(0, PROMOTION, evil);
    bench.view(0, evil, 99, [...ALL, evil]);
    bench.event(0, PROMOTION, evil);
    bench.event(0, '+switch-master', evil);
    assert.equal(bench.probed, null);
    assert.deepEqual(bench.done, []);
  });

  test('a sentinel that cannot be asked, or said something long ago, does not count', () => {
    bench.watch.onSilence(1);
    bench.watch.onSilence(2);
    bench.view(0, B, 2);
    assert.equal(bench.probed, B, 'the only one that is left is most');
    const other = new Bench();
    other.views([0, 1, 2], A, 1);
    other.pass(SENTINEL_VIEW_MS + 1000);
    other.view(0, B, 2);
    assert.equal(other.probed, B);
  });

  test('a lower epoch is believed when most sentinels stay with it', () => {
    bench.views([0, 1, 2], B, 5);
    bench.role(B);
    bench.views([0, 1, 2], A, 0);
    assert.equal(bench.probed, null);
    bench.pass(SENTINEL_RESET_MS - 1000);
    bench.views([0, 1, 2], A, 0);
    assert.equal(bench.probed, null);
    bench.pass(1000);
    bench.views([0, 1, 2], A, 0);
    assert.equal(bench.probed, A);
    bench.role(A);
    assert.deepEqual(bench.watch.place, { address: A, epoch: 0 });
  });

  test('a lower epoch is not believed because those who know better are silent', () => {
    bench.views([1, 2], B, 2);
    bench.role(B);
    for (const sentinel of [1, 2]) bench.watch.onSilence(sentinel);
    for (let ms = 0; ms <= 2 * SENTINEL_RESET_MS; ms += 5000) {
      bench.pass(5000);
      bench.view(0, A, 1);
      assert.equal(bench.probed, null, 'one of three is not most of all');
    }
    // Another one is back with an old configuration: from now on they are most.
    bench.views([0, 1], A, 1);
    assert.equal(bench.probed, null);
    for (let ms = 0; ms <= SENTINEL_RESET_MS; ms += 5000) {
      bench.pass(5000);
      bench.views([0, 1], A, 1);
    }
    assert.equal(bench.probed, A);
  });

  test('a promotion that was seen early is not taken back by one sentinel alone', () => {
    bench.event(0, PROMOTION, B);
    bench.promoted(B);
    for (const sentinel of [1, 2]) bench.watch.onSilence(sentinel);
    for (let ms = 0; ms <= SENTINEL_LAG_MS + 2 * SENTINEL_RESET_MS; ms += 5000) {
      bench.pass(5000);
      bench.view(0, A, 1);
      assert.equal(bench.probed, null);
    }
  });

  test('the epoch does not go back when one promotion follows another', () => {
    bench.event(0, PROMOTION, B);
    bench.promoted(B);
    bench.event(0, PROMOTION, C);
    // Most sentinels hear of the first one only now.
    bench.views([0, 1, 2], B, 2);
    bench.promoted(C);
    assert.deepEqual(bench.watch.place, { address: C, epoch: 2 });
    bench.views([0, 1, 2], B, 2);
    assert.equal(bench.probed, null, 'what they say is older than that');
    bench.views([0, 1, 2], C, 3);
    assert.deepEqual(bench.watch.place, { address: C, epoch: 3 });
  });

  test('another watch that was ahead of older news does not lead back', () => {
    bench.views([0, 1, 2], C, 3);
    bench.role(C);
    bench.watch.learn({ address: B, epoch: 1, ahead: true });
    assert.deepEqual(bench.done, ['move c']);
    bench.watch.learn({ address: B, epoch: 3, ahead: true });
    assert.deepEqual(bench.done, ['move c', 'move b']);
  });

  test('without sentinels everything stays as it is', () => {
    for (const sentinel of [0, 1, 2]) bench.watch.onSilence(sentinel);
    bench.event(0, PROMOTION, B);
    bench.pass(60_000);
    assert.deepEqual(bench.done, []);
  });
});

type Act =
  | { readonly do: 'view'; readonly sentinel: number; readonly server: number; epoch: number }
  | { readonly do: 'event'; readonly sentinel: number; readonly type: string; server: number }
  | { readonly do: 'role'; readonly server: number; readonly isMaster: boolean }
  | { readonly do: 'silence'; readonly sentinel: number }
  | { readonly do: 'pass'; readonly ms: number };

const SENTINEL = fc.nat(2);
const SERVER = fc.nat(3);
const ACTS: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('view' as const),
      sentinel: SENTINEL,
      server: SERVER,
      epoch: fc.nat(5),
    }),
    fc.record({
      do: fc.constant('event' as const),
      sentinel: SENTINEL,
      type: fc.constantFrom(PROMOTION, '-failover-abort-x', '+switch-master', '+sdown'),
      server: SERVER,
    }),
    fc.record({ do: fc.constant('role' as const), server: SERVER, isMaster: fc.boolean() }),
    fc.record({ do: fc.constant('silence' as const), sentinel: SENTINEL }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.nat(20_000) }),
  ),
  { maxLength: 60 },
);

describe('whatever sentinels say, in any order', () => {
  const evil = at('evil');
  const servers = [A, B, C, evil];

  /** Sentinel 0 may say anything; the others never heard of `evil`. */
  function perform(bench: Bench, act: Act): void {
    switch (act.do) {
      case 'view': {
        const server = act.sentinel === 0 ? act.server : act.server % 3;
        bench.view(act.sentinel, servers[server], act.epoch, act.sentinel === 0 ? servers : ALL);
        return;
      }
      case 'event':
        bench.event(act.sentinel, act.type, servers[act.server]);
        return;
      case 'role':
        bench.role(servers[act.server], act.isMaster);
        return;
      case 'silence':
        // Those that are honest go on answering.
        if (act.sentinel === 0) bench.watch.onSilence(0);
        return;
      case 'pass':
        bench.pass(act.ms);
        for (const sentinel of [1, 2]) bench.view(sentinel, bench.watch.place.address, 0);
    }
  }

  test('only a known server is asked, only one that is a master is taken, and no hold stays', () => {
    fc.assert(
      fc.property(ACTS, (acts) => {
        const bench = new Bench();
        bench.views([0, 1, 2], A, 0);
        for (const act of acts) {
          const moves = bench.done.filter((each) => each.startsWith('move')).length;
          const { probed } = bench;
          perform(bench, act);
          const moved = bench.done.filter((each) => each.startsWith('move')).length > moves;
          if (moved) {
            assert.ok(act.do === 'role' && act.isMaster && servers[act.server] === probed);
          }
          assert.notEqual(bench.probed, evil);
          const { place, state } = bench.watch;
          const isDoubted = bench.probed === place.address;
          assert.equal(bench.probed === null || isDoubted, state === 'steady');
        }
        bench.pass(PROMOTION_MS + CONFIRM_MS + 2000);
        const holding = bench.done.lastIndexOf('hold');
        const ended = Math.max(
          bench.done.lastIndexOf('release'),
          ...bench.done.map((each, i) => (each.startsWith('move') ? i : -1)),
        );
        assert.ok(ended >= holding, bench.done.join());
      }),
      { numRuns: 1000 },
    );
  });
});
