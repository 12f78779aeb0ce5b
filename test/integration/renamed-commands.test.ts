import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { poolFile, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';

// Commands that the clients of a pool call by other names (rename_commands).

let redis: RealServer;
const started: TestRingway[] = [];

before(async () => {
  redis = await startRedis();
});
after(async () => {
  await Promise.all(started.map((ringway) => ringway.stop()));
  await redis.stop();
});

const RENAMED = ['FLUSHALL empty-it', 'set put', 'CONFIG settings', 'MGET many', 'EXEC commit'];

async function run(keys: Record<string, unknown>, variant = VARIANTS[2]): Promise<RespClient> {
  const servers = [`127.0.0.1:${redis.port}:1 s1`];
  const ringway = await startInProcess({ servers, allow_flush: true, ...keys }, variant);
  started.push(ringway);
  return RespClient.open(ringway.port);
}

const text = (reply: unknown): string => String(reply);

for (const variant of VARIANTS.slice(0, 3)) {
  test(`a command answers to its new name alone, ${variant.label}`, async () => {
    const client = await run({ rename_commands: RENAMED }, variant);
    const replies = await client.pipeline([
      ['put', 'k', 'v'],
      ['SET', 'k', 'w'],
      ['GET', 'k'],
      ['Put', 'k', 'x', 'EX', '100'],
      ['many', 'k', 'none'],
      ['MGET', 'k'],
      ['settings', 'GET', 'maxmemory'],
      ['CONFIG', 'GET', 'maxmemory'],
      ['put', 'k'],
      ['EMPTY-IT'],
      ['FLUSHALL'],
      ['EXISTS', 'k'],
    ]);
    assert.equal(replies[0], 'OK');
    assert.match(
      text(replies[1]),
      /ERR unknown command 'SET', with args beginning with: 'k' 'w' $/,
    );
    assert.equal(text(replies[2]), 'v');
    assert.equal(replies[3], 'OK');
    assert.deepEqual((replies[4] as unknown[]).map(text), ['x', 'null']);
    assert.match(text(replies[5]), /unknown command 'MGET'/);
    assert.equal(text((replies[6] as unknown[])[0]), 'maxmemory');
    assert.match(text(replies[7]), /unknown command 'CONFIG'/);
    assert.match(text(replies[8]), /wrong number of arguments for 'set' command/);
    assert.equal(replies[9], 'OK');
    assert.match(text(replies[10]), /unknown command 'FLUSHALL'/);
    assert.equal(replies[11], 0);
    client.socket.write('put i inline\r\nget i\r\nset i other\r\n');
    const inline = (await client.read(3)).map(text);
    assert.deepEqual(inline.slice(0, 2), ['OK', 'inline']);
    assert.match(inline[2] ?? '', /unknown command 'set'/);
    client.close();
  });
}

test('in a transaction too, which its own old name makes fail', async () => {
  const client = await run({ rename_commands: RENAMED });
  const good = await client.pipeline([['MULTI'], ['put', 't', '1'], ['GET', 't'], ['commit']]);
  assert.deepEqual(good.slice(0, 3).map(text), ['OK', 'QUEUED', 'QUEUED']);
  assert.deepEqual((good[3] as unknown[]).map(text), ['OK', '1']);
  const bad = await client.pipeline([['MULTI'], ['set', 't', '2'], ['commit'], ['GET', 't']]);
  assert.match(text(bad[1]), /unknown command/);
  assert.match(text(bad[2]), /EXECABORT/);
  assert.equal(text(bad[3]), '1');
  client.close();
});

test('large requests too, with and without the rules of a user', async () => {
  const users = ['default on nopass ~big* &* +@all -@scripting'];
  for (const more of [{}, { users }]) {
    const client = await run({ rename_commands: RENAMED, ...more });
    const large = Buffer.alloc(2 << 20, 'x');
    assert.equal(await client.command('put', 'big', large), 'OK');
    assert.ok(large.equals((await client.command('GET', 'big')) as Buffer));
    const keys = Array.from({ length: 60_000 }, (_, i) => `big${i}`);
    const values = (await client.command('many', ...keys)) as unknown[];
    assert.equal(values.length, keys.length);
    client.close();
  }
});

test('rules of users and of the pool go by the name that Redis gave it', async () => {
  const users = ['default on nopass ~* &* +@all -set', 'w on >pw ~* &* +@all'];
  const client = await run({
    rename_commands: RENAMED,
    deny_commands: 'FLUSHALL',
    users: users,
  });
  assert.match(text(await client.command('put', 'k', 'v')), /NOPERM.*'set' command/);
  assert.match(text(await client.command('empty-it')), /NOPERM 'flushall' is refused/);
  assert.equal(await client.command('AUTH', 'w', 'pw'), 'OK');
  assert.equal(await client.command('put', 'k', 'v'), 'OK');
  client.close();
});

test('a reload renames from the next request on', async () => {
  const pool = { servers: [`127.0.0.1:${redis.port}:1 s1`] };
  const ringway = await startInProcess(pool);
  started.push(ringway);
  const client = await RespClient.open(ringway.port);
  const reload = async (keys: Record<string, unknown>): Promise<void> => {
    const file = await poolFile([{ ...pool, listen: `127.0.0.1:${ringway.port}`, ...keys }]);
    await ringway.ringway.reload(parseConfig(Buffer.from(file.text), 'test.yml'));
  };
  assert.match(text(await client.command('put', 'k', 'v')), /unknown command/);
  await reload({ rename_commands: ['SET put'] });
  assert.equal(await client.command('put', 'k', 'v'), 'OK');
  assert.match(text(await client.command('set', 'k', 'v')), /unknown command/);
  await reload({});
  assert.equal(await client.command('set', 'k', 'v'), 'OK');
  client.close();
});
