import type { PoolConfig } from '../../src/config/index.ts';
import { writePool } from '../../src/distribution/pool-descriptor.ts';
import { buildRing } from '../../src/distribution/ring.ts';
import { HASH_NAMES } from '../../src/hash/index.ts';
import type { BackendConnection } from '../../src/proxy/backend/backend-connection.ts';
import { FAILURE_REFUSED, type Failure, failureOf } from '../../src/proxy/backend/failure.ts';
import type { ClientConnection } from '../../src/proxy/client/client-connection.ts';
import type { Engine } from '../../src/proxy/engine/engine.ts';
import { failureReply } from '../../src/proxy/redis/failure-reply.ts';
import { type PoolCounters, poolCounters } from '../../src/stats/counters.ts';
import { TestBackend, TestOwner } from './test-backend.ts';
import { TestClient } from './test-client.ts';
import { TEST_RING } from './test-engine.ts';

/** A pool of servers, each with one connection in memory. */
export class TestPool {
  readonly engine: Engine;
  readonly config: PoolConfig;
  readonly descriptor: number = TEST_RING;
  readonly counters: PoolCounters = poolCounters();
  /** It is no cluster. */
  readonly slots = null;
  readonly nowhere: Failure = failureOf(FAILURE_REFUSED);
  readonly slowLog = null;
  readonly backends: TestBackend[];
  readonly servers: readonly { readonly index: number }[];
  readonly protocol = { failure: failureReply };
  /** Servers that cannot be reached. */
  readonly down: Set<number> = new Set();

  constructor(engine: Engine, count: number, config: Partial<PoolConfig>) {
    this.engine = engine;
    this.config = { clientOutputLimit: 1 << 26, perKeyFailure: false, ...config } as PoolConfig;
    const { codec } = engine;
    const protocol = {
      scanReplies: codec.scanReplies.bind(codec),
      failure: failureReply,
    };
    this.backends = Array.from({ length: count }, (_, i) => {
      return new TestBackend(engine, new TestOwner(engine, protocol, config, `s${i}`));
    });
    this.servers = this.backends.map((_, index) => ({ index }));
    const names = this.servers.map(({ index }) => ({ name: Buffer.from(`s${index}`), weight: 1 }));
    const options = {
      hash: HASH_NAMES.indexOf('fnv1a_64'),
      distribution: 'ketama',
      tag: 0,
    } as const;
    const ring = buildRing(names, new Array(count).fill(1), options);
    writePool(engine.words, this.descriptor, ring);
  }

  connection(server: number): BackendConnection | null {
    const backend = this.backends[server];
    return this.down.has(server) || backend.closed ? null : backend.asConnection;
  }
}

/** A client of such a pool. */
export class PoolClient extends TestClient {
  readonly pool: TestPool;
  readonly lane = 0;
  readonly session = { muted: false };

  constructor(engine: Engine, pool: TestPool) {
    super(engine);
    this.pool = pool;
  }

  get asConnection(): ClientConnection {
    return this as unknown as ClientConnection;
  }

  readonly router = {
    verdict: 3,
    reason: failureOf(FAILURE_REFUSED),
    reasons: new Array<Failure>(64).fill(failureOf(FAILURE_REFUSED)),
    choose: (_client: unknown, server: number): BackendConnection | null => {
      return this.pool.connection(server);
    },
    chooseAll: (
      _client: unknown,
      servers: readonly { readonly index: number }[],
    ): (BackendConnection | null)[] => servers.map(({ index }) => this.pool.connection(index)),
    partServers: [] as ({ readonly index: number } | null)[],
    partConnections: [] as (BackendConnection | null)[],
    chooseParts: (_client: unknown, count: number): boolean => {
      const { partServers, partConnections } = this.router;
      for (let i = 0; i < count; i++) {
        const server = partServers[i];
        partConnections[i] = server === null ? null : this.pool.connection(server.index);
      }
      return true;
    },
  };

  answer(reply: Buffer): void {
    if (!this.muted) this.pipeline.deliver(this.pipeline.open(), reply);
  }

  failForward(failure: Failure): true {
    this.answer(failureReply(failure));
    return true;
  }
}
