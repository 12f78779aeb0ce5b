import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { certificates, pem } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { startMemcached, startRedis } from '../support/real-servers.ts';
import { ReplyError, RespClient } from '../support/resp-client.ts';
import {
  type PoolSpec,
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
  type Variant,
} from '../support/ringway.ts';
import { startTlsRedis, type TlsRedis } from '../support/tls-servers.ts';
import { delay, waitFor } from '../support/wait.ts';
import { allSizesComeBack } from './all-sizes.ts';

// TLS to the servers: real ones, which speak it on a port of their own. client-tls.test.ts has all
// codecs, with TLS on both sides.

for (const variant of VARIANTS.slice(2)) {
  describe(`requests over TLS to the servers, ${variant.label}`, () => integrity(variant));
}

function sum(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

function integrity(variant: Variant): void {
  let servers: TlsRedis[] = [];
  let ringway: TestRingway;
  let client: RespClient;

  before(async () => {
    servers = await Promise.all([startTlsRedis(), startTlsRedis()]);
    const { authority } = certificates();
    const lines = shards(servers.map(({ tlsPort }) => tlsPort));
    ringway = await startInProcess({ servers: lines, ...trusting(authority.ca) }, variant);
    client = await RespClient.open({ port: ringway.port, timeoutMs: 30_000 });
  });
  after(async () => {
    client?.close();
    await ringway?.stop();
    await Promise.all(servers.map(({ server }) => server.stop()));
  });

  test('values of all sizes come back equal, in pipelines and in MGET', () =>
    allSizesComeBack(client));

  test('many clients at once each get their own', async () => {
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => RespClient.open({ port: ringway.port, timeoutMs: 30_000 })),
    );
    await Promise.all(
      clients.map(async (each, n) => {
        for (let round = 0; round < 10; round++) {
          const values = Array.from({ length: 30 }, (_, i) => randomBytes((i * 331 + n) % 9000));
          const words = values.flatMap((value, i) => [
            ['SET', `c${n}:${i}`, value],
            ['GET', `c${n}:${i}`],
          ]);
          const replies = await each.pipeline(words);
          for (const [i, value] of values.entries()) {
            assert.ok(value.equals(replies[2 * i + 1] as Buffer), `client ${n}, ${i}`);
          }
        }
        each.close();
      }),
    );
  });

  test('16 MiB there and back, also to one who stops reading in between', async () => {
    const value = randomBytes(16 << 20);
    assert.equal(await client.command('SET', 'huge', value), 'OK');
    assert.equal(sum((await client.command('GET', 'huge')) as Buffer), sum(value));
    const slow = await RespClient.open({ port: ringway.port, timeoutMs: 30_000 });
    const reply = slow.command('GET', 'huge');
    slow.socket.pause();
    await delay(200);
    slow.socket.resume();
    assert.equal(sum((await reply) as Buffer), sum(value));
    slow.close();
  });
}

function trusting(ca: string): Pick<PoolSpec, string> {
  return { server_tls: true, server_tls_ca_file: ca };
}

