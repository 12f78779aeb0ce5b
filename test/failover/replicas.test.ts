import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startFakeSentinel } from '../support/fake-sentinel.ts';
import { freePort } from '../support/free-port.ts';
import { follows } from '../support/promotions.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway, USUAL, VARIANTS } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

const ARGS = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];
const KEYS = Array.from({ length: 40 }, (_, i) => `key:${i}`);

interface Shard {
  readonly master: RealServer;
  readonly replica: RealServer;
}

async function startShard(): Promise<Shard> {
  const master = await startRedis({ args: ARGS });
  const replica = await startRedis({
    args: [...ARGS, '--replicaof', '127.0.0.1', `${master.port}`],
  });
  await waitFor('the replica to follow', () => follows(replica));
  return { master, replica };
}

/** How often a server was asked for one of these commands. */
async function calls({ port }: RealServer, ...names: string[]): Promise<number> {
  const stats = String(await command(port, 'INFO', 'commandstats'));
  return names
    .map((name) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0))
    .reduce((sum, each) => sum + each, 0);
}

function configOf(shards: readonly Shard[]): { servers: string[]; replicas: string[] } {
  return {
    servers: shards.map(({ master }, i) => `127.0.0.1:${master.port}:1 s${i + 1}`),
    replicas: shards.map(({ replica }, i) => `127.0.0.1:${replica.port} s${i + 1}`),
  };
}

/** The reply, or the error. */
async function said(client: RespClient, ...words: string[]): Promise<string> {
  return String(await client.text(...words).catch((error: Error) => error.message));
}

/** Until reads of all shards arrive at the replicas. */
async function replicasAreRead(client: RespClient, shards: readonly Shard[]): Promise<void> {
  for (const { replica } of shards) {
    await waitFor('reads at the replica', async () => {
      const before = await calls(replica, 'get');
      for (const key of KEYS) await client.text('GET', key);
      return (await calls(replica, 'get')) > before;
    });
  }
}

async function withRingway(
  spec: Parameters<typeof startInProcess>[0],
  run: (ringway: TestRingway, client: RespClient) => Promise<void>,
  variant = USUAL,
): Promise<void> {
  const ringway = await startInProcess(spec, variant);
  const client = await RespClient.open(ringway.port);
  try {
    await run(ringway, client);
  } finally {
    client.close();
    await ringway.stop();
  }
}

