import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { BackendConnection } from '../../../src/proxy/backend/backend-connection.ts';
import { ConnectionBudget, type Evictable } from '../../../src/proxy/pool/connection-budget.ts';
import { assertAtRest, holdingsOf } from '../../support/at-rest.ts';
import { testEngine } from '../../support/test-engine.ts';

/** As much of a connection as says whether it can be closed. */
class Connection {
  readonly owner: FakeServer;
  busy = true;
  usedAt: number;
  closed = false;

  constructor(owner: FakeServer, now: number) {
    this.owner = owner;
    this.usedAt = now;
  }

  close(): void {
    assert.ok(!this.busy, 'what is in use is not closed');
    this.closed = true;
    this.owner.forget(this);
  }
}

class FakeServer implements Evictable {
  readonly open: Connection[] = [];
  readonly #budget: () => ConnectionBudget;

  constructor(budget: () => ConnectionBudget) {
    this.#budget = budget;
  }

  leastUsed(
    other: BackendConnection | null,
    but: readonly (BackendConnection | null)[],
  ): BackendConnection | null {
    let oldest = other as unknown as Connection | null;
    for (const each of this.open) {
      if (each.busy || but.includes(each as unknown as BackendConnection)) continue;
      if (oldest === null || each.usedAt < oldest.usedAt) oldest = each;
    }
    return oldest as unknown as BackendConnection | null;
  }

  connect(now: number): Connection {
    const connection = new Connection(this, now);
    this.open.push(connection);
    this.#budget().onOpened();
    return connection;
  }

  forget(connection: Connection): void {
    this.open.splice(this.open.indexOf(connection), 1);
    this.#budget().onClosed();
  }
}

const step = fc.record({
  kind: fc.constantFrom('open', 'open', 'openSeveral', 'idle', 'idle', 'use', 'lose'),
  pick: fc.nat({ max: 99 }),
});

describe('the budget of connections', () => {
  test('random programs: never more than the limit, the oldest idle one goes, never a chosen one', () => {
    const programs = fc.array(step, { maxLength: 80 });
    fc.assert(
      fc.property(programs, fc.integer({ min: 1, max: 8 }), (program, limit) => {
        const budget = new ConnectionBudget(() => servers);
        const servers = [0, 1, 2].map(() => new FakeServer(() => budget));
        budget.limit = limit;
        let now = 0;
        const everyone = (): Connection[] => servers.flatMap(({ open }) => open);
        /** Opens one more, if the model says that there is room. */
        const open = (server: FakeServer, but: readonly Connection[]): Connection | null => {
          const before = everyone();
          const idle = before.filter((each) => !each.busy && !but.includes(each));
          idle.sort((a, b) => a.usedAt - b.usedAt);
          const granted = budget.makeRoom(but as unknown as BackendConnection[]);
          const closes = before.length >= limit ? idle[0] : undefined;
          assert.equal(granted, before.length < limit || closes !== undefined);
          assert.deepEqual(
            before.filter(({ closed }) => closed),
            closes === undefined ? [] : [closes],
          );
          return granted ? server.connect(++now) : null;
        };
        for (const { kind, pick } of program) {
          const all = everyone();
          const one = all[pick % all.length];
          if (kind === 'open') open(servers[pick % 3], []);
          else if (kind === 'openSeveral') {
            const chosen: Connection[] = [];
            for (const server of servers) {
              const idle = server.open.find(({ busy }) => !busy);
              const got = idle ?? open(server, chosen);
              if (got !== null) chosen.push(got);
            }
            assert.ok(chosen.every(({ closed }) => !closed));
            for (const each of chosen) each.busy = true;
          } else if (one === undefined) continue;
          else if (kind === 'idle') one.busy = false;
          else if (kind === 'use') {
            one.usedAt = ++now;
            one.busy = true;
          } else {
            one.busy = false;
            one.close();
          }
          assert.equal(budget.open, everyone().length);
          assert.ok(budget.open <= limit);
        }
        const engine = ENGINE;
        for (const each of everyone()) {
          each.busy = false;
          each.close();
        }
        assertAtRest(engine, holdingsOf(engine), [{ budget }]);
      }),
      { numRuns: 300, seed: 41 },
    );
  });

  test('a limit that was lowered lets nothing in until there is room', () => {
    const budget = new ConnectionBudget(() => [server]);
    const server = new FakeServer(() => budget);
    budget.limit = 3;
    const busy = [server.connect(1), server.connect(2), server.connect(3)];
    budget.limit = 1;
    assert.equal(budget.makeRoom(), false);
    for (const each of busy) each.busy = false;
    busy[0].close();
    busy[1].close();
    busy[2].close();
    assert.equal(budget.makeRoom(), true);
  });

  test('closing more than were opened is a broken rule', () => {
    const budget = new ConnectionBudget(() => []);
    budget.onOpened();
    budget.onClosed();
    assert.throws(() => budget.onClosed(), /no more connections close than were opened/);
  });
});

const ENGINE = testEngine();
