import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { doctor } from '../../../src/commands/doctor/doctor.ts';
import { inOrder, send, startFake } from '../../support/fake-server.ts';
import { freePort } from '../../support/free-port.ts';
import { type RealServer, startMemcached, startRedis } from '../../support/real-servers.ts';
import { startTlsRedis } from '../../support/tls-servers.ts';
import { waitFor } from '../../support/wait.ts';
import { has, look } from './looks.ts';

describe('ringway doctor', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-doctor-'));
  const file = join(folder, 'ringway.yml');
  const redis: RealServer[] = [];
  let memcached: RealServer;
  before(async () => {
    redis.push(await startRedis({ args: ['--requirepass', 'pw', '--timeout', '300'] }));
    redis.push(await startRedis({ args: ['--maxclients', '40'] }));
    redis.push(await startRedis({ args: ['--replicaof', '127.0.0.1', String(redis[1].port)] }));
    memcached = await startMemcached();
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([...redis, memcached].map((server) => server?.stop()));
  });

  test('of servers that are well', async () => {
    const found = await look(
      [`127.0.0.1:${redis[1].port}:1 one`],
      ['redis: true', 'timeout: 400', 'max_leased_connections: 4'],
    );
    assert.deepEqual(
      found.filter((text) => !text.startsWith('ok')),
      [],
    );
    has(found, /^ok one Redis \d+\.\d+/);
    has(found, /^ok one it lets in 40 clients and has \d+$/);
    has(found, /^ok - 127\.0\.0\.1:\d+ is free$/);
    has(found, /^ok - \d+ files may be open/);
  });

  test('of what will hurt', async () => {
    await waitFor('the replica', () => redis[2].running);
    const lines = [
      `127.0.0.1:${redis[0].port}:1 closes`,
      `127.0.0.1:${redis[1].port}:1 small`,
      `localhost:${redis[1].port}:1 twin`,
      `127.0.0.1:${redis[2].port}:1 copy`,
      `127.0.0.1:${await freePort()}:1 nobody`,
      'no-such-host.invalid:6379:1 lost',
      `127.0.0.1:${memcached.port}:1 other`,
    ];
    const found = await look(lines, ['redis: true', 'redis_auth: pw']);
    has(found, /^warning closes it closes connections that are idle for 300 s/);
    has(found, /^warning small it has no password/);
    has(found, /^warning small it lets in 40 clients .* may take up to 1024 more/);
    has(found, /^error copy it is a replica: writes will fail/);
    has(found, /^error nobody 127\.0\.0\.1:\d+: nobody listens there/);
    has(
      found,
      /^error lost no-such-host\.invalid:6379: its name (has no address|cannot be looked up)/,
    );
    has(found, /^error other the login is refused: ERROR/);
    has(found, /^error - (small and twin|twin and small) are one and the same server/);
    has(found, /^warning - it has no timeout/);
  });

  test('of passwords that are wrong or missing, and of too many connections', async () => {
    const line = `127.0.0.1:${redis[0].port}:1 one`;
    has(await look([line], ['redis: true']), /^error one it wants a password/);
    has(
      await look([line], ['redis: true', 'redis_auth: no']),
      /^error one the login is refused: WRONGPASS/,
    );
    const repeats =
      "-ERR unknown command 'AUTH', with args beginning with: 'j\xc3\xbcrgen' 'hunter2' ";
    const old = await startFake(inOrder([send(`${repeats}\r\n`)]));
    const keys = ['redis: true', 'redis_user: jürgen', 'redis_auth: hunter2'];
    const said = await look([`127.0.0.1:${old.port}:1 old`], keys);
    await old.stop();
    has(said, /^error old the login is refused: ERR unknown command 'AUTH'$/);
    const request = '*3\r\n$4\r\nAUTH\r\n$7\r\njürgen\r\n$7\r\nhunter2\r\n';
    assert.equal(old.received[0]?.toString(), request);
    const many = await look(
      [`127.0.0.1:${redis[1].port}:1 one`],
      ['redis: true', 'server_connections: 60'],
    );
    has(many, /^error one it lets in 40 clients and has \d+: ringway needs 64 more/);
  });

  test('of the nodes of a Redis Cluster that are named, and of one that is none', async () => {
    const bus = ['--cluster-port', String(await freePort())];
    const node = await startRedis({ args: ['--cluster-enabled', 'yes', ...bus] });
    try {
      const lines = [`127.0.0.1:${node.port}:1`, `127.0.0.1:${redis[1].port}:1`];
      const found = await look(lines, ['redis: true', 'cluster: true']);
      has(found, new RegExp(`^ok \\S*${node.port}\\S* Redis`));
      has(found, /^error .* it is no node of a Redis Cluster$/);
      assert.ok(!found.some((text) => text.includes('will answer MOVED')), found.join());
    } finally {
      await node.stop();
    }
  });

  test('of a memcached', async () => {
    const found = await look([`127.0.0.1:${memcached.port}:1 one`], ['timeout: 400']);
    has(found, /^ok one memcached 1\.\d+/);
    has(found, /^ok one it lets in 1024 clients/);
    const wrong = await look([`127.0.0.1:${redis[1].port}:1 one`], []);
    has(wrong, /^error one to version it says -ERR unknown command/);
  });

  test('of TLS where none is spoken, and of none where it is', async () => {
    const { server, tlsPort } = await startTlsRedis();
    try {
      const found = await look([`127.0.0.1:${tlsPort}:1 one`], ['redis: true']);
      has(found, /^error one it closes the connection before .* TLS \(server_tls\)\?$/);
      const secure = ['redis: true', 'server_tls: true', 'server_tls_verify: none'];
      const talker = await startFake(inOrder([send('-ERR what\r\n')]), (bytes, at) =>
        at < bytes.length ? bytes.length : -1,
      );
      const lines = [`127.0.0.1:${server.port}:1 plain`, `127.0.0.1:${talker.port}:1 talks`];
      const plain = await look(lines, secure);
      has(
        plain,
        /^error plain 127\.0\.0\.1:\d+: no end of the TLS handshake \(does it speak TLS\?\) within 3000 ms/,
      );
      has(plain, /^error talks 127\.0\.0\.1:\d+: it does not speak TLS/);
      await talker.stop();
      const good = await look([`127.0.0.1:${tlsPort}:1 one`], secure);
      has(good, /^ok one 127\.0\.0\.1:\d+: connected in .* with TLS$/);
    } finally {
      await server.stop();
    }
  });

  test('is printed below what it is about', async () => {
    const port = await freePort();
    writeFileSync(
      file,
      `pool:\n  listen: 127.0.0.1:${port}\n  servers:\n    - 127.0.0.1:1:1 one\n`,
    );
    let out = '';
    const to = { write: (text: string) => (out += text) };
    assert.equal(await doctor([file], to, to), 1);
    assert.match(out, /^this machine\n {2}(ok|WARNING) +\d+ files may be open/m);
    assert.match(out, /^pool\n {2}ok +127\.0\.0\.1:\d+ is free$/m);
    assert.match(out, /^pool one\n {2}ERROR +127\.0\.0\.1:1: nobody listens there/m);
    assert.match(out, /^1 error, \d warnings?$/m);
  });

  test('of a thousand servers, some of which hang', async () => {
    const silent = await startFake(inOrder([{ do: 'silence' }]));
    const lines = Array.from({ length: 1000 }, (_, i) =>
      i % 250 === 0 ? `127.0.0.1:${silent.port}:1 hangs-${i}` : `127.0.0.1:1:1 s-${i}`,
    );
    const found = await look(lines, ['redis: true']);
    assert.equal(found.filter((text) => text.includes('nobody listens there')).length, 996);
    assert.equal(found.filter((text) => text.includes('no answer within 3000 ms')).length, 4);
    await silent.stop();
  });

  test('of a server that does not stop talking, or speaks to the terminal', async () => {
    const chatty = await startFake(inOrder([send(`$9999999\r\n\x1b[31m${'x'.repeat(2 << 20)}`)]));
    const rude = await startFake(inOrder([send('-\x1b[31mERR\x07\r\n')]));
    const lines = [`127.0.0.1:${chatty.port}:1 chatty`, `127.0.0.1:${rude.port}:1 rude`];
    const found = await look(lines, ['redis: true']);
    has(found, /^error chatty it does not stop talking/);
    has(found, /^error rude to PING it says -/);
    assert.ok(found.every((text) => !text.includes('\x1b') && !text.includes('\x07')));
    await chatty.stop();
    await rude.stop();
  });
});
