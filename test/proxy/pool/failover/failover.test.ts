import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { BackendConnection } from '../../../../src/proxy/backend/backend-connection.ts';
import { FAILURE_REFUSED, failureOf, MOVED } from '../../../../src/proxy/backend/failure.ts';
import { Failover } from '../../../../src/proxy/pool/failover/failover.ts';
import type { Server } from '../../../../src/proxy/pool/server.ts';
import {
  FAILOVER_TIMEOUTS,
  HELD_SECONDS,
  SERVER_HOLDS,
  SERVER_MOVES,
  serverCounters,
} from '../../../../src/stats/counters.ts';
import { testEngine } from '../../../support/test-engine.ts';
import { delay, waitFor } from '../../../support/wait.ts';

const WAIT_MS = 300;
const SOON_MS = 20;

/** A connection in its place, as far as a failover goes. */
class FakeConnection {
  state: 'parked' | 'dialed' | 'closed' = 'parked';
  stopped = false;
  /** Requests that wait in it. */
  unwritten = 0;
  readonly #bench: Bench;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  get parked(): boolean {
    return this.state === 'parked';
  }

  dial(): void {
    this.state = 'dialed';
  }

  stopSending(): void {
    this.stopped = true;
  }

  goOnSending(): void {
    this.stopped = false;
  }

  /** Its requests go on in another one, if that is to be. */
  fail(): void {
    this.state = 'closed';
    const { failover, placed, retired } = this.#bench;
    const isRetired = retired.delete(this);
    const goesOn = !isRetired && (failover.holds || failover.onLost());
    failover.forget(this as unknown as BackendConnection);
    if (!isRetired) placed.splice(placed.indexOf(this), 1);
    if (goesOn) this.#bench.add();
  }
}

class Bench {
  readonly placed: FakeConnection[] = [];
  /** Those that only finish what is in flight. */
  readonly retired: Set<FakeConnection> = new Set();
  readonly counters = serverCounters();
  readonly failover: Failover<Server>;
  held = 0;
  readonly log: string[] = [];

  constructor(failoverWaitMs = WAIT_MS) {
    const server = {
      title: 'server',
      index: 0,
      lastFailure: failureOf(FAILURE_REFUSED),
      places: { placed: this.placed, retired: this.retired },
      counters: this.counters,
      log: (_level: number, text: string) => void this.log.push(text),
      pool: {
        config: { failoverWaitMs },
        onHeld: () => {
          this.held++;
        },
      },
    };
    this.failover = new Failover(server as unknown as Server, [], testEngine());
  }

  /** As a server opens one. */
  add(): FakeConnection {
    const connection = new FakeConnection(this);
    this.placed.push(connection);
    if (this.failover.refusal !== null) connection.fail();
    else if (this.failover.holds) this.failover.park(connection as unknown as BackendConnection);
    else connection.dial();
    return connection;
  }

  get states(): string[] {
    return this.placed.map(({ state }) => state);
  }
}