describe('reads from replicas', () => {
  let shards: Shard[];
  before(async () => {
    shards = await Promise.all([startShard(), startShard()]);
  });
  after(() =>
    Promise.all(shards.flatMap(({ master, replica }) => [master.stop(), replica.stop()])),
  );

  for (const [what, keys] of Object.entries({
    'a user with rules': { users: ['default on nopass ~* &* +@all -flushall'] },
    'a user with rules for keys': { users: ['default on nopass ~key:* &* +@all -@scripting'] },
    'a pool that only reads': { read_only: true },
    'a pool that refuses commands': { deny_commands: 'KEYS, EVAL, EVALSHA, FCALL' },
    'a pool that renames commands': { rename_commands: ['KEYS list-keys'] },
    'a pool with rates': { client_requests_per_second: 100_000 },
    'a pool with an audit log': { audit_log: '/dev/null' },
  })) {
    test(`are for ${what} as well`, () =>
      withRingway({ ...configOf(shards), read_from: 'replica', ...keys }, async (_, client) => {
        await replicasAreRead(client, shards);
        const masters = shards.map(({ master }) => master);
        const count = async () =>
          (await Promise.all(masters.map((each) => calls(each, 'get', 'mget', 'bitpos')))).join();
        const before = await count();
        for (const key of KEYS) await client.text('GET', key);
        await client.text('MGET', ...KEYS);
        await client.text('BITPOS', KEYS[0], '1');
        assert.equal(await count(), before);
      }));
  }

  for (const variant of VARIANTS) {
    test(`commands that read go there, others to the master: ${variant.label}`, () => {
      const spec = { ...configOf(shards), read_from: 'prefer-replica', read_after_write: 30 };
      return withRingway(
        spec,
        async (_, client) => {
          for (const key of KEYS) assert.equal(await client.text('SET', key, key), 'OK');
          await replicasAreRead(client, shards);
          await waitFor('the replicas to have all', async () => {
            return !((await client.text('MGET', ...KEYS)) as unknown[]).includes(null);
          });
          const masters = shards.map(({ master }) => master);
          const count = async () =>
            (await Promise.all(masters.map((each) => calls(each, 'get', 'mget', 'exists')))).join();
          const before = await count();
          assert.deepEqual(await client.text('MGET', ...KEYS), KEYS);
          assert.equal(await client.text('EXISTS', ...KEYS), KEYS.length);
          const big = 'x'.repeat(100_000);
          assert.equal(await count(), before);
          // What it has written itself a client sees, though it asks before the replica has it.
          for (let i = 0; i < 20; i++) {
            const [, got] = await Promise.all([
              client.text('SET', 'own', `${i}${big}`),
              client.text('GET', 'own'),
            ]);
            assert.equal(got, `${i}${big}`);
          }
          await client.text('MULTI');
          await client.text('GET', KEYS[0]);
          assert.deepEqual(await client.text('EXEC'), [KEYS[0]]);
          assert.equal(
            await client.text('EVAL', 'return redis.call("GET", KEYS[1])', 1, KEYS[0]),
            KEYS[0],
          );
        },
        variant,
      );
    });
  }

  test('one that is too far behind is not read, and clients of `replica` are told so', () => {
    // Nothing says that it is a replica.
    const spec = { ...configOf(shards), replicas: [`127.0.0.1:${shards[0].master.port} s2`] };
    return withRingway({ ...spec, read_from: 'replica' }, async (_, client) => {
      const words = await Promise.all(KEYS.map((key) => said(client, 'GET', key)));
      assert.ok(words.every((each) => /no replica is fit to be read/.test(String(each))));
      assert.match(await said(client, 'MGET', ...KEYS), /no replica is fit to be read/);
      assert.equal(await client.text('SET', KEYS[0], KEYS[0]), 'OK');
    });
  });

  test('clients of `replica` read what they have just written from the master', () => {
    const spec = { ...configOf(shards), read_from: 'replica', read_after_write: 60_000 };
    return withRingway(spec, async (_, client) => {
      await replicasAreRead(client, shards);
      const keys = KEYS.slice(0, 10);
      for (const key of keys) {
        assert.equal(await client.text('SET', key, key), 'OK');
        assert.equal(await client.text('GET', key), key);
      }
      assert.deepEqual(await client.text('MGET', ...keys), keys);
    });
  });

  test('are read on when this process has stood still, which is no silence of theirs', () => {
    const spec = { ...configOf(shards), read_from: 'replica' };
    return withRingway(spec, async (ringway, client) => {
      await replicasAreRead(client, shards);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_200);
      for (let i = 0; i < 20; i++) await Promise.all(KEYS.map((key) => client.text('GET', key)));
      assert.doesNotMatch(ringway.log.join('\n'), /does not answer/);
    });
  });

  test('what is read behind WATCH comes from the master, until EXEC', () => {
    const spec = { ...configOf(shards), read_from: 'prefer-replica', read_after_write: 0 };
    return withRingway(spec, async (_, client) => {
      await replicasAreRead(client, shards);
      const [key] = KEYS;
      const replicas = shards.map(({ replica }) => replica);
      const atReplicas = async (): Promise<number> => {
        const all = await Promise.all(replicas.map((each) => calls(each, 'get', 'mget')));
        return all.reduce((sum, each) => sum + each, 0);
      };
      assert.equal(await client.text('WATCH', key), 'OK');
      const before = await atReplicas();
      await client.text('GET', key);
      await client.text('MGET', key);
      assert.equal(await atReplicas(), before);
      await client.text('MULTI');
      await client.text('SET', key, 'swapped');
      assert.deepEqual(await client.text('EXEC'), ['OK']);
      await replicasAreRead(client, shards);
    });
  });

  test('the replicas that sentinels list are read as well', async () => {
    const [{ master, replica }] = shards;
    const facts = { port: master.port, epoch: 1, replicas: [replica.port] };
    const sentinel = await startFakeSentinel({ s1: facts });
    const spec = { servers: [`127.0.0.1:${master.port}:1 s1`], read_from: 'prefer-replica' };
    try {
      await withRingway({ ...spec, sentinels: [`127.0.0.1:${sentinel.port}`] }, (_, client) =>
        replicasAreRead(client, shards.slice(0, 1)),
      );
    } finally {
      await sentinel.stop();
    }
  });

  test('one that goes away costs no error: its master answers', async () => {
    const shard = await startShard();
    const spec = { ...configOf([shard]), read_from: 'prefer-replica', read_after_write: 0 };
    await withRingway(spec, async (_, client) => {
      await client.text('SET', 'a', 1);
      await waitFor('it', async () => (await command(shard.replica.port, 'GET', 'a')) === '1');
      await replicasAreRead(client, [shard]);
      let stop = false;
      const reads = (async () => {
        while (!stop) {
          const all = await Promise.all(KEYS.map(() => client.text('GET', 'a')));
          assert.deepEqual([...new Set(all)], ['1']);
        }
      })();
      await shard.replica.stop();
      const before = await calls(shard.master, 'get');
      await waitFor(
        'reads at the master',
        async () => (await calls(shard.master, 'get')) > before + 200,
      );
      stop = true;
      await reads;
    });
    await shard.master.stop();
  });
});

