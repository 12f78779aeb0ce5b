import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { type FakeMasterServer, startFakeMaster } from '../support/fake-master.ts';
import { type FakeSentinel, startFakeSentinel } from '../support/fake-sentinel.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { delay, waitFor } from '../support/wait.ts';

interface Topology {
  readonly frozen: boolean;
  readonly shards: readonly {
    readonly server: string;
    readonly master: string;
    readonly address: string;
    readonly epoch: number;
    readonly sentinelsUp: number;
  }[];
}

interface Setting {
  readonly ringway: ChildRingway;
  readonly sentinel: FakeSentinel;
  readonly first: FakeMasterServer;
  readonly second: FakeMasterServer;
  ask(command: string): Promise<object>;
  topology(): Promise<Topology['shards'][number]>;
  /** The sentinel names this master from now on. */
  move(to: FakeMasterServer): void;
  /** Waits until what clients send arrives there, from all workers. */
  arrives(at: FakeMasterServer): Promise<void>;
}

async function withChild(workers: number, run: (setting: Setting) => Promise<void>): Promise<void> {
  const [first, second] = await Promise.all([startFakeMaster(), startFakeMaster()]);
  let epoch = 1;
  const sentinel = await startFakeSentinel(
    { 'prod-cache': { port: first.port, epoch, replicas: [second.port] } },
    ([word, subcommand]) => {
      if (word !== 'SENTINEL' || subcommand !== 'FAILOVER') return undefined;
      setImmediate(() => move(second));
      return '+OK\r\n';
    },
  );
  const move = (to: FakeMasterServer): void => {
    const other = to === first ? second : first;
    const facts = { port: to.port, epoch: ++epoch, replicas: [other.port] };
    sentinel.masters.set('prod-cache', facts);
    const text = `prod-cache 127.0.0.1 ${other.port} 127.0.0.1 ${to.port}`;
    sentinel.publish('+switch-master', text);
  };
  const socket = `/tmp/ringway-failover-${process.pid}-${await freePort()}.sock`;
  const pidFile = `${socket}.pid`;
  const ringway = await startChild(
    {
      servers: [`127.0.0.1:${first.port}:1 cache`],
      sentinels: [`127.0.0.1:${sentinel.port}`],
      sentinel_prefix: 'prod-',
      sentinel_auth: 'me secret',
    },
    {
      args: ['--workers', String(workers), '--admin-socket', socket, '-p', pidFile],
    },
  );
  const ask = (text: string): Promise<object> => askAdmin(socket, text, 10_000);
  const arrives = async (at: FakeMasterServer): Promise<void> => {
    await waitFor('requests to arrive', async () => {
      const clients = await Promise.all([1, 2, 3, 4].map(() => RespClient.open(ringway.port)));
      const before = at.asked.length;
      for (const client of clients) await client.text('SET', 'a', 1);
      for (const client of clients) client.close();
      return at.asked.length === before + clients.length;
    });
  };
  const topology = async (): Promise<Topology['shards'][number]> => {
    return ((await ask('topology')) as Topology).shards[0];
  };
  try {
    await run({ ringway, sentinel, first, second, ask, topology, move, arrives });
  } finally {
    const pid = Number(readFileSync(pidFile, 'latin1'));
    process.kill(pid, 'SIGTERM');
    await ringway.gone();
    await Promise.all([sentinel.stop(), first.server.stop(), second.server.stop()]);
  }
}

