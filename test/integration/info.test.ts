import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startChild, startInProcess, USUAL } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

let servers: RealServer[] = [];
before(async () => {
  servers = await startRedisSet(3, { args: ['--maxmemory', '64mb'] });
});
after(() => Promise.all(servers.map((server) => server.stop())));

const ports = () => shards(servers.map(({ port }) => port));

async function infoOf(client: RespClient, ...sections: string[]): Promise<Map<string, string>> {
  const text = String(await client.text('INFO', ...sections));
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

describe('INFO', () => {
  test('tells what one Redis would: the sums over the servers, per database', async () => {
    const ringway = await startInProcess({ servers: ports() }, USUAL);
    const client = await RespClient.open(ringway.port);
    try {
      for (let i = 0; i < 50; i++) await client.command('SET', `key:${i * 7919}`, 'v');
      await client.command('SELECT', '3');
      for (let i = 0; i < 20; i++) await client.command('SET', `key:${i * 7919}`, 'v', 'EX', '100');
      for (let i = 0; i < 20; i++) await client.command('GET', `key:${i * 7919}`);
      let info = await infoOf(client);
      assert.equal(info.get('loading'), '0');
      // A figure is at most a second old.
      await waitFor('the latest figures', async () => {
        info = await infoOf(client);
        return info.get('db3')?.startsWith('keys=20,expires=20,') ?? false;
      });
      assert.match(String(info.get('db0')), /^keys=50,expires=0,avg_ttl=0$/);
      assert.equal(info.get('maxmemory'), String(3 * 64 * 2 ** 20));
      assert.equal(info.get('maxmemory_human'), '192.00M');
      assert.equal(info.get('maxmemory_policy'), 'noeviction');
      assert.ok(Number(info.get('used_memory')) > 3 * 500_000);
      assert.ok(Number(info.get('keyspace_hits')) >= 20);
      assert.match(String(info.get('redis_version')), /^\d+\.\d+\.\d+$/);
      const keyspace = await infoOf(client, 'keyspace');
      assert.deepEqual([...keyspace.keys()], ['db0', 'db3']);
    } finally {
      client.close();
      await ringway.stop();
    }
  });

  test('a server that is down is left out, and is no error', async () => {
    const extra = await startRedisSet(1);
    const ringway = await startInProcess(
      { servers: [...ports(), `127.0.0.1:${extra[0].port}:1 gone`] },
      USUAL,
    );
    await extra[0].stop();
    const client = await RespClient.open(ringway.port);
    try {
      const info = await infoOf(client);
      assert.equal(info.get('loading'), '0');
      assert.ok(Number(info.get('used_memory')) > 0);
    } finally {
      client.close();
      await ringway.stop();
    }
  });

  test('counts of several workers are added up', async () => {
    const ringway = await startChild({ servers: ports() }, { args: ['--workers', '2'] });
    const clients = await Promise.all([1, 2, 3, 4].map(() => RespClient.open(ringway.port)));
    try {
      for (const client of clients) {
        for (let i = 0; i < 10; i++) await client.command('GET', `key:${i}`);
      }
      for (const client of clients) {
        const info = await infoOf(client, 'clients', 'stats');
        assert.equal(info.get('connected_clients'), '4');
        assert.ok(Number(info.get('total_commands_processed')) >= 40);
      }
    } finally {
      for (const client of clients) client.close();
      await ringway.stop();
    }
  });
});
