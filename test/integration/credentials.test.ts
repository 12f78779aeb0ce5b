import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { ReplyError, RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// Passwords of the servers and of clients, apart, and where they come from.

const folder = mkdtempSync(join(tmpdir(), 'ringway-credentials-'));
const SERVER_PASSWORD = 'of-the-server';
const CLIENT_PASSWORD = 'of-clients';
let redis: RealServer;
const started: TestRingway[] = [];

before(async () => {
  redis = await startRedis();
  await admin(['ACL', 'SETUSER', 'proxy', 'on', `>${SERVER_PASSWORD}`, '~*', '&*', '+@all']);
  await admin(['ACL', 'SETUSER', 'default', `>${SERVER_PASSWORD}`, 'resetpass']);
  await admin(['ACL', 'SETUSER', 'default', `>default-${SERVER_PASSWORD}`]);
});
after(async () => {
  await Promise.all(started.map((ringway) => ringway.stop()));
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Asks the server itself, as a user that may do everything. */
async function admin(...requests: string[][]): Promise<void> {
  const client = await RespClient.open(redis.port);
  await client.command('AUTH', 'proxy', SERVER_PASSWORD);
  await client.command('AUTH', 'admin', 'admin');
  for (const words of requests) {
    const reply = await client.command(...words);
    assert.ok(!(reply instanceof ReplyError), String(reply));
  }
  if (requests[0]?.[2] === 'proxy') {
    await client.command('ACL', 'SETUSER', 'admin', 'on', '>admin', '~*', '&*', '+@all');
  }
  client.close();
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

async function run(keys: Record<string, unknown>): Promise<TestRingway> {
  const ringway = await startInProcess({ servers: [`127.0.0.1:${redis.port}:1 s1`], ...keys });
  started.push(ringway);
  return ringway;
}

/** What a client gets that gives a password, if one is given, and asks the server who it is. */
async function whoAmI(port: number, password?: string): Promise<string> {
  const client = await RespClient.open(port);
  const login = password === undefined ? null : await client.command('AUTH', password);
  const reply = login instanceof ReplyError ? login : await client.command('SET', 'k', 'v');
  client.close();
  return String(reply);
}

describe('the login to the servers', () => {
  test('is that of a user, and clients have a password of their own', async () => {
    const keys = { redis_user: 'proxy', redis_auth: SERVER_PASSWORD, client_auth: CLIENT_PASSWORD };
    const { port } = await run(keys);
    assert.equal(await whoAmI(port, CLIENT_PASSWORD), 'OK');
    assert.match(await whoAmI(port, SERVER_PASSWORD), /invalid password/);
    assert.match(await whoAmI(port), /NOAUTH/);
    const client = await RespClient.open(port);
    const hello = await client.command('HELLO', '2', 'AUTH', 'default', CLIENT_PASSWORD);
    assert.ok(!(hello instanceof ReplyError));
    assert.equal(await client.command('SELECT', '2'), 'OK');
    assert.equal(String(await client.command('SET', 'a', 'b')), 'OK', 'on a lane with a greeting');
    client.close();
  });

  test('comes from a file or from the environment', async () => {
    process.env['RINGWAY_TEST_PASSWORD'] = CLIENT_PASSWORD;
    const path = file('server', `${SERVER_PASSWORD}\n`);
    const keys = { redis_user: 'proxy', redis_auth_file: path };
    const { port } = await run({ ...keys, client_auth_env: 'RINGWAY_TEST_PASSWORD' });
    assert.equal(await whoAmI(port, CLIENT_PASSWORD), 'OK');
    const open = await run({ ...keys, client_auth_required: false });
    assert.equal(await whoAmI(open.port), 'OK');
    const same = await run({ redis_auth: `default-${SERVER_PASSWORD}` });
    assert.equal(await whoAmI(same.port, `default-${SERVER_PASSWORD}`), 'OK', 'as before');
  });

  test('is renewed from its file when a server refuses it, on every kind of connection', async () => {
    const path = file('rotated', 'first');
    await admin(['ACL', 'SETUSER', 'rotated', 'on', '>first', '~*', '&*', '+@all']);
    const keys = { redis_user: 'rotated', redis_auth_file: path, client_auth_required: false };
    const ringway = await run({ ...keys, server_connections: 2 });
    const { port } = ringway;
    const clients = await Promise.all([1, 2, 3, 4].map(() => RespClient.open(port)));
    const [, , third, fourth] = clients as [RespClient, RespClient, RespClient, RespClient];
    await third.command('SELECT', '1');
    await fourth.command('SUBSCRIBE', 'news');
    // The server's side is first, then the connections are lost, and the file comes last.
    await admin(
      ['ACL', 'SETUSER', 'rotated', 'resetpass', '>second'],
      ['CLIENT', 'KILL', 'USER', 'rotated'],
    );
    for (const client of clients.slice(0, 3)) {
      await waitFor('the loss', async () =>
        /ERR|NOAUTH|WRONGPASS/.test(String(await client.command('SET', 'r', '1'))),
      );
    }
    file('rotated', 'second');
    for (const client of clients.slice(0, 3)) {
      await waitFor('the login', async () => (await client.command('SET', 'r', '2')) === 'OK');
    }
    const listener = await RespClient.open(port);
    const heard = await listener.command('SUBSCRIBE', 'news');
    await waitFor('a subscription', async () => {
      const other = await RespClient.open(port);
      const reply = await other.command('SUBSCRIBE', 'other');
      other.close();
      return !(reply instanceof ReplyError);
    });
    assert.ok(heard !== null);
    // The server is asked for its version with the login of now: without one it does not say it.
    assert.doesNotMatch(
      String(await clients[0].command('INFO', 'server')),
      /redis_version:7.0.0\r/,
    );
    const lines = ringway.log.filter((line) => line.includes('redis_auth_file holds another'));
    assert.equal(lines.length, 1);
    for (const client of [...clients, listener]) client.close();
  });
});

test('a password file that is of no use is told once, and the password of before stays', async () => {
  const path = file('fickle', 'first');
  await admin(['ACL', 'SETUSER', 'fickle', 'on', '>first', '~*', '&*', '+@all']);
  const keys = { redis_user: 'fickle', redis_auth_file: path, client_auth_required: false };
  const ringway = await run(keys);
  const client = await RespClient.open(ringway.port);
  const set = async (): Promise<string> => String(await client.command('SET', 'f', '1'));
  const told = (what: string): string[] => ringway.log.filter((line) => line.includes(what));
  assert.equal(await set(), 'OK');
  await admin(
    ['ACL', 'SETUSER', 'fickle', 'resetpass', '>second'],
    ['CLIENT', 'KILL', 'USER', 'fickle'],
  );
  const useless = 'redis_auth_file is of no use, the password of before stays: the ';
  rmSync(path);
  await waitFor('a line about it', async () => {
    assert.notEqual(await set(), 'OK');
    return told(`${useless}file cannot be read: ENOENT`).length > 0;
  });
  file('fickle', 'x'.repeat(1_000_000));
  await waitFor('another', () => told(`${useless}password has 1000000 bytes`).length > 0);
  file('fickle', 'second\r\n');
  await waitFor('the login', async () => (await set()) === 'OK');
  assert.equal(told(useless).length, 2);
  client.close();
});

test('no password is in the log, the status or the stats', async () => {
  const path = file('quiet', SERVER_PASSWORD);
  const secrets = [SERVER_PASSWORD, CLIENT_PASSWORD];
  const keys = { redis_user: 'proxy', redis_auth_file: path, client_auth: CLIENT_PASSWORD };
  const ringway = await startInProcess({ servers: [`127.0.0.1:${redis.port}:1 s1`], ...keys });
  started.push(ringway);
  assert.match(await whoAmI(ringway.port, 'wrong'), /invalid password/);
  assert.equal(await whoAmI(ringway.port, CLIENT_PASSWORD), 'OK');
  const told = [
    ...ringway.log,
    ringway.ringway.stats(),
    JSON.stringify(await ringway.ringway.status()),
  ];
  for (const secret of secrets) {
    assert.ok(!told.some((text) => text.includes(secret)));
    const base64 = Buffer.from(secret).toString('base64').slice(0, 12);
    assert.ok(!told.some((text) => text.includes(base64)));
  }
});