describe('who a server is', () => {
  let open: TlsRedis;
  let strict: TlsRedis;
  const { authority, client: pair } = certificates();
  const wrongName = authority.issue({ names: 'DNS:cache.example' });
  let misnamed: TlsRedis;

  before(async () => {
    [open, strict, misnamed] = await Promise.all([
      startTlsRedis(),
      startTlsRedis({ authClients: true }),
      startTlsRedis({ pair: wrongName }),
    ]);
  });
  after(() => Promise.all([open, strict, misnamed].map(({ server }) => server.stop())));

  /** The reply to a PING that goes to the server, and the log. */
  async function asked(
    port: number,
    keys: Record<string, unknown>,
  ): Promise<{ reply: string; log: string }> {
    const servers = [`127.0.0.1:${port}:1 s1`];
    const ringway = await startInProcess({ servers, server_tls: true, ...keys });
    const client = await RespClient.open(ringway.port);
    const reply = await client.command('SET', 'k', 'v');
    client.close();
    await ringway.stop();
    const log = ringway.log.filter((line) => line.includes('server pool1')).join('\n');
    return { reply: reply instanceof ReplyError ? reply.message : String(reply), log };
  }
  const FAILED = 'ERR TLS handshake failed';

  test('is checked by issuer and address', async () => {
    const { reply } = await asked(open.tlsPort, { server_tls_ca_file: authority.ca });
    assert.equal(reply, 'OK');
    const { reply: other, log } = await asked(open.tlsPort, {});
    assert.equal(other, FAILED);
    assert.match(log, /its issuer is not in server_tls_ca_file/);
  });

  test('is checked by the name that is given, and the log says which it has', async () => {
    const trust = { server_tls_ca_file: authority.ca };
    const { reply, log } = await asked(misnamed.tlsPort, trust);
    assert.equal(reply, FAILED);
    assert.match(
      log,
      /127\.0\.0\.1.*\(ERR_TLS_CERT_ALTNAME_INVALID\); server_tls_name is the name/,
    );
    const named = await asked(misnamed.tlsPort, { ...trust, server_tls_name: 'cache.example' });
    assert.equal(named.reply, 'OK');
    const byIssuer = await asked(misnamed.tlsPort, { ...trust, server_tls_verify: 'ca' });
    assert.equal(byIssuer.reply, 'OK');
    const blind = await asked(misnamed.tlsPort, { server_tls_verify: 'none' });
    assert.equal(blind.reply, 'OK');
  });

  test('is shown a certificate; without one the log says what is missing', async () => {
    const trust = { server_tls_ca_file: authority.ca };
    const own = { server_tls_cert_file: pair.cert, server_tls_key_file: pair.key };
    assert.equal((await asked(strict.tlsPort, { ...trust, ...own })).reply, 'OK');
    const { reply, log } = await asked(strict.tlsPort, trust);
    assert.equal(reply, FAILED);
    assert.match(log, /it wants a certificate: server_tls_cert_file/);
  });

  test('and one that speaks no TLS is told by name, whether it answers or not', async () => {
    const talks = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('-ERR what is this\r\n'));
    });
    const port = await freePort();
    await new Promise<void>((resolve) => talks.listen(port, '127.0.0.1', resolve));
    const { reply, log } = await asked(port, {});
    assert.equal(reply, FAILED);
    assert.match(log, /does it speak TLS on this port\?/);
    talks.close();
    const silent = await startRedis();
    const late = await asked(silent.port, { connect_timeout: 300 });
    assert.equal(late.reply, 'ERR Connection timed out');
    assert.match(late.log, /in the TLS handshake; does it speak TLS on this port\?/);
    await silent.stop();
  });
});

test('every connection of a pool is encrypted: leases, probes, lanes, and the question for the version', async () => {
  const { authority } = certificates();
  const redis = await startTlsRedis();
  const keys = { max_assembled_request: 65_536, breaker_failures: 1, breaker_max_wait: 50 };
  const servers = [`127.0.0.1:${redis.tlsPort}:1 s1`];
  const ringway = await startInProcess({ servers, ...trusting(authority.ca), ...keys });
  const client = await RespClient.open({ port: ringway.port, timeoutMs: 30_000 });
  const large = randomBytes(3 << 20);
  assert.equal(await client.command('SET', 'large', large), 'OK');
  assert.ok(large.equals((await client.command('GET', 'large')) as Buffer));
  assert.equal(await client.command('SELECT', '3'), 'OK');
  assert.equal(await client.command('SET', 'in3', 'x'), 'OK');
  assert.match(String(await client.command('INFO', 'server')), /redis_version:7/);
  await redis.server.restart();
  await waitFor('the server to be back', async () => {
    return (await client.command('SET', 'back', 'y')) === 'OK';
  });
  client.close();
  await ringway.stop();
  await redis.server.stop();
});

test('a memcached pool speaks TLS to its servers too', async () => {
  const { authority, server: pair } = certificates();
  const memcached = await startMemcached();
  const sockets = new Set<Socket>();
  const terminator = createTlsServer(pem(pair), (socket) => {
    const plain = connect(memcached.port, '127.0.0.1');
    for (const end of [socket, plain]) {
      sockets.add(end);
      end.on('error', () => {});
    }
    socket.pipe(plain).pipe(socket);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => terminator.listen(port, '127.0.0.1', resolve));
  const servers = [`127.0.0.1:${port}:1 m1`, `127.0.0.1:${port}:1 m2`];
  const ringway = await startInProcess({ servers, redis: false, ...trusting(authority.ca) });
  const client = connect(ringway.port, '127.0.0.1');
  let text = '';
  client.on('data', (chunk) => {
    text += chunk;
  });
  const value = 'v'.repeat(100_000);
  client.write(`set a 0 0 100000\r\n${value}\r\nset b 0 0 1\r\nx\r\nget a b none\r\n`);
  const expected = `STORED\r\nSTORED\r\nVALUE a 0 100000\r\n${value}\r\nVALUE b 0 1\r\nx\r\nEND\r\n`;
  await waitFor('the answer', () => text.length >= expected.length);
  assert.equal(text, expected);
  client.destroy();
  await ringway.stop();
  terminator.close();
  for (const socket of sockets) socket.destroy();
  await memcached.stop();
});
