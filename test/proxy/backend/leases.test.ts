import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BackendConnection } from '../../../src/proxy/backend/backend-connection.ts';
import { Lane } from '../../../src/proxy/backend/lane.ts';
import { Leases, type LeaseWaiter } from '../../../src/proxy/backend/leases.ts';
import { Deadlines } from '../../../src/proxy/engine/deadlines.ts';
import { TestOwner } from '../../support/test-backend.ts';
import { testEngine } from '../../support/test-engine.ts';
import { waitFor } from '../../support/wait.ts';

const LANES = [new Lane(0, 0, 2, false), new Lane(1, 5, 3, false)];
const engine = testEngine();
const SERVERS = [new TestOwner(engine, {}), new TestOwner(engine, {})];

/** As much of a connection as leases look at. */
class Connection {
  readonly owner: TestOwner;
  readonly lane: Lane;
  readonly #leases: () => Leases<TestOwner>;
  holder: unknown = null;
  closed = false;
  /** It must not write. */
  stopped = false;
  readonly parked = false;

  constructor(owner: TestOwner, lane: Lane, leases: () => Leases<TestOwner>) {
    this.owner = owner;
    this.lane = lane;
    this.#leases = leases;
  }

  stopSending(): void {
    this.stopped = true;
  }

  goOnSending(): void {
    this.stopped = false;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#leases().forget(this as unknown as BackendConnection);
  }
}

class Waiter implements LeaseWaiter<TestOwner> {
  readonly leasedFrom: TestOwner;
  readonly lane: Lane;
  got: Connection | null = null;
  /** How often it was told that all it sent is answered. */
  idles = 0;

  constructor(leasedFrom: TestOwner, lane: Lane) {
    this.leasedFrom = leasedFrom;
    this.lane = lane;
  }

  onIdle(): void {
    this.idles++;
  }

  onException(error: unknown): void {
    throw error;
  }

