import assert from 'node:assert/strict';
import { afterEach, describe, mock, test } from 'node:test';
import fc from 'fast-check';
import type { PoolConfig } from '../../../src/config/index.ts';
import type { Order } from '../../../src/proxy/pool/connections/order.ts';
import {
  type HealthyPool,
  type HealthyServer,
  PoolHealth,
} from '../../../src/proxy/pool/health.ts';
import {
  type PoolCounters,
  poolCounters,
  SERVER_EJECTS,
  type ServerCounters,
  serverCounters,
} from '../../../src/stats/counters.ts';
import { testEngine } from '../../support/test-engine.ts';

class FakeServer implements HealthyServer {
  index: number;
  readonly counters: ServerCounters = serverCounters();
  readonly title: string;
  readonly lines: string[] = [];
  readonly standing: { order: Order } = { order: 'none' };
  /** Probes under way. */
  readonly probes: (() => void)[] = [];

  constructor(index: number) {
    this.index = index;
    this.title = `s${index}`;
  }

  log(_level: number, text: string): void {
    this.lines.push(text);
  }

  probe(onAnswer: () => void): void {
    this.probes.push(onAnswer);
  }
}

interface Settings {
  readonly autoEjectHosts: boolean;
  readonly serverFailureLimit: number;
  readonly serverRetryTimeoutMs: number;
  readonly serverProbe: boolean;
}

class FakePool implements HealthyPool {
  readonly engine: HealthyPool['engine'] = testEngine();
  config: PoolConfig;
  servers: FakeServer[];
  readonly counters: PoolCounters = poolCounters();
  ring: number[];

  constructor(settings: Settings, count: number) {
    this.servers = Array.from({ length: count }, (_, i) => new FakeServer(i));
    this.config = { ...settings, servers: this.servers } as unknown as PoolConfig;
    this.ring = this.servers.map(() => 1);
  }

  writeRing(live: ArrayLike<number>): void {
    this.ring = Array.from(live);
  }
}

let clock = 0;
afterEach(() => mock.restoreAll());

/** A server as the model sees it. */
interface Modelled {
  live: boolean;
  order: Order;
  failures: number;
  retryAt: number;
}

const WELL: Modelled = { live: true, order: 'none', failures: 0, retryAt: 0 };

const EJECT: Settings = {
  autoEjectHosts: true,
  serverFailureLimit: 2,
  serverRetryTimeoutMs: 30_000,
  serverProbe: false,
};

const step = fc.record({
  kind: fc.constantFrom(
    'fail',
    'fail',
    'fail',
    'good',
    'wait',
    'readmit',
    'answer',
    'reload',
    'order',
  ),
  pick: fc.nat({ max: 99 }),
});
const settings = fc.record({
  autoEjectHosts: fc.constantFrom(true, true, true, false),
  serverFailureLimit: fc.integer({ min: 0, max: 3 }),
  serverRetryTimeoutMs: fc.constantFrom(0, 10, 1000),
  serverProbe: fc.boolean(),
});

/** The pool's health next to a model of what its page of the manual says. */
class Run {
  readonly pool: FakePool;
  readonly health: PoolHealth;
  #model: Modelled[];
  #ejects = 0;

  constructor(with_: Settings) {
    this.pool = new FakePool(with_, 4);
    this.health = new PoolHealth(this.pool);
    this.#model = this.pool.servers.map(() => ({ ...WELL }));
  }

