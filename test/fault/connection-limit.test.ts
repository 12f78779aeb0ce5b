import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startChild } from '../support/ringway.ts';

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
