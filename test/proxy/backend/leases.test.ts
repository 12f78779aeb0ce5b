import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BackendConnection } from '../../../src/proxy/backend/backend-connection.ts';
import { Lane } from '../../../src/proxy/backend/lane.ts';
import { Leases, type LeaseWaiter } from '../../../src/proxy/backend/leases.ts';

const LANES = [new Lane(0, 0, 2), new Lane(1, 5, 3)];

/** As much of a connection as leases look at. */
class Connection {
  readonly lane: Lane;
  readonly #leases: () => Leases;
  holder: unknown = null;
  closed = false;

  constructor(lane: Lane, leases: () => Leases) {
    this.lane = lane;
    this.#leases = leases;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#leases().forget(this as unknown as BackendConnection);
  }
}

class Waiter implements LeaseWaiter {
  readonly lane: Lane;
  got: Connection | null = null;

  constructor(lane: Lane) {
    this.lane = lane;
  }

  onException(error: unknown): void {
    throw error;
  }

  onLease(connection: BackendConnection): void {
    const got = connection as unknown as Connection;
    assert.equal(this.got, null, 'nobody gets two');
    assert.equal(got.holder, null, 'nobody gets what another has');
    assert.equal(got.lane, this.lane);
    got.holder = this;
    this.got = got;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const program = fc.array(
  fc.record({
    kind: fc.constantFrom('lease', 'lease', 'release', 'lose', 'cancel'),
    lane: fc.nat({ max: 1 }),
    pick: fc.nat({ max: 50 }),
  }),
  { maxLength: 60 },
);

test('random programs of leases: never more than the limit, first come first served, none lost', async () => {
  await fc.assert(
    fc.asyncProperty(program, fc.integer({ min: 1, max: 3 }), async (steps, limit) => {
      const opened: Connection[] = [];
      const leases: Leases = new Leases((lane) => {
        const connection = new Connection(lane, () => leases);
        opened.push(connection);
        return connection as unknown as BackendConnection;
      }, limit);
      const waiting: Waiter[] = [];
      const holding: Waiter[] = [];
      const settle = (): void => {
        for (const waiter of [...waiting]) {
          if (waiter.got === null) continue;
          waiting.splice(waiting.indexOf(waiter), 1);
          holding.push(waiter);
        }
      };
      for (const { kind, lane, pick } of steps) {
        if (kind === 'lease') {
          const waiter = new Waiter(LANES[lane]);
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
        await turn();
        settle();
        const open = opened.filter(({ closed }) => !closed).length;
        assert.ok(open <= limit, `${open} of ${limit}`);
        assert.ok(
          waiting.length === 0 || holding.length === limit,
          'nobody waits beside a free one',
        );
      }
      for (const waiter of waiting) leases.cancel(waiter);
      for (const { got } of holding) {
        assert.ok(got !== null);
        got.holder = null;
        leases.onIdle(got as unknown as BackendConnection);
      }
      leases.leave();
      assert.ok(leases.isEmpty);
      assert.ok(opened.every(({ closed }) => closed));
    }),
    { numRuns: 150, seed: 5 },
  );
});
