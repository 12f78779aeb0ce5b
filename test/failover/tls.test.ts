import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { ConfigError } from '../../src/errors.ts';
import { certificates } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startSentinel } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess } from '../support/ringway.ts';
import { startTlsRedis, type TlsRedis } from '../support/tls-servers.ts';
import { waitFor } from '../support/wait.ts';

const { authority, server: pair } = certificates();
const TRUST = { server_tls: true, server_tls_ca_file: authority.ca };

describe('sentinels that speak TLS', () => {
  let master: TlsRedis;
  let sentinel: RealServer;
  let tlsPort: number;

  before(async () => {
    master = await startTlsRedis();
    tlsPort = await freePort();
    sentinel = await startSentinel([
      `tls-port ${tlsPort}`,
      `tls-cert-file ${pair.cert}`,
      `tls-key-file ${pair.key}`,
      `tls-ca-cert-file ${authority.ca}`,
      'tls-auth-clients no',
      'tls-replication yes',
      `sentinel monitor shard1 127.0.0.1 ${master.tlsPort} 1`,
    ]);
  });
  after(() => Promise.all([sentinel, master.server].map((server) => server?.stop())));

  test('say where a master is, which is spoken to with TLS as well', async () => {
    // In the file the master is where nobody is: only the sentinel knows better.
    const servers = [`127.0.0.1:${await freePort()}:1 shard1`];
    const sentinels = [`127.0.0.1:${tlsPort}`];
    const ringway = await startInProcess({ servers, sentinels, sentinel_tls: true, ...TRUST });
    const client = await RespClient.open({ port: ringway.port, timeoutMs: 20_000 });
    await waitFor('the master', async () => (await client.command('SET', 'k', 'v')) === 'OK');
    client.close();
    await ringway.stop();
  });

  test('are not believed under a certificate of another authority', async () => {
    const servers = [`127.0.0.1:${await freePort()}:1 shard1`];
    const keys = { sentinels: [`127.0.0.1:${tlsPort}`], sentinel_tls: true, server_tls: true };
    const ringway = await startInProcess({ servers, ...keys });
    await waitFor('the log', () =>
      ringway.log.some((line) => /sentinel .*cannot be asked/.test(line)),
    );
    await ringway.stop();
  });
});

test('sentinel_tls needs server_tls, where it is written whom to trust', () => {
  const text =
    'p:\n  listen: 127.0.0.1:1\n  redis: true\n  sentinel_tls: true\n  servers:\n  - h:1:1 m\n' +
    '  sentinels:\n  - h:2\n';
  assert.throws(
    () => parseConfig(Buffer.from(text), 'f.yml'),
    (error) => error instanceof ConfigError && /sentinel_tls: whom to trust/.test(error.message),
  );
});