for (const workers of [1, 2]) {
  describe(`failovers, --workers ${workers}`, () => {
    test('all follow; sentinels are asked by one process', () => {
      return withChild(
        workers,
        async ({ ringway, sentinel, first, second, topology, move, arrives }) => {
          await arrives(first);
          assert.equal(sentinel.server.open.size, 2);
          const logins = sentinel.server.received.filter((each) => each.includes('AUTH'));
          assert.match(String(logins[0]), /AUTH\r\n\$2\r\nme\r\n\$6\r\nsecret/);
          move(second);
          await arrives(second);
          assert.equal(sentinel.server.open.size, 2);
          const { server, master, address, epoch, sentinelsUp } = await topology();
          assert.deepEqual([server, master, epoch, sentinelsUp], ['cache', 'prod-cache', 2, 1]);
          assert.equal(address, `127.0.0.1:${second.port}`);
          const client = await RespClient.open(ringway.port);
          const info = String(await client.text('INFO', 'topology'));
          client.close();
          assert.match(info, /\r\ntopology_epoch:2\r\ntopology_age_ms:\d+\r\n/);
          assert.match(info, /shard0:name=cache,master=[^,]+,state=serving,epoch=2,moves=\d+/);
        },
      );
    });

    test('a failover on demand, and a topology that is frozen', () => {
      return withChild(workers, async ({ first, second, ask, move, arrives }) => {
        await arrives(first);
        const name = 'pool1 cache';
        const done = (await ask(`failover ${name}`)) as { server: string };
        assert.equal(done.server, 'cache');
        await arrives(second);
        await assert.rejects(ask('failover pool1 nobody'), /no server nobody of a pool pool1/);
        await assert.rejects(ask('failover pool1'), /expected failover POOL SERVER/);
        await assert.rejects(ask('topology melt'), /topology freeze or resume/);
        assert.equal(((await ask('topology freeze')) as Topology).frozen, true);
        move(first);
        await delay(200);
        await arrives(second);
        await assert.rejects(ask(`failover ${name}`), /frozen/);
        await ask('restart');
        await arrives(second);
        await ask('upgrade');
        await delay(200);
        await arrives(second);
        assert.equal(((await ask('topology')) as Topology).frozen, true);
        assert.equal(((await ask('topology resume')) as Topology).frozen, false);
        await arrives(first);
      });
    });

    test('a reload in the middle of a promotion goes on waiting for it', () => {
      return withChild(workers, async ({ ringway, sentinel, first, second, ask, arrives }) => {
        await arrives(first);
        second.isMaster = false;
        const at = `127.0.0.1 ${second.port} @ prod-cache 127.0.0.1 ${first.port}`;
        sentinel.publish('+failover-state-send-slaveof-noone', `slave x ${at}`);
        await waitFor('its role', () => {
          return second.server.received.some((each) => each.includes('ROLE'));
        });
        const before = first.asked.length;
        // All connections are others afterwards.
        appendFileSync(ringway.file, '  server_connections: 2\n');
        await ask('reload');
        const clients = await Promise.all([1, 2, 3, 4].map(() => RespClient.open(ringway.port)));
        const sets = clients.map((client) => client.text('SET', 'a', 1));
        await delay(100);
        assert.deepEqual([first.asked.length - before, second.asked.length], [0, 0]);
        second.isMaster = true;
        assert.deepEqual(await Promise.all(sets), ['OK', 'OK', 'OK', 'OK']);
        assert.deepEqual([first.asked.length - before, second.asked.length], [0, 4]);
        for (const client of clients) client.close();
      });
    });

    test('a reload and an upgrade begin where the master is, not where the file says', () => {
      return withChild(workers, async ({ ringway, sentinel, first, second, ask, ...rest }) => {
        await rest.arrives(first);
        rest.move(second);
        await rest.arrives(second);
        const before = first.asked.length;
        // From now on nobody says where it is.
        await sentinel.stop();
        appendFileSync(ringway.file, '  timeout: 3000\n');
        await ask('reload');
        await rest.arrives(second);
        await ask('upgrade');
        await rest.arrives(second);
        assert.equal(first.asked.length, before);
        assert.equal((await rest.topology()).address, `127.0.0.1:${second.port}`);
      });
    });
  });
}

describe('replicas, --workers 2', () => {
  test('all workers read them and follow a promotion, also those of the next process', async () => {
    const args = ['--repl-diskless-sync-delay', '0'];
    const master = await startRedis({ args });
    const replica = await startRedis({
      args: [...args, '--replicaof', '127.0.0.1', `${master.port}`],
    });
    const socket = `/tmp/ringway-failover-${process.pid}-${await freePort()}.sock`;
    const pidFile = `${socket}.pid`;
    const ringway = await startChild(
      {
        servers: [`127.0.0.1:${master.port}:1 cache`],
        replicas: [`127.0.0.1:${replica.port} cache`],
        read_from: 'prefer-replica',
        read_after_write: 0,
      },
      { args: ['--workers', '2', '--admin-socket', socket, '-p', pidFile] },
    );
    const ask = (text: string): Promise<object> => askAdmin(socket, text, 10_000);
    /** What clients of all workers do arrives at one server alone. */
    const arrivesAt = async (port: number, ...words: string[]): Promise<void> => {
      const count = async (): Promise<number> => {
        const stats = String(await command(port, 'INFO', 'commandstats'));
        const name = words[0].toLowerCase();
        return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
      };
      await waitFor(`${words.join(' ')} at ${port}`, async () => {
        const clients = await Promise.all([1, 2, 3, 4].map(() => RespClient.open(ringway.port)));
        const before = await count();
        for (const client of clients) await client.text(...words);
        for (const client of clients) client.close();
        return (await count()) === before + clients.length;
      });
    };
    try {
      await arrivesAt(replica.port, 'GET', 'a');
      await ask('upgrade');
      await arrivesAt(replica.port, 'GET', 'a');
      // The master hands over by itself: nobody gets an error, nothing is lost.
      const done = (await ask('failover pool1 cache')) as { to: string };
      assert.equal(done.to, `127.0.0.1:${replica.port}`);
      await arrivesAt(replica.port, 'INCR', 'n');
      await arrivesAt(master.port, 'GET', 'a');
      const { shards } = (await ask('topology')) as Topology;
      assert.equal(shards[0].address, `127.0.0.1:${replica.port}`);
    } finally {
      process.kill(Number(readFileSync(pidFile, 'latin1')), 'SIGTERM');
      await ringway.gone();
      await Promise.all([master.stop(), replica.stop()]);
    }
  });
});
