import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFakeMemcached } from '../memcache/fake-memcached.ts';
import { ask, startPool } from '../memcache/fake-pool.ts';
import { RawClient } from '../memcache/raw-client.ts';
import { send } from '../support/fake-server.ts';
import { startMemcached } from '../support/real-servers.ts';
import { shards, startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

const REFUSED = 'SERVER_ERROR Connection refused\r\n';

test('stats servers labels what each says', async () => {
  const a = await startFakeMemcached(() => send('STAT pid 5\r\nSTAT x y z\r\nEND\r\n'));
  const ringway = await startPool([a, null]);
  const reply = await ask(ringway, 'stats servers\r\n');
  const lines = 'STAT s1:pid 5\r\nSTAT s1:x y z\r\n';
  assert.equal(reply, `${lines}STAT s2:error ${REFUSED}END\r\n`);
  await ask(ringway, 'stats servers items\r\n');
  assert.equal(a.received[1].toString(), 'stats items\r\n');
  assert.equal(await ask(ringway, 'stats servers detail on\r\n'), 'ERROR\r\n');
  await ringway.stop();
  await a.stop();
});

test('stats are the sums of those that answer, with the version that `version` has', async () => {
  const fakes = await Promise.all(
    ['5', '7'].map((hits) => {
      const stats = `STAT pid 1\r\nSTAT version 1.6.9\r\nSTAT get_hits ${hits}\r\nEND\r\n`;
      return startFakeMemcached((line) => {
        return send(String(line).startsWith('stats reset') ? 'RESET\r\n' : stats);
      });
    }),
  );
  const ringway = await startPool([...fakes, null]);
  const reply = await ask(ringway, 'stats\r\n');
  assert.match(reply, /^STAT pid \d+\r\n/);
  assert.match(reply, /\r\nSTAT version 1\.6\.9\r\n/);
  assert.match(reply, /\r\nSTAT get_hits 12\r\n/);
  assert.match(reply, /\r\nSTAT s3:server_err \d+\r\n/);
  assert.match(await ask(ringway, 'stats items\r\n'), /^STAT pid 2\r\n(STAT [^\r]*\r\n)+END/);
  assert.equal(
    await ask(ringway, 'stats settings\r\n'),
    'STAT pid 1\r\nSTAT version 1.6.9\r\nEND\r\n',
  );
  assert.match(await ask(ringway, 'stats conns\r\n'), /^STAT \d+:addr tcp:127\.0\.0\.1:\d+\r$/m);
  assert.equal(await ask(ringway, 'stats reset\r\n'), REFUSED);
  await ringway.stop();
  await Promise.all(fakes.map((fake) => fake.stop()));
});

test('stats have what tools read of one memcached, each worker the same', async () => {
  const servers = await Promise.all([1, 2].map(() => startMemcached()));
  const pool = { redis: false, servers: shards(servers.map(({ port }) => port)) };
  const ringway = await startChild(pool, { args: ['--workers', '2', '--http-addr', 'off'] });
  const clients = await Promise.all([1, 2, 3, 4].map(() => RawClient.open(ringway.port)));
  const said = async (): Promise<Map<string, number>[]> =>
    Promise.all(
      clients.map(async (client) => {
        const lines = await client.ask('stats\r\n');
        return new Map(
          [...lines.matchAll(/^STAT (\S+) (\d+)\r$/gm)].map(([, name, n]) => [name, Number(n)]),
        );
      }),
    );
  for (const [i, client] of clients.entries()) {
    for (let j = 0; j < 5; j++) await client.ask(`set key:${i * 7919}:${j} 0 0 2\r\nxy\r\n`);
    for (let j = 0; j < 10; j++) await client.ask(`get key:${i * 7919}:${j}\r\n`);
  }
  const wanted = { cmd_get: 40, cmd_set: 20, get_hits: 20, get_misses: 20, curr_items: 20 };
  // What one worker tells of the others is a moment old.
  await waitFor('all to say the same', async () =>
    (await said()).every((stats) =>
      Object.entries({ ...wanted, curr_connections: 4, evictions: 0 }).every(
        ([name, n]) => stats.get(name) === n,
      ),
    ),
  );
  for (const stats of await said()) assert.ok(Number(stats.get('bytes')) > 0);
  const [client] = clients;
  for (const what of ['items', 'slabs', 'settings', 'sizes', 'conns']) {
    assert.match(await client.ask(`stats ${what}\r\n`), /^(STAT [^\r\n]*\r\n)*END\r\n$/, what);
  }
  assert.equal(await client.ask('stats reset\r\n'), 'RESET\r\n');
  await waitFor('the reset', async () => (await said()).every((all) => all.get('cmd_get') === 0));
  for (const each of clients) each.close();
  await ringway.stop();
  await Promise.all(servers.map((server) => server.stop()));
});
