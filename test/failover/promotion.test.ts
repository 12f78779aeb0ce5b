import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WITNESS_SCRIPT } from '../../src/topology/promotion/script.ts';
import {
  follows,
  isMaster,
  type PromotionOptions,
  type PromotionSet,
  startPromotionSet,
} from '../support/promotions.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { delay, waitFor } from '../support/wait.ts';

const PATIENCE_MS = 30_000;

interface Fleet {
  readonly set: PromotionSet;
  readonly proxies: readonly TestRingway[];
  readonly clients: readonly RespClient[];
}

/** Several proxies before one shard. */
async function withFleet(
  options: PromotionOptions & { readonly proxies?: number; readonly keys?: object },
  run: (fleet: Fleet) => Promise<void>,
): Promise<void> {
  const set = await startPromotionSet(options);
  const spec = { ...set.pool, failover_wait: 20_000, timeout: 1_000, ...options.keys };
  const count = options.proxies ?? 3;
  const proxies = await Promise.all(Array.from({ length: count }, () => startInProcess(spec)));
  const clients = await Promise.all(proxies.map(({ port }) => RespClient.open(port)));
  try {
    await waitFor('the witnesses to know all proxies', () => allReport(set, count));
    await run({ set, proxies, clients });
  } finally {
    for (const client of clients) client.close();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await set.stop();
  }
}

async function allReport({ witnesses }: PromotionSet, count: number): Promise<boolean> {
  const known = await Promise.all(
    witnesses.map(async ({ port }) => {
      const fields = (await command(port, 'HKEYS', 'ringway:pool1:s1')) as string[];
      return fields.filter((field) => field.startsWith('p:')).length;
    }),
  );
  return known.every((each) => each >= count);
}

function promotions(proxies: readonly TestRingway[]): number {
  return proxies.flatMap(({ log }) => log).filter((line) => /\d is promoted: /.test(line)).length;
}

describe('a master without sentinels that dies', () => {
  test('is replaced by its replica, once, and every proxy goes there without an error', () => {
    return withFleet({}, async ({ set, proxies, clients }) => {
      const [master, replica] = set.servers;
      for (const client of clients) assert.equal(await client.text('SET', 'a', 1), 'OK');
      await waitFor('it at the replica', async () => {
        return (await command(replica.port, 'GET', 'a')) === '1';
      });
      master.kill('SIGKILL');
      // Nobody follows the new master yet: it acknowledges nothing until the old one is back.
      await waitFor('the promotion', () => isMaster(replica), PATIENCE_MS);
      await waitFor('all to know', () => {
        return proxies.every(({ log }) => /the master has moved from/.test(log.join('\n')));
      });
      for (const client of clients) assert.equal(await client.text('GET', 'a'), '1');
      await master.restart();
      await waitFor('the old master to follow', () => follows(master), PATIENCE_MS);
      for (const client of clients) assert.equal(await client.text('SET', 'a', 2), 'OK');
      assert.equal(promotions(proxies), 1);
      assert.equal(await command(replica.port, 'GET', 'a'), '2');
    });
  });
});

describe('a promotion that another proxy has begun, and not ended', () => {
  test('is ended when the old master can acknowledge nothing more', () => {
    return withFleet({ proxies: 1 }, async ({ set, clients: [client] }) => {
      const [master, replica] = set.servers;
      assert.equal(await client.text('SET', 'a', 1), 'OK');
      await waitFor('it at the replica', async () => {
        return (await command(replica.port, 'GET', 'a')) === '1';
      });
      master.kill('SIGKILL');
      // It has had it written down, made the replica a master, and gone.
      for (const { port } of set.witnesses) {
        const ask = (...words: string[]) =>
          command(port, 'EVAL', WITNESS_SCRIPT, '1', 'ringway:pool1:s1', ...words);
        await ask('prepare', 'gone', '9', '1');
        await ask('accept', 'gone', '9', '1', `127.0.0.1:${replica.port}`, '0');
      }
      const promotedAt = performance.now();
      await command(replica.port, 'REPLICAOF', 'NO', 'ONE');
      // The fence is one second, and two more.
      const read = client.text('GET', 'a').then(() => performance.now() - promotedAt);
      await waitFor('it to be ended', async () => {
        return (await command(set.witnesses[0].port, 'HGET', 'ringway:pool1:s1', 'done')) === '1';
      });
      assert.ok((await read) >= 3000, `after ${await read} ms`);
    });
  });
});

describe('a replica that somebody else promotes', () => {
  test('is agreed on by the proxies, who see no error', () => {
    return withFleet({}, async ({ set, proxies, clients }) => {
      const [master, replica] = set.servers;
      for (const client of clients) assert.equal(await client.text('SET', 'a', 1), 'OK');
      assert.equal(await command(master.port, 'FAILOVER'), 'OK');
      await waitFor('writes at the new master', async () => {
        for (const client of clients) assert.equal(await client.text('SET', 'a', 2), 'OK');
        return (await isMaster(replica)) && (await command(replica.port, 'GET', 'a')) === '2';
      });
      await waitFor('all to know', () => {
        return proxies.every(({ log }) => /the master has moved from .*, epoch 1/.test(log.join()));
      });
      assert.equal(promotions(proxies), 0);
    });
  });
});

describe('nobody is promoted', () => {
  test('by witnesses that may evict what they are told, and a line says so', () => {
    return withFleet({ proxies: 1 }, async ({ set, proxies: [proxy], clients }) => {
      for (const { port } of set.witnesses.slice(0, 2)) {
        await command(port, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
        // Its word is looked at again when it is connected to.
        await command(port, 'CLIENT', 'KILL', 'TYPE', 'normal');
      }
      await waitFor(
        'the lines',
        () => {
          const said = proxy.log.filter((line) => /maxmemory-policy is allkeys-lru/.test(line));
          return said.length === 2;
        },
        PATIENCE_MS,
      );
      set.servers[0].kill('SIGKILL');
      const read = clients[0].text('GET', 'a').catch((error: Error) => error.message);
      // Twice as long as it takes otherwise.
      await delay(8_000);
      assert.equal(await isMaster(set.servers[1]), false);
      await set.servers[0].restart();
      assert.equal(await read, null);
    });
  });

  test('while the master acknowledges writes without replicas, and a line says so', () => {
    return withFleet({ proxies: 1, toWrite: 0 }, async ({ proxies: [proxy] }) => {
      await waitFor('the line', () => /nothing can be promoted: /.test(proxy.log.join()));
    });
  });
});
