import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type FakeServer, type Script, send, startFake } from '../support/fake-server.ts';
import { type RealServer, startRedis, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { poolFile, shards, startChild, startInProcess } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// HELLO and INFO name the lowest version of Redis that the servers of the pool say they have.

const WITHOUT = '7.0.0';

/** What INFO of a server looks like, as far as it matters here. */
function infoText(version: string): string {
  const body = `# Server\r\nredis_version:${version}\r\nvalkey_version:8.1.0\r\n`;
  return `$${body.length}\r\n${body}\r\n`;
}

/** Answers INFO with what `version` returns at that moment, all else with OK. */
function saying(version: () => string): Script {
  return (_index, request) => send(/INFO/.test(String(request)) ? infoText(version()) : '+OK\r\n');
}

function ports(servers: readonly (RealServer | FakeServer)[]): string[] {
  return shards(servers.map(({ port }) => port));
}

async function helloVersion(client: RespClient): Promise<string> {
  const fields = (await client.command('HELLO')) as unknown[];
  const at = fields.findIndex((field) => String(field) === 'version');
  return String(fields[at + 1]);
}

async function infoVersion(client: RespClient): Promise<string | undefined> {
  const info = String(await client.text('INFO', 'server'));
  return /^redis_version:(.+)\r$/m.exec(info)?.[1];
}

/** A client waits 200 ms at most: a server of a busy machine may say it later, for the next one. */
async function learnt(client: RespClient, version: string): Promise<void> {
  await waitFor(version, async () => (await infoVersion(client)) === version);
}

interface Running {
  readonly client: RespClient;
  readonly port: number;
}

async function through(
  servers: readonly (RealServer | FakeServer)[],
  keys: object,
  use: (running: Running) => Promise<void>,
): Promise<void> {
  const ringway = await startInProcess({ servers: ports(servers), ...keys });
  const client = await RespClient.open(ringway.port);
  try {
    await use({ client, port: ringway.port });
  } finally {
    client.close();
    await ringway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function realVersion({ port }: RealServer, password?: string): Promise<string> {
  const client = await RespClient.open(port);
  if (password !== undefined) await client.text('AUTH', password);
  const version = await infoVersion(client);
  client.close();
  assert.ok(version !== undefined && version !== WITHOUT);
  return version;
}

describe('the version of Redis in HELLO and INFO', () => {
  test('is that of the servers, and asking for it is no request', async () => {
    const servers = await startRedisSet(2);
    const version = await realVersion(servers[0]);
    await through(servers, {}, async ({ client }) => {
      await learnt(client, version);
      assert.equal(await helloVersion(client), version);
      assert.equal(await infoVersion(client), version);
      const pool = String(await client.text('INFO', 'pool'));
      assert.match(pool, /server0:.*connections=0,requests=0,responses=0,errors=0/);
      assert.match(String(await client.text('INFO', 'stats')), /commands_processed:0\r/);
    });
  });

  test('is the lowest of them, compared by its numbers', async () => {
    const versions = ['7.10.1', '7.9.0', '10.0.0'];
    const servers = await Promise.all(versions.map((version) => startFake(saying(() => version))));
    await through(servers, {}, async ({ client }) => {
      await client.text('INFO', 'clients', 'pool');
      assert.equal(servers[0].connections, 0);
      assert.equal(await infoVersion(client), '7.9.0');
      assert.equal(await helloVersion(client), '7.9.0');
      assert.deepEqual(
        servers.map(({ connections }) => connections),
        [1, 1, 1],
      );
    });
  });

  test('is asked for with the password', async () => {
    const server = await startRedis({ args: ['--requirepass', 'secret'] });
    await through([server], { redis_auth: 'secret' }, async ({ client }) => {
      await client.text('AUTH', 'secret');
      await learnt(client, await realVersion(server, 'secret'));
    });
  });

  test('is the usual one when a server may not say it', async () => {
    const server = await startRedis({
      args: '--user default on nopass ~* &* +@all -info'.split(' '),
    });
    await through([server], {}, async ({ client }) => {
      assert.equal(await helloVersion(client), WITHOUT);
      assert.equal(await client.text('SET', 'k', 'v'), 'OK');
    });
  });

  test('is the usual one, soon, when servers are silent or gone; later ones do not wait', async () => {
    const silent = await startFake(() => ({ do: 'silence' }));
    const gone = await startFake(() => ({ do: 'silence' }));
    await gone.stop();
    const eject = { auto_eject_hosts: true, server_failure_limit: 1 };
    await through([silent, gone], eject, async ({ client }) => {
      // The client itself does not wait for ever.
      const replies = client.pipeline([['HELLO'], ['PING']]);
      assert.deepEqual((await replies).map(String).slice(1), ['PONG']);
      const again = performance.now();
      // If each waited for its 200 ms, they would take twice as long as they may.
      for (let i = 0; i < 200; i++) assert.equal(await helloVersion(client), WITHOUT);
      assert.ok(performance.now() - again < 20_000);
      assert.match(String(await client.text('INFO', 'stats')), /server_ejects:0\r/);
    });
  });

  test('is asked for once by clients that come together, and a client may leave', async () => {
    const server = await startFake((_index, request) => {
      return /INFO/.test(String(request)) ? send(infoText('7.2.4'), 10) : send('+OK\r\n');
    });
    await through([server], {}, async ({ client, port }) => {
      const others = await Promise.all([1, 2].map(() => RespClient.open(port)));
      const asked = others.map(helloVersion);
      const leaving = await RespClient.open(port);
      await leaving.send(Buffer.from('*1\r\n$5\r\nHELLO\r\n'));
      leaving.close();
      assert.deepEqual(await Promise.all(asked), ['7.2.4', '7.2.4']);
      assert.equal(await helloVersion(client), '7.2.4');
      assert.equal(server.received.length, 1);
      for (const other of others) other.close();
    });
  });

  test('is asked for again when a server comes back', async () => {
    let version = '7.4.1';
    const server = await startFake((index, request, socket) => {
      if (/GET/.test(String(request)) && version === '7.4.1') return { do: 'reset' };
      return saying(() => version)(index, request, socket);
    });
    await through([server], {}, async ({ client }) => {
      assert.equal(await helloVersion(client), '7.4.1');
      assert.match(String(await client.command('GET', 'k')), /reset/i);
      version = '6.2.6';
      assert.equal(await client.text('GET', 'k'), 'OK');
      assert.equal(await helloVersion(client), '6.2.6');
    });
  });

  test('follows the servers of a reload', async () => {
    const [old, next] = await Promise.all([
      startFake(saying(() => '7.2.4')),
      startFake(saying(() => '7.4.0')),
    ]);
    const ringway = await startChild({ servers: ports([old]) });
    try {
      const client = await RespClient.open(ringway.port);
      assert.equal(await helloVersion(client), '7.2.4');
      const listen = `127.0.0.1:${ringway.port}`;
      const file = await poolFile([{ servers: ports([next]), listen }]);
      writeFileSync(ringway.file, file.text);
      ringway.kill('SIGHUP');
      await waitFor('the new version', async () => (await infoVersion(client)) === '7.4.0');
      client.close();
    } finally {
      await ringway.stop();
      await Promise.all([old.stop(), next.stop()]);
    }
  });
});
