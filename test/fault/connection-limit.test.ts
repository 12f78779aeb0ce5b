import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { checkPrometheus } from '../support/prometheus-text.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

let redis: RealServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

test('--max-connections: one client more hears why, the others are served', async () => {
  const options = { args: ['--max-connections', '4'] };
  const ringway = await startChild({ servers: shards([redis.port]) }, options);
  const clients: RespClient[] = [];
  for (let i = 0; i < 3; i++) clients.push(await RespClient.open(ringway.port));
  // Three clients and one server connection are four.
  for (const client of clients) assert.equal(String(await client.command('GET', 'k')), 'null');
  const more = await RespClient.open(ringway.port);
  assert.match((await more.readToEnd()).toString(), /^-ERR max number of clients reached\r\n$/);
  clients[0].close();
  for (const client of clients.slice(1)) {
    assert.equal(String(await client.command('GET', 'k')), 'null');
  }
  for (const client of clients) client.close();
  await ringway.stop();
});

test('the limit on open files: clients beyond it hear why', async () => {
  const options = { before: 'ulimit -n 100' };
  const ringway = await startChild({ servers: shards([redis.port]) }, options);
  const clients: RespClient[] = [];
  let refused = 0;
  for (let i = 0; i < 45; i++) {
    const client = await RespClient.open(ringway.port);
    const answer = await client.send(Buffer.from('PING\r\n')).then(() => client.readRaw(1));
    if (answer.toString().startsWith('-ERR max number of clients')) refused++;
    clients.push(client);
  }
  assert.ok(refused > 0 && refused < 45, `${refused} of 45`);
  for (const client of clients) client.close();
  await ringway.stop();
});

const REFUSED = /pool pool1 refuses client 127\.0\.0\.1:\d+(, and \d+ others before)?: /;

for (const [what, limit, options, pool] of [
  [
    'client_connections: 3',
    /: client_connections is 3$/,
    { args: ['-v', '5'] },
    { client_connections: 3 },
  ],
  [
    'ulimit -n 96',
    /: this process may have \d+ connections$/,
    { args: ['-v', '5'], before: 'ulimit -n 96' },
    {},
  ],
  [
    'client_connections: 4 of two workers',
    /: client_connections is 2$/,
    { args: ['-v', '5', '--workers', '2'] },
    { client_connections: 4 },
  ],
] as const) {
  test(`${what}: the log tells of refused clients, not of each, and all are counted`, async () => {
    const http = await freePort();
    const args = [...options.args, '--http-addr', String(http)];
    const servers = shards([redis.port]);
    const ringway = await startChild({ servers, ...pool }, { ...options, args });
    const clients = await Promise.all(
      Array.from({ length: 150 }, () => RespClient.open(ringway.port)),
    );
    const metrics = async () =>
      checkPrometheus(await (await fetch(`http://127.0.0.1:${http}/metrics`)).text());
    const samples = await waitFor('all of them to be refused and counted', async () => {
      const now = await metrics();
      const refused = clients.filter(({ ended }) => ended).length;
      return refused >= 40 && now.sum('ringway_clients_refused_total', {}) === refused ? now : null;
    });
    await waitFor('a line', () => ringway.log.some((line) => REFUSED.test(line)));
    const lines = ringway.log.filter((line) => REFUSED.test(line));
    assert.ok(lines.length <= 2, lines.join('\n'));
    for (const line of lines) assert.match(line, limit);
    const workers = samples.sum('ringway_workers', {});
    const open = samples.sum('process_open_fds', {});
    const most = samples.sum('process_max_fds', {});
    assert.ok(open >= 10 * workers && open <= most, `${open} of ${most}`);
    if ('before' in options) assert.equal(most, 96);
    for (const client of clients) client.close();
    await ringway.stop();
  });
}