describe('a replica that somebody promotes', () => {
  for (const old of ['is demoted', 'is gone', 'stays a master'] as const) {
    test(`is followed, without an error of clients, when the old master ${old}`, async () => {
      const shard = await startShard();
      const { master, replica } = shard;
      await withRingway(configOf([shard]), async (ringway, client) => {
        assert.equal(await client.text('SET', 'a', 0), 'OK');
        await waitFor('it to be known', async () => {
          return /role:slave/.test(String(await command(replica.port, 'INFO', 'replication')));
        });
        // Its servers have been asked once at least: whose data they have is known.
        await new Promise((resolve) => setTimeout(resolve, 1100));
        if (old === 'is gone') await master.stop();
        await command(replica.port, 'REPLICAOF', 'NO', 'ONE');
        if (old === 'is demoted')
          await command(master.port, 'REPLICAOF', '127.0.0.1', `${replica.port}`);
        await waitFor('writes at the new master', async () => {
          assert.equal(await client.text('SET', 'a', 1), 'OK');
          return (await command(replica.port, 'GET', 'a')) === '1';
        });
        assert.match(ringway.log.join('\n'), /the master has moved from .* by its role/);
      });
      await Promise.all([master.stop(), replica.stop()]);
    });
  }

  test('is not followed when its data are others', async () => {
    const shard = await startShard();
    const stranger = await startRedis({ args: ARGS });
    const replica = `127.0.0.1:${stranger.port} s1`;
    await withRingway({ ...configOf([shard]), replicas: [replica] }, async (ringway, client) => {
      await waitFor('the line', () => /says it is a master as well/.test(ringway.log.join('\n')));
      assert.equal(await client.text('SET', 'a', 1), 'OK');
      assert.equal(await command(stranger.port, 'GET', 'a'), null);
    });
    await Promise.all([shard.master.stop(), shard.replica.stop(), stranger.stop()]);
  });

  test('nobody is there: the address in the file leads nowhere, its replica is a master', async () => {
    const only = await startRedis({ args: ARGS });
    const spec = {
      servers: [`127.0.0.1:${await freePort()}:1 s1`],
      replicas: [`127.0.0.1:${only.port} s1`],
    };
    await withRingway(spec, async (_, client) => {
      assert.equal(await client.text('SET', 'a', 1), 'OK');
    });
    await only.stop();
  });
});