  do(kind: string, pick: number): void {
    const { pool, health } = this;
    const { autoEjectHosts, serverFailureLimit, serverRetryTimeoutMs, serverProbe } = pool.config;
    const server = pool.servers[pick % pool.servers.length];
    const modelled = this.#model[server.index];
    if (kind === 'wait') clock += [1, 9, 10, 500, 1000][pick % 5];
    else if (kind === 'good') {
      health.onGoodReply(server);
      modelled.failures = 0;
    } else if (kind === 'fail') {
      health.onFailure(server, 'test');
      if (!autoEjectHosts || modelled.order !== 'none') return;
      if (++modelled.failures < Math.max(1, serverFailureLimit)) return;
      Object.assign(modelled, { live: false, failures: 0, retryAt: clock + serverRetryTimeoutMs });
      this.#ejects++;
    } else if (kind === 'readmit') {
      health.readmit(clock);
      for (const each of this.#model) {
        if (each.live || each.retryAt > clock) continue;
        if (serverProbe) each.retryAt = clock + Math.max(1, serverRetryTimeoutMs);
        else Object.assign(each, { live: true, failures: 0 });
      }
    } else if (kind === 'answer') {
      const answer = server.probes.shift();
      if (answer === undefined) return;
      answer();
      if (!modelled.live) Object.assign(modelled, { live: true, failures: 0 });
    } else if (kind === 'order') {
      const order = (['none', 'eject', 'drain'] as const)[pick % 3];
      server.standing.order = order;
      health.onOrder(server);
      Object.assign(modelled, { live: true, failures: 0, order });
    } else if (kind === 'reload') this.#reload(pick);
  }

  /** The servers come in another order, and one of them is new. */
  #reload(pick: number): void {
    const { pool } = this;
    const { servers } = pool;
    const turned = servers.map((_, i) => servers[(i + pick) % servers.length]);
    const before = turned.map(({ index }) => index);
    const fresh = new FakeServer(0);
    turned[0].index = -1;
    before[0] = -1;
    pool.servers = [fresh, ...turned.slice(1)];
    pool.servers.forEach((server, i) => {
      server.index = i;
    });
    pool.config = { ...pool.config, servers: pool.servers } as unknown as PoolConfig;
    this.#model = before.map((index) => {
      return index < 0 ? { ...WELL } : this.#model[index];
    });
    this.health.reconfigure(before);
    // A server that has left changes nothing any more.
    this.health.onFailure(turned[0], 'gone');
    for (const answer of turned[0].probes) answer();
  }

  check(): void {
    const { pool, health } = this;
    assert.deepEqual(
      pool.ring,
      this.#model.map(({ live, order }) => Number(live && order === 'none')),
    );
    for (const [i, { live, order }] of this.#model.entries()) {
      assert.equal(health.isLive(i), live && order === 'none');
    }
    assert.equal(pool.counters[SERVER_EJECTS], this.#ejects);
    const due = this.#model.filter(({ live }) => !live).map(({ retryAt }) => retryAt);
    assert.equal(health.due, due.length === 0 ? 0 : Math.max(Math.min(...due), Number.MIN_VALUE));
  }
}

describe('the health of a pool', () => {
  test('random failures, replies, probes, orders, reloads and times, against a model', () => {
    mock.method(performance, 'now', () => clock);
    const programs = fc.array(step, { maxLength: 60 });
    fc.assert(
      fc.property(programs, settings, (program, with_) => {
        clock = 1000;
        const run = new Run(with_);
        for (const { kind, pick } of program) {
          run.do(kind, pick);
          run.check();
        }
      }),
      { numRuns: 400, seed: 23 },
    );
  });

  test('an ejected server comes back with the first look after its time', () => {
    mock.method(performance, 'now', () => clock);
    clock = 500;
    const pool = new FakePool(EJECT, 2);
    const health = new PoolHealth(pool);
    health.onFailure(pool.servers[1], 'Connection refused');
    assert.equal(health.due, 0);
    health.onFailure(pool.servers[1], 'Connection refused');
    assert.equal(health.due, 30_500);
    assert.deepEqual(pool.ring, [1, 0]);
    assert.match(pool.servers[1].lines[0], /s1 is ejected for 30000 ms.*1 of 2 are live/);
    health.readmit(30_499);
    assert.deepEqual(pool.ring, [1, 0]);
    health.readmit(30_500);
    assert.deepEqual(pool.ring, [1, 1]);
    assert.equal(health.due, 0);
  });
});
