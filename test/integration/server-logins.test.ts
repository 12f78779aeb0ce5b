import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import {
  poolFile,
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
} from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// logins: server. The servers know the users, and ringway goes to them as the user of each client.

let servers: RealServer[];
const started: TestRingway[] = [];

const USERS = [
  ['ringway', 'on', '>own', '~*', '&*', '+@all'],
  ['app', 'on', '>pw', 'resetchannels', '~app:*', '&app:*', '+@all', '-@dangerous'],
  ['reader', 'on', '>pw2', '%R~*', '+@read', '+@connection', '+@transaction', '+eval'],
  ['default', 'off'],
];

before(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
  for (const { port } of servers) {
    const admin = await RespClient.open(port);
    for (const user of USERS) assert.equal(await admin.command('ACL', 'SETUSER', ...user), 'OK');
    admin.close();
  }
});
after(async () => {
  await Promise.all(started.map((ringway) => ringway.stop()));
  await Promise.all(servers.map((server) => server.stop()));
});

const POOL = { redis_user: 'ringway', redis_auth: 'own', logins: 'server' };

async function run(variant = VARIANTS[2], more: Record<string, unknown> = {}) {
  const lines = shards(servers.map(({ port }) => port));
  const ringway = await startInProcess({ servers: lines, ...POOL, ...more }, variant);
  started.push(ringway);
  return ringway;
}

async function enter(port: number, ...login: string[]): Promise<RespClient> {
  const client = await RespClient.open(port);
  assert.equal(await client.command('AUTH', ...login), 'OK');
  return client;
}

async function admin(server: RealServer): Promise<RespClient> {
  const client = await RespClient.open(server.port);
  assert.equal(await client.command('AUTH', 'ringway', 'own'), 'OK');
  return client;
}

const text = (reply: unknown): string => String(reply);
const KEYS = Array.from({ length: 12 }, (_, i) => `app:${i}`);

