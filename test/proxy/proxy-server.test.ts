import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { JsCodec } from '../../src/codec/js-codec.ts';
import { type Config, parseConfig } from '../../src/config/index.ts';
import type { Pool } from '../../src/proxy/pool/pool.ts';
import { arenaBytes, ProxyServer } from '../../src/proxy/proxy-server.ts';
import { FAILOVER_TIMEOUTS } from '../../src/stats/counters.ts';
import { certificates } from '../support/certificates.ts';
import { type PoolSpec, poolFile } from '../support/ringway.ts';
import { NO_LOG } from '../support/test-engine.ts';
import { waitFor } from '../support/wait.ts';

const HOST = '127.0.0.1';
const { authority } = certificates();
const TLS = { server_tls: true, server_tls_ca_file: authority.ca };

async function configOf(...pools: PoolSpec[]): Promise<Config> {
  return parseConfig(Buffer.from((await poolFile(pools)).text), 'test.yml');
}

/** A node of a cluster with some of the slots. */
function node(port: number, first: number, last: number) {
  const slots = first > last ? [] : [[first, last] as const];
  return { id: String(port), host: HOST, port, master: null, failed: false, epoch: 1, slots };
}

/** Nobody connects: where servers are is known without that. */
describe('a configuration that is taken over', () => {
  let proxy: ProxyServer;
  const pool = (): Pool => proxy.pools[0];
  /** Where the servers are, and who is read in their place. */
  const places = (): string[] =>
    pool().servers.map(({ config, readers }) => {
      const read = (readers?.addresses ?? []).map((each) => each?.port ?? 'itself');
      return [config.port, ...read].join(' ');
    });

  const follows = (keys: object = {}): PoolSpec => {
    const sentinels = [`${HOST}:1`];
    return { servers: [`${HOST}:10:1 cache`], sentinels, read_from: 'replica', ...keys };
  };
  const cluster = (keys: object = {}): PoolSpec => {
    return { servers: [`${HOST}:11`], cluster: true, read_from: 'replica', ...keys };
  };

  async function open(...pools: PoolSpec[]): Promise<void> {
    const config = await configOf(...pools);
    const codec = new JsCodec(arenaBytes(config));
    proxy = new ProxyServer(config, { codec, log: NO_LOG, reader: 'data' });
  }

  async function switchTo(...pools: PoolSpec[]): Promise<void> {
    proxy.prepare(await configOf(...pools)).commit(0);
  }

  const steer = (action: 'move' | 'hold' | 'release', port: number): void => {
    proxy.steer({ pool: 'pool1', server: 'cache', action, host: HOST, port, epoch: 1 });
  };
  const read = (server: string, ...ports: number[]): void => {
    const readers = ports.map((port) => ({ host: HOST, port }));
    proxy.steer({ pool: 'pool1', server, action: 'read', readers });
  };

  describe('where a master has moved', () => {
    beforeEach(async () => {
      await open(follows());
      steer('move', 20);
      read('cache', 10, 30);
      assert.deepEqual(places(), ['20 10 30']);
    });
    afterEach(() => proxy.stop(0));

    test('leaves it there, whatever else is another', async () => {
      for (const keys of [{ timeout: 5 }, { server_connections: 2 }, TLS, { redis_auth: 'x' }]) {
        await switchTo(follows(keys));
        assert.deepEqual(places(), ['20 10 30'], JSON.stringify(keys));
      }
    });

    test('leaves it there when it names that place, with its connections', async () => {
      const [server] = pool().servers;
      await switchTo(follows({ servers: [`${HOST}:20:1 cache`] }));
      assert.deepEqual([places(), pool().servers[0]], [['20 10 30'], server]);
      await switchTo(follows({ servers: [`${HOST}:20:1 cache`], ...TLS }));
      assert.deepEqual(places(), ['20 10 30']);
    });

    test('begins anew at another place', async () => {
      await switchTo(follows({ servers: [`${HOST}:40:1 cache`] }));
      assert.deepEqual(places(), ['40']);
    });

    test('one that waits for its heir goes on waiting, and is told again to no effect', async () => {
      await switchTo(follows({ failover_wait: 300 }));
      steer('hold', 20);
      const { failover, counters } = pool().servers[0];
      await waitFor('the time to be over', () => {
        steer('hold', 20);
        return failover?.refusal !== null;
      });
      assert.equal(counters[FAILOVER_TIMEOUTS], 1);
      steer('hold', 30);
      assert.deepEqual([places(), failover?.holds], [['30 10 30'], true]);
      steer('move', 30);
      assert.equal(failover?.holds, false);
    });
  });

  describe('where a cluster is known', () => {
    const map = (...nodes: ReturnType<typeof node>[]): void => {
      proxy.steer({ pool: 'pool1', action: 'map', map: { nodes } });
    };
    beforeEach(async () => {
      await open(cluster());
      map(node(11, 0, 9999), node(12, 10_000, 16_383), node(13, 1, 0));
      read(`${HOST}:11`, 21);
      assert.deepEqual(places(), ['11 21', '12']);
    });
    afterEach(() => proxy.stop(0));

    test('leaves readers where they are when nodes are spoken to in another way', async () => {
      await switchTo(cluster(TLS));
      assert.deepEqual(places(), ['11 21', '12']);
    });

    test('keeps what came to be known while it was made ready', async () => {
      const prepared = proxy.prepare(await configOf(cluster({ timeout: 5 })));
      map(node(11, 0, 9999), node(12, 1, 0), node(13, 10_000, 16_383));
      pool().slots?.moveSlot(7, `${HOST}:13`);
      prepared.commit(0);
      const owner = (slot: number) => pool().servers[pool().slots?.serverOf(slot) ?? -1]?.name;
      assert.deepEqual([0, 7, 10_000].map(owner), [`${HOST}:11`, `${HOST}:13`, `${HOST}:13`]);
      assert.equal(pool().slots?.owned, 16_384);
    });
  });
});