  onLease(connection: BackendConnection): void {
    const got = connection as unknown as Connection;
    assert.equal(this.got, null, 'nobody gets two');
    assert.equal(got.holder, null, 'nobody gets what another has');
    assert.equal(got.lane, this.lane);
    assert.equal(got.owner, this.leasedFrom);
    got.holder = this;
    this.got = got;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const program = fc.array(
  fc.record({
    kind: fc.oneof(
      { arbitrary: fc.constantFrom('lease', 'lease', 'release', 'lose', 'cancel'), weight: 10 },
      { arbitrary: fc.constantFrom('pause', 'goOn', 'leave', 'comeBack'), weight: 3 },
    ),
    server: fc.nat({ max: 1 }),
    lane: fc.nat({ max: 1 }),
    pick: fc.nat({ max: 50 }),
  }),
  { maxLength: 60 },
);

test('random programs of leases: never more than the limit, first come first served, none lost', async () => {
  await fc.assert(
    fc.asyncProperty(program, fc.integer({ min: 1, max: 3 }), async (steps, limit) => {
      const opened: Connection[] = [];
      const rules = { limit, kept: 2, keptMs: 0 };
      const leases: Leases<TestOwner> = new Leases(
        (server, lane) => {
          const connection = new Connection(server, lane, () => leases);
          opened.push(connection);
          return connection as unknown as BackendConnection;
        },
        () => rules,
        new Deadlines(),
      );
      const waiting: Waiter[] = [];
      const holding: Waiter[] = [];
      const paused = new Set<TestOwner>();
      const left = new Set<TestOwner>();
      const settle = (): void => {
        let isPassedBy = false;
        for (const waiter of [...waiting]) {
          if (waiter.got === null) {
            isPassedBy ||= !paused.has(waiter.leasedFrom);
            continue;
          }
          assert.ok(!isPassedBy, 'first come first served');
          waiting.splice(waiting.indexOf(waiter), 1);
          holding.push(waiter);
        }
      };
      const check = (): void => {
        const open = opened.filter(({ closed }) => !closed);
        assert.ok(open.length <= limit, `${open.length} of ${limit}`);
        for (const { stopped, owner } of open) assert.equal(stopped, paused.has(owner));
        const mayGo = waiting.filter(({ leasedFrom }) => !paused.has(leasedFrom));
        assert.ok(mayGo.length === 0 || holding.length === limit, 'nobody waits beside a free one');
        for (const server of left) assert.equal(leases.idleOf(server).length, 0);
        for (const lane of LANES) {
          const idle = SERVERS.flatMap((server) => leases.idleOf(server));
          for (const server of SERVERS) {
            const of = idle.filter((each) => each.lane === lane && each.owner === server);
            assert.ok(of.length <= rules.kept);
          }
          const held = holding.some(({ got }) => got?.lane === lane);
          assert.equal(leases.hasLane(lane), held || idle.some((each) => each.lane === lane));
        }
      };
      for (const { kind, server, lane, pick } of steps) {
        if (kind === 'lease') {
          const waiter = new Waiter(SERVERS[server], LANES[lane]);
          waiting.push(waiter);
          leases.lease(waiter);
        } else if (kind === 'cancel' && waiting.length > 0) {
          const [waiter] = waiting.splice(pick % waiting.length, 1);
          leases.cancel(waiter);
        } else if (holding.length > 0 && (kind === 'release' || kind === 'lose')) {
          const [{ got }] = holding.splice(pick % holding.length, 1);
          assert.ok(got !== null);
          got.holder = null;
          if (kind === 'lose') got.close();
          else leases.onIdle(got as unknown as BackendConnection);
        }
        const of = SERVERS[server];
        if (kind === 'pause') {
          paused.add(of);
          leases.pause(of);
        } else if (kind === 'goOn') {
          paused.delete(of);
          leases.goOn(of);
        } else if (kind === 'leave') {
          left.add(of);
          leases.leave(of);
        } else if (kind === 'comeBack') {
          left.delete(of);
          leases.comeBack(of);
        }
        await turn();
        settle();
        check();
      }
      for (const waiter of waiting) leases.cancel(waiter);
      for (const { got } of holding) {
        assert.ok(got !== null);
        got.holder = null;
        leases.onIdle(got as unknown as BackendConnection);
      }
      for (const server of SERVERS) leases.leave(server);
      assert.ok(SERVERS.every((server) => leases.isEmptyOf(server)));
      assert.equal(leases.leased, 0);
      assert.ok(opened.every(({ closed }) => closed));
    }),
    { numRuns: 150, seed: 5 },
  );
});

/** Leases of connections that are as much as these look at. */
function leasesOf(limit: number, kept: number, keptMs: number) {
  const opened: Connection[] = [];
  const leases: Leases<TestOwner> = new Leases(
    (server, lane) => {
      const connection = new Connection(server, lane, () => leases);
      opened.push(connection);
      return connection as unknown as BackendConnection;
    },
    () => ({ limit, kept, keptMs }),
    new Deadlines(),
  );
  const lease = (): Waiter => {
    const waiter = new Waiter(SERVERS[0], LANES[0]);
    leases.lease(waiter);
    return waiter;
  };
  const giveBack = ({ got }: Waiter): void => {
    assert.ok(got !== null);
    got.holder = null;
    leases.onIdle(got as unknown as BackendConnection);
  };
  return { leases, opened, lease, giveBack };
}

test('while it is leased its holder hears that all is answered, and keeps it', () => {
  const { leases, lease } = leasesOf(2, 2, 0);
  const waiter = lease();
  leases.onIdle(waiter.got as unknown as BackendConnection);
  assert.equal(waiter.idles, 1);
  assert.equal(leases.leased, 1);
});

test('given back twice it is idle once', () => {
  const { lease, giveBack, opened } = leasesOf(2, 2, 0);
  const waiter = lease();
  giveBack(waiter);
  giveBack(waiter);
  const [one, other] = [lease(), lease()];
  assert.notEqual(one.got, other.got);
  assert.equal(opened.length, 2);
});

test('no more idle ones are kept than the rules say, and none longer', async () => {
  const { lease, giveBack, opened, leases } = leasesOf(4, 2, 20);
  const waiters = [lease(), lease(), lease(), lease()];
  for (const waiter of waiters) giveBack(waiter);
  assert.equal(opened.filter(({ closed }) => closed).length, 2);
  assert.equal(leases.idleOf(SERVERS[0]).length, 2);
  const tick = setInterval(() => {}, 5);
  await waitFor('the idle ones to close', () => opened.every(({ closed }) => closed));
  clearInterval(tick);
});