for (const variant of VARIANTS.slice(0, 3)) {
  test(`clients are bound by what the servers let their user do, ${variant.label}`, async () => {
    const { port } = await run(variant);
    const [app, reader] = await Promise.all([
      enter(port, 'app', 'pw'),
      enter(port, 'reader', 'pw2'),
    ]);
    assert.equal(await app.command('MSET', ...KEYS.flatMap((key) => [key, `v-${key}`])), 'OK');
    const values = (await app.command('MGET', ...KEYS)) as unknown[];
    assert.deepEqual(
      values.map(text),
      KEYS.map((key) => `v-${key}`),
    );
    assert.match(text(await app.command('GET', 'other')), /NOPERM.*key/);
    assert.match(text(await app.command('KEYS', '*')), /NOPERM.*'keys'/);
    // A script is bound as well, whatever it declares.
    const script = "return redis.call('GET', 'other')";
    assert.match(text(await app.command('EVAL', script, '1', 'app:1')), /can't access|NOPERM/);
    assert.equal(text(await reader.command('GET', 'app:1')), 'v-app:1');
    assert.match(text(await reader.command('SET', 'app:1', 'x')), /NOPERM.*'set'/);
    const exec = await reader.pipeline([['MULTI'], ['SET', 'app:1', 'x'], ['EXEC']]);
    assert.match(text(exec[2]), /EXECABORT.*(no permissions|NOPERM)/);
    assert.equal(text(await app.command('ACL', 'WHOAMI')), 'app');
    assert.equal(text(await reader.command('ACL', 'WHOAMI')), 'reader');
    app.close();
    reader.close();
  });
}

test('who has not logged in, or gives a wrong password, gets nowhere', async () => {
  const { port } = await run(undefined, { max_auth_failures: 3 });
  const client = await RespClient.open(port);
  assert.match(text(await client.command('GET', 'app:1')), /NOAUTH/);
  const replies = await client.pipeline([
    ['AUTH', 'app', 'wrong'],
    ['GET', 'app:1'],
    ['AUTH', 'nobody', 'pw'],
    ['AUTH', 'pw'],
  ]);
  assert.match(text(replies[0]), /WRONGPASS/);
  assert.match(text(replies[1]), /NOAUTH/);
  assert.match(text(replies[2]), /WRONGPASS/);
  assert.match(text(replies[3]), /without any password configured for the default user/);
  await waitFor('the end', () => client.ended);
});

test('a login is for what comes behind it, and RESET ends it', async () => {
  const { port } = await run();
  const client = await RespClient.open(port);
  const replies = await client.pipeline([
    ['GET', 'app:1'],
    ['AUTH', 'app', 'pw'],
    ['SET', 'app:k', '1'],
    ['GET', 'app:k'],
    ['AUTH', 'reader', 'pw2'],
    ['SET', 'app:k', '2'],
    ['GET', 'app:k'],
    ['AUTH', 'app', 'wrong'],
    ['GET', 'app:k'],
    ['SELECT', '3'],
    ['GET', 'app:k'],
    ['SET', 'app:k', '3'],
    ['RESET'],
    ['GET', 'app:k'],
  ]);
  const shown = replies.map((reply) => text(reply).replace(/^ReplyError: (\w+).*/, '$1'));
  assert.deepEqual(shown, [
    ...['NOAUTH', 'OK', 'OK', '1', 'OK', 'NOPERM', '1', 'WRONGPASS', '1'],
    ...['OK', 'null', 'NOPERM', 'RESET', 'NOAUTH'],
  ]);
  client.close();
});

test('HELLO logs in as well', async () => {
  const { port } = await run();
  const client = await RespClient.open(port);
  const hello = (await client.command(
    'HELLO',
    '2',
    'AUTH',
    'app',
    'pw',
    'SETNAME',
    'n',
  )) as unknown[];
  assert.equal(text(hello[0]), 'server');
  assert.equal(text(await client.command('CLIENT', 'GETNAME')), 'n');
  assert.equal(await client.command('SET', 'app:h', '1'), 'OK');
  assert.match(text(await client.command('HELLO', '2', 'AUTH', 'app', 'no')), /WRONGPASS/);
  assert.equal(text(await client.command('GET', 'app:h')), '1');
  client.close();
});

test('keys that are watched for one user are not carried out upon by another', async () => {
  const { port } = await run();
  const client = await enter(port, 'app', 'pw');
  const replies = await client.pipeline([
    ['WATCH', 'app:w'],
    ['AUTH', 'reader', 'pw2'],
    ['MULTI'],
    ['GET', 'app:w'],
    ['EXEC'],
    ['MULTI'],
    ['GET', 'app:w'],
    ['EXEC'],
  ]);
  assert.match(text(replies[4]), /EXECABORT/);
  assert.deepEqual(replies[7], [null]);
  client.close();
});

test('what rules of the servers would not hold for is refused', async () => {
  const { port } = await run();
  const client = await enter(port, 'app', 'pw');
  const refused = [
    ['SUBSCRIBE', 'other'],
    ['PSUBSCRIBE', '*'],
    ['MONITOR'],
    ['SLOWLOG', 'GET'],
    ['CLIENT', 'LIST'],
    ['CLIENT', 'KILL', 'ID', '1'],
    ['CLIENT', 'TRACKING', 'ON'],
    ['ACL', 'LIST'],
  ];
  for (const words of refused) {
    assert.match(text(await client.command(...words)), /logins: server/, words.join(' '));
  }
  assert.match(text(await client.command('PUBLISH', 'other', 'm')), /NOPERM.*channel/);
  assert.equal(await client.command('PUBLISH', 'app:c', 'm'), 0);
  client.close();
});

test('a server that is away leaves logins to the others', async () => {
  const gone = await startRedis();
  await gone.stop();
  const lines = [`127.0.0.1:${gone.port}:1 a`, `127.0.0.1:${servers[0].port}:1 b`];
  const ringway = await startInProcess({ servers: lines, ...POOL });
  started.push(ringway);
  const client = await enter(ringway.port, 'app', 'pw');
  const replies = (await Promise.all(KEYS.map((key) => client.command('GET', key)))).map(text);
  assert.ok(
    replies.some((reply) => !/ReplyError/.test(reply)),
    replies.join(),
  );
  assert.match(text(await client.command('AUTH', 'app', 'no')), /WRONGPASS/);
  client.close();
});

test('a server that says nothing leaves logins to the others', async (t) => {
  const silent = createServer((socket) => t.after(() => socket.destroy()));
  silent.listen(0, '127.0.0.1');
  t.after(() => silent.close());
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const lines = [`127.0.0.1:${port}:1 a`, `127.0.0.1:${servers[0].port}:1 b`];
  // Long enough for the one that answers, whatever else the machine does.
  const ringway = await startInProcess({ servers: lines, timeout: 2000, ...POOL });
  started.push(ringway);
  const client = await enter(ringway.port, 'app', 'pw');
  client.close();
});

test('a password that servers take back is no trouble of others', async () => {
  const { port, log } = await run(undefined, { breaker_failures: 3 });
  for (const server of servers) {
    const direct = await admin(server);
    await direct.command('ACL', 'SETUSER', 'temp', 'on', '>old', '~app:*', '+@all');
    direct.close();
  }
  const [temp, app] = await Promise.all([enter(port, 'temp', 'old'), enter(port, 'app', 'pw')]);
  for (const server of servers) {
    const direct = await admin(server);
    await direct.command('ACL', 'DELUSER', 'temp');
    direct.close();
  }
  for (let i = 0; i < 20; i++) {
    assert.match(text(await temp.command('GET', `app:${i}`)), /WRONGPASS|invalid|not granted/i);
  }
  const replies = await app.pipeline(KEYS.map((key) => ['GET', key]));
  assert.ok(
    replies.every((reply) => !/ReplyError/.test(text(reply))),
    replies.map(text).join(),
  );
  assert.doesNotMatch(log.join('\n'), /old/);
  temp.close();
  app.close();
});

test('a reload that leaves logins to the servers ends those that ringway has checked', async () => {
  const lines = shards(servers.map(({ port }) => port));
  const before = { redis_user: 'ringway', redis_auth: 'own', client_auth: 'x' };
  const ringway = await startInProcess({ servers: lines, ...before });
  started.push(ringway);
  const client = await RespClient.open(ringway.port);
  assert.equal(await client.command('AUTH', 'x'), 'OK');
  assert.equal(await client.command('SET', 'free', '1'), 'OK');
  const listen = `127.0.0.1:${ringway.port}`;
  const file = await poolFile([{ servers: lines, ...POOL, listen }]);
  await ringway.ringway.reload(parseConfig(Buffer.from(file.text), 'test.yml'));
  assert.match(text(await client.command('GET', 'free')), /NOAUTH/);
  assert.equal(await client.command('AUTH', 'app', 'pw'), 'OK');
  assert.match(text(await client.command('GET', 'free')), /NOPERM/);
  client.close();
});
