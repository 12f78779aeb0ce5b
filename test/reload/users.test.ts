import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { fill, PipelinedLoad } from '../support/pipelined-load.ts';
import { startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { poolFile, shards, startInProcess } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

const RULES = [
  'default on nopass ~key:* &* +@all -@scripting',
  'default on nopass ~* &* +@all',
  'default on nopass %R~key:* (~other:* +@all -@scripting) +@read +ping',
  'default on nopass ~k* ~key:1* +get +mget +ping',
];

test('users with other rules under pipelined load: no reply is wrong, nobody is refused', async () => {
  const servers = await startRedisSet(2);
  await fill(servers);
  const pool = { servers: shards(servers.map(({ port }) => port)) };
  const ringway = await startInProcess({ ...pool, users: [RULES[0]] });
  const listen = `127.0.0.1:${ringway.port}`;
  const reload = async (rules: string): Promise<void> => {
    const file = await poolFile([{ ...pool, listen, users: [rules] }]);
    await ringway.ringway.reload(parseConfig(Buffer.from(file.text), 'test.yml'));
  };
  const load = new PipelinedLoad({
    port: ringway.port,
    clients: 4,
    depth: 32,
    visitorsEveryMs: 20,
  });
  try {
    for (let i = 1; i <= 12; i++) {
      const { answered } = load;
      await waitFor('some load', () => load.answered > answered + 500);
      await reload(RULES[i % RULES.length]);
    }
  } finally {
    await load.stop();
    await ringway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
  const nothing = { wrong: 0, lost: 0, refused: 0, unanswered: 0, first: '' };
  assert.deepEqual(load.summary, nothing);
});

test('a rule that is taken away in the middle of a pipeline holds from one request on', async () => {
  const servers = await startRedisSet(1);
  const pool = { servers: shards(servers.map(({ port }) => port)) };
  const ringway = await startInProcess({ ...pool, users: ['default on nopass ~* &* +@all'] });
  const listen = `127.0.0.1:${ringway.port}`;
  const client = await RespClient.open(ringway.port);
  try {
    const count = 3000;
    const pipeline = Buffer.concat(
      Array.from({ length: count }, (_, i) => encodeRequest('SET', `k:${i}`, String(i))),
    );
    await client.send(pipeline);
    const users = ['default on nopass %R~* &* +@all -@scripting'];
    const file = await poolFile([{ ...pool, listen, users }]);
    await ringway.ringway.reload(parseConfig(Buffer.from(file.text), 'test.yml'));
    const replies = (await client.read(count)).map(String);
    const first = replies.findIndex((reply) => /NOPERM/.test(reply));
    const granted = first < 0 ? count : first;
    assert.ok(replies.slice(0, granted).every((reply) => reply === 'OK'));
    assert.ok(replies.slice(granted).every((reply) => /NOPERM/.test(reply)));
    assert.match(String(await client.command('SET', 'later', 'x')), /NOPERM/);
    assert.equal(await client.command('DBSIZE'), granted);
  } finally {
    client.close();
    await ringway.stop();
    await servers[0].stop();
  }
});
