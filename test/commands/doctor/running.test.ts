import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { doctor } from '../../../src/commands/doctor/doctor.ts';
import { type Ringway, start } from '../../../src/index.ts';
import { descriptorLimit } from '../../../src/net/descriptor-limit.ts';
import { certificates } from '../../support/certificates.ts';
import { freePort } from '../../support/free-port.ts';
import { type RealServer, startRedis } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { has, look } from './looks.ts';

describe('ringway doctor beside a ringway that runs', () => {
  let redis: RealServer;
  let ringway: Ringway;
  before(async () => {
    redis = await startRedis({ args: ['--maxclients', '40'] });
    const pool = {
      listen: `127.0.0.1:${await freePort()}`,
      redis: true,
      server_connections: 20,
      servers: [`127.0.0.1:${redis.port}:1 one`],
    };
    ringway = await start({
      pools: { pool },
      http: { host: '127.0.0.1', port: 0 },
      log: { level: -1, write: () => {} },
    });
  });
  after(async () => {
    await ringway?.stop();
    await redis?.stop();
  });

  test('does not count its connections as others’, nor its listener', async () => {
    const clients = await Promise.all(
      Array.from({ length: 60 }, () => RespClient.open(ringway.port)),
    );
    await Promise.all(clients.map((client, i) => client.text('GET', `key:${i}`)));
    const [{ servers }] = (await ringway.status()).pools;
    const own = servers[0].connections;
    assert.ok(own > 10, String(own));
    const keys = [
      `listen: 127.0.0.1:${ringway.port}`,
      ...['redis: true', 'server_connections: 20', 'max_leased_connections: 1'],
    ];
    const line = `127.0.0.1:${redis.port}:1 one`;
    const here = new URL(ringway.http as string).host;
    const found = await look([line], keys, [`--http-addr=${here}`]);
    const text = `it lets in 40 clients and has ${own + 1}, ${own} of them of the ringway that runs`;
    has(found, new RegExp(`^ok one ${text}$`));
    has(found, /^ok - 127\.0\.0\.1:\d+: the ringway that runs listens there$/);
    const alone = await look([line], keys);
    has(alone, /^error one it lets in 40 clients and has \d+: ringway needs 24 more/);
    has(alone, /^warning - 127\.0\.0\.1:\d+: another process listens there/);
    for (const client of clients) client.close();
  });

  test('nor the door of clients with TLS', async (t) => {
    const { cert, key } = certificates().authority.issue();
    const ports = [await freePort(), await freePort()];
    const doors = {
      listen: `127.0.0.1:${ports[0]}`,
      tls_listen: `127.0.0.1:${ports[1]}`,
      tls_cert_file: cert,
      tls_key_file: key,
    };
    const servers = [`127.0.0.1:${redis.port}:1 one`];
    const other = await start({
      pools: { pool: { ...doors, redis: true, servers } },
      http: { host: '127.0.0.1', port: 0 },
      log: { level: -1, write: () => {} },
    });
    t.after(() => other.stop());
    const keys = Object.entries({ ...doors, redis: true }).map(([name, is]) => `${name}: ${is}`);
    const found = await look(servers, keys, [`--http-addr=${new URL(other.http as string).host}`]);
    for (const port of ports) {
      has(found, new RegExp(`^ok - 127\\.0\\.0\\.1:${port}: the ringway that runs listens there$`));
    }
    assert.ok(!found.some((text) => text.includes('another process')), found.join('\n'));
  });

  test('says when nobody answers where it is said to be', async () => {
    const nowhere = `127.0.0.1:${await freePort()}`;
    let said = '';
    const to = { write: (text: string) => (said += text) };
    const file = 'docs/examples/cache.yml';
    assert.equal(await doctor([file, '--http-addr', nowhere], to, to), 1);
    assert.match(said, new RegExp(`^ringway: no status from ${nowhere}: `, 'm'));
  });

  test('shares clients out among the workers, each with its own connections to servers', async () => {
    const clients = `client_connections: ${descriptorLimit()}`;
    const servers = [`127.0.0.1:${redis.port}:1 one`];
    const alone = await look(servers, ['redis: true', clients]);
    has(alone, /^error - \d+ files may be open .* asks for \d+ connections and files; raise/);
    const shared = await look(servers, ['redis: true', clients], ['--workers=2']);
    has(shared, /^ok - \d+ files may be open/);
    const more = `client_connections: ${3 * descriptorLimit()}`;
    const all = await look(servers, ['redis: true', more], ['--workers=2']);
    has(all, /^error - .* asks for \d+ connections and files in each of 2 processes; raise/);
  });
});