describe('the failover of a server', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  test('one connection tries the server, and the others follow when it is let in', async () => {
    for (let i = 0; i < 3; i++) bench.add();
    assert.deepEqual(bench.states, ['dialed', 'dialed', 'dialed']);
    for (const each of [...bench.placed]) each.fail();
    assert.equal(bench.held, 1);
    assert.deepEqual(bench.states, ['parked', 'parked', 'parked']);
    await waitFor('a try', () => bench.states.includes('dialed'));
    assert.equal(bench.states.filter((state) => state === 'dialed').length, 1);
    bench.failover.onReady();
    assert.deepEqual(bench.states, ['dialed', 'dialed', 'dialed']);
    assert.equal(bench.failover.holds, false);
  });

  test('when the time is over all fail, and later ones at once, until it is back', async () => {
    bench.add().fail();
    await waitFor('the end', () => bench.placed.length === 0);
    assert.equal(bench.counters[FAILOVER_TIMEOUTS], 1);
    assert.equal(bench.failover.holds, false);
    bench.add().fail();
    assert.equal(bench.placed.length, 0, 'nobody waits any more');
    bench.failover.onReady();
    bench.add().fail();
    assert.deepEqual(bench.states, ['parked'], 'it was back in between');
    bench.failover.stop();
    assert.equal(bench.placed.length, 0);
  });

  for (const wait of [0, WAIT_MS]) {
    test(`nobody waits any more, and where it has gone is asked all the same (${wait} ms)`, async () => {
      const exhausted = new Bench(wait);
      const seen: boolean[] = [];
      await waitFor('its clients to be told', async () => {
        seen.push(exhausted.failover.onRefusal());
        await delay(SOON_MS);
        return seen.at(-1) === false;
      });
      const { held } = exhausted;
      await waitFor('it to be asked for again', () => {
        assert.equal(exhausted.failover.onRefusal(), false);
        return exhausted.held > held;
      });
      // Not for each of the requests.
      const before = exhausted.held;
      for (let i = 0; i < 1_000; i++) exhausted.failover.onRefusal();
      assert.ok(exhausted.held <= before + 1, `${exhausted.held - before} times`);
    });
  }

  test('one that is held is sent nothing and is not tried, until it is released', () => {
    const open = bench.add();
    bench.failover.hold();
    assert.equal(open.stopped, true);
    const late = bench.add();
    assert.equal(late.state, 'parked');
    bench.failover.onReady();
    assert.equal(late.state, 'parked', 'a connection that opens changes nothing');
    bench.failover.release();
    assert.equal(late.state, 'dialed');
    bench.failover.onReady();
    assert.equal(open.stopped, false);
    assert.equal(bench.failover.holds, false);
  });

  test('how many requests have waited is told, and counted is for how long', async () => {
    bench.add().fail();
    bench.placed[0].unwritten = 3;
    await delay(SOON_MS);
    // Others come while it is waited for already.
    bench.failover.hold();
    bench.failover.release();
    bench.failover.onReady();
    assert.equal(bench.counters[SERVER_HOLDS], 1);
    const seconds = bench.counters[HELD_SECONDS];
    assert.ok(seconds >= (SOON_MS - 5) / 1000, String(seconds));
    assert.equal(bench.log.length, 1);
    assert.match(bench.log[0], /^server server: 3 requests have waited \d+ ms$/);
    // Where nobody waited there is nothing to tell.
    bench.placed[0].unwritten = 0;
    bench.failover.hold();
    bench.failover.release();
    bench.failover.onReady();
    assert.equal(bench.counters[SERVER_HOLDS], 2);
    assert.equal(bench.log.length, 1);
  });

  test('one that was tried when it was held, and was let in, is sent requests once it is released', async () => {
    const lost = [bench.add(), bench.add()];
    for (const each of lost) each.fail();
    await waitFor('a try', () => bench.states.includes('dialed'));
    bench.failover.hold();
    bench.failover.onReady();
    bench.failover.release();
    assert.deepEqual(bench.states, ['dialed', 'dialed']);
    bench.failover.onReady();
    assert.equal(bench.failover.holds, false);
  });

  test('one that has moved is tried at once where it is now', () => {
    const open = bench.add();
    bench.failover.hold();
    bench.add();
    bench.failover.moved(MOVED);
    assert.equal(open.state, 'closed');
    assert.deepEqual(bench.states.sort(), ['dialed', 'parked']);
    assert.equal(bench.counters[SERVER_MOVES], 1);
    bench.failover.onReady();
    assert.deepEqual(bench.states, ['dialed', 'dialed']);
  });

  for (const waitMs of [0, SOON_MS]) {
    describe(`whose replacement takes longer than ${waitMs} ms`, () => {
      let open: FakeConnection;
      beforeEach(async () => {
        bench = new Bench(waitMs);
        open = bench.add();
        bench.failover.hold();
        await waitFor('the end', () => !bench.failover.holds);
      });

      test('is sent nothing more', () => {
        assert.equal(open.state, 'closed');
        assert.equal(bench.failover.refusal, MOVED);
        bench.failover.onReady();
        assert.equal(bench.failover.onLost(), false);
        assert.equal(bench.failover.onRefusal(), false);
        bench.failover.hold();
        bench.add();
        assert.deepEqual([bench.states, bench.failover.holds], [[], false], 'and nobody waits');
        assert.equal(bench.counters[FAILOVER_TIMEOUTS], waitMs === 0 ? 0 : 1);
      });

      for (const end of ['release', 'moved'] as const) {
        test(`is sent requests again once it is ${end === 'moved' ? end : 'released'}`, () => {
          bench.failover[end](MOVED);
          assert.equal(bench.failover.refusal, null);
          bench.add();
          assert.deepEqual([bench.states, bench.failover.holds], [['dialed'], false]);
          assert.equal(bench.failover.onLost(), waitMs > 0, 'as if nothing had been');
        });
      }
    });
  }

  test('one that leaves its pool while it is held is sent nothing more', () => {
    const open = bench.add();
    bench.failover.hold();
    bench.failover.stop();
    assert.equal(open.state, 'closed');
    assert.deepEqual([bench.states, bench.failover.holds], [[], false]);
  });

  /** Has a connection only finish what is in flight on it. */
  function retire(connection: FakeConnection): void {
    bench.placed.splice(bench.placed.indexOf(connection), 1);
    bench.retired.add(connection);
  }

  test('what is out of service is sent nothing either while the server is held', () => {
    const old = bench.add();
    retire(old);
    bench.failover.hold();
    assert.equal(old.stopped, true);
    bench.failover.release();
    assert.equal(old.stopped, false);
    bench.failover.hold();
    bench.failover.moved(MOVED);
    assert.deepEqual([old.state, bench.states], ['closed', []]);
  });

  test('one in the place of another is held as that one was, with its connections', () => {
    const old = bench.add();
    bench.failover.hold();
    const heir = new Bench();
    heir.failover.follow(bench.failover);
    assert.equal(heir.failover.holds, true);
    assert.deepEqual([heir.add().state, old.stopped], ['parked', true]);
    heir.failover.release();
    heir.failover.onReady();
    assert.equal(old.stopped, false);
    assert.deepEqual(heir.states, ['dialed']);
    const third = new Bench();
    third.failover.follow(heir.failover);
    heir.failover.stop();
    assert.equal(third.failover.holds, false);
    third.failover.hold();
    assert.deepEqual([old.stopped, heir.placed[0].stopped], [true, true]);
    third.failover.moved(MOVED);
    assert.deepEqual([old.state, heir.states], ['closed', []]);
  });

  test('one without requests moves without anybody waiting', () => {
    bench.failover.moved(MOVED);
    assert.equal(bench.failover.holds, false);
  });
});
