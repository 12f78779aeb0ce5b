import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { constants } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { Authority, certificates, pem } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startMemcached, startRedis } from '../support/real-servers.ts';
import { ReplyError, RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { closed, inTime, waitFor } from '../support/wait.ts';

// The doors where clients speak TLS: who is let in, who is not, and what is told of it.

const { authority, server: pair, client: clientPair } = certificates();
const CERT = { tls_cert_file: pair.cert, tls_key_file: pair.key };
const TRUST = { ca: pem({ cert: authority.ca, key: authority.ca }).cert };

let redis: RealServer;
const started: TestRingway[] = [];
before(async () => {
  redis = await startRedis();
});
after(async () => {
  // What a failed test has left must not keep this process from ending.
  await Promise.all(started.map((ringway) => ringway.stop()));
  await redis.stop();
});

type Running = TestRingway & { count(name: string): Promise<number> };

async function run(keys: Record<string, unknown>): Promise<Running> {
  const servers = [`127.0.0.1:${redis.port}:1 s1`];
  const ringway = await startInProcess({ servers, ...CERT, ...keys });
  started.push(ringway);
  const count = async (name: string): Promise<number> => {
    const { pools } = await ringway.ringway.status();
    return (pools[0] as unknown as Record<string, number>)[name] ?? Number.NaN;
  };
  return { ...ringway, count };
}

/** @returns PONG, or why there is none */
async function ping(port: number, options: ConnectionOptions): Promise<string> {
  try {
    const client = await RespClient.open({ port, tls: { ...TRUST, ...options } });
    const reply = await client.command('PING');
    client.close();
    return String(reply);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}

function told(ringway: TestRingway): string {
  return ringway.log.filter((line) => /TLS|refuses/.test(line)).join('\n');
}

describe('where clients speak TLS', () => {
  test('on `listen` with `tls: true`; what is plain is closed without a reply, and told', async () => {
    const ringway = await run({ tls: true });
    assert.equal(await ping(ringway.port, {}), 'PONG');
    const plain = await RespClient.open(ringway.port);
    plain.socket.write('PING\r\n');
    // OpenSSL of some versions says goodbye with an alert of its own.
    assert.match((await plain.readToEnd()).toString('hex'), /^(15030[0-4]0002....)?$/);
    await waitFor('the log', () => /handshake .* failed: it speaks no TLS/.test(told(ringway)));
    await ringway.stop();
  });

  test('on `tls_listen` beside a plain `listen`; TLS on that is closed, told once, with where it is spoken', async () => {
    const tlsPort = await freePort();
    const ringway = await run({ tls_listen: `127.0.0.1:${tlsPort}` });
    assert.equal(await ping(tlsPort, {}), 'PONG');
    const plain = await RespClient.open(ringway.port);
    assert.equal(await plain.command('PING'), 'PONG');
    plain.close();
    for (let i = 0; i < 3; i++) assert.match(await ping(ringway.port, {}), /ECONNRESET|SSL/);
    const lines = ringway.log.filter((line) => line.includes('speaks TLS'));
    assert.equal(lines.length, 1);
    assert.match(lines.join(), new RegExp(`closed: TLS is spoken on 127.0.0.1:${tlsPort}$`));
    await ringway.stop();
  });

  test('nowhere: TLS to a pool without it says what the pool needs', async () => {
    const servers = [`127.0.0.1:${redis.port}:1 s1`];
    const ringway = await startInProcess({ servers });
    assert.match(await ping(ringway.port, {}), /ECONNRESET|SSL/);
    assert.match(told(ringway), /the pool needs `tls_listen` or `tls: true`/);
    await ringway.stop();
  });
});

describe('who is let in', () => {
  const own = pem(clientPair);
  const foreign = pem(new Authority().issue());

  test('by certificate: required, with `tls_ca_file`', async () => {
    const ringway = await run({ tls: true, tls_ca_file: authority.ca });
    assert.equal(await ping(ringway.port, own), 'PONG');
    assert.notEqual(await ping(ringway.port, {}), 'PONG');
    assert.match(told(ringway), /it shows no certificate, and tls_auth_clients wants one/);
    await ringway.stop();
    const other = await run({ tls: true, tls_ca_file: authority.ca });
    assert.notEqual(await ping(other.port, foreign), 'PONG');
    assert.match(told(other), /its certificate is not accepted/);
    await other.stop();
  });

  test('by certificate: optional, but a wrong one is refused', async () => {
    const keys = { tls: true, tls_ca_file: authority.ca, tls_auth_clients: 'optional' };
    const ringway = await run(keys);
    assert.equal(await ping(ringway.port, own), 'PONG');
    assert.equal(await ping(ringway.port, {}), 'PONG');
    assert.notEqual(await ping(ringway.port, foreign), 'PONG');
    await ringway.stop();
  });

  test('by version and by ciphers', async () => {
    const modern = await run({ tls: true, tls_min_version: '1.3' });
    assert.equal(await ping(modern.port, {}), 'PONG');
    assert.notEqual(await ping(modern.port, { maxVersion: 'TLSv1.2' }), 'PONG');
    assert.match(told(modern), /its TLS is older than tls_min_version/);
    await modern.stop();
    const picky = await run({ tls: true, tls_ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' });
    const old: ConnectionOptions = { maxVersion: 'TLSv1.2' };
    assert.equal(await ping(picky.port, old), 'PONG');
    assert.equal(await ping(picky.port, {}), 'PONG', 'TLS 1.3 has its own');
    const refused = { ...old, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' };
    assert.notEqual(await ping(picky.port, refused), 'PONG');
    assert.match(told(picky), /it has no cipher that is allowed here/);
    await picky.stop();
  });

  test('while there is room', async () => {
    const ringway = await run({ tls: true, client_connections: 2 });
    const clients = await Promise.all(
      [1, 2].map(() => RespClient.open({ port: ringway.port, tls: TRUST })),
    );
    assert.notEqual(await ping(ringway.port, {}), 'PONG');
    assert.match(told(ringway), /refuses client .*: client_connections is 2/);
    for (const client of clients) client.close();
    await waitFor('room', async () => (await ping(ringway.port, {})) === 'PONG');
    await ringway.stop();
  });
});

test('a client that asks for a name is shown the certificate made out to it', async () => {
  const a = authority.issue({ names: 'DNS:a.example,DNS:*.wild.example', commonName: 'A' });
  const b = authority.issue({ names: 'DNS:b.example', commonName: 'B' });
  const certs = `${a.cert} ${a.key}, ${b.cert} ${b.key}`;
  const ringway = await run({ tls: true, tls_certs: certs });
  const shown = async (servername: string): Promise<string> => {
    const socket = tlsConnect({
      port: ringway.port,
      host: '127.0.0.1',
      servername,
      rejectUnauthorized: false,
    });
    await once(socket, 'secureConnect');
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN as string;
  };
  const names = [
    'a.example',
    'A.EXAMPLE',
    'x.wild.example',
    'x.y.wild.example',
    'b.example',
    'c.example',
  ];
  const found = await Promise.all(names.map(shown));
  assert.deepEqual(found, ['A', 'A', 'A', 'ringway test', 'B', 'ringway test']);
  await ringway.stop();
});

describe('a handshake', () => {
  /** A connection that sends nothing, or what is given, and when it was closed. */
  async function silent(port: number, bytes = ''): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(bytes);
    return socket;
  }

  test('that takes too long ends with its connection, whatever was sent of it', async () => {
    const ringway = await run({ tls: true, tls_handshake_timeout: 200 });
    const hello = '\x16\x03\x01\x02\x00\x01\x00';
    const sockets = await Promise.all(
      ['', '\x16', hello].map((text) => silent(ringway.port, text)),
    );
    for (const socket of sockets) socket.resume();
    await Promise.all(sockets.map(closed));
    assert.match(told(ringway), /it took longer than tls_handshake_timeout/);
    assert.equal(await ping(ringway.port, {}), 'PONG');
    await ringway.stop();
  });

  test('that its client ends is over at once', async () => {
    const ringway = await run({ tls: true });
    for (const way of ['end', 'destroy'] as const) {
      const socket = await silent(ringway.port);
      socket[way]();
      socket.resume();
      await closed(socket);
    }
    await waitFor('both to be over', async () => (await ringway.count('tlsFailures')) === 2);
    await ringway.stop();
  });

  test('is put off when there are too many, and then done', async () => {
    const ringway = await run({ tls: true, tls_handshakes_per_second: 100 });
    const startedAt = performance.now();
    const replies = await Promise.all(Array.from({ length: 60 }, () => ping(ringway.port, {})));
    assert.deepEqual([...new Set(replies)], ['PONG']);
    // Eleven begin at once, the others ten milliseconds apart.
    assert.ok(performance.now() - startedAt > 400, `${performance.now() - startedAt} ms`);
    await waitFor('all to be counted', async () => (await ringway.count('tlsHandshakes')) === 60);
    await ringway.stop();
  });

  test('is not begun anew on an open connection', async () => {
    const ringway = await run({ tls: true });
    const socket: TLSSocket = tlsConnect({
      ...{ port: ringway.port, host: '127.0.0.1', ...TRUST },
      maxVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION,
    });
    await once(socket, 'secureConnect');
    const failed = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
    socket.renegotiate({}, () => {});
    const [{ code }] = await failed;
    assert.equal(code, 'ERR_SSL_NO_RENEGOTIATION');
    socket.on('error', () => {});
    assert.equal(await ping(ringway.port, {}), 'PONG');
    socket.destroy();
    await ringway.stop();
  });

  test('of who comes back is shorter, unless tickets are off', async () => {
    const session = async (port: number, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<boolean> => {
      const options = { port, host: '127.0.0.1', ...TRUST, maxVersion };
      const first = tlsConnect(options);
      first.on('error', () => {});
      let kept: Buffer | undefined;
      first.on('session', (bytes: Buffer) => {
        kept = bytes;
      });
      await once(first, 'secureConnect');
      first.write('PING\r\n');
      await inTime('bytes', once(first, 'data'));
      first.destroy();
      const second = tlsConnect(kept === undefined ? options : { ...options, session: kept });
      await once(second, 'secureConnect');
      const reused = second.isSessionReused();
      // Of a client that goes at once the server would not know that it was one.
      second.write('PING\r\n');
      await inTime('bytes', once(second, 'data'));
      second.destroy();
      return reused;
    };
    const ringway = await run({ tls: true });
    assert.equal(await session(ringway.port, 'TLSv1.2'), true);
    assert.equal(await session(ringway.port, 'TLSv1.3'), true);
    await waitFor('both to be counted', async () => (await ringway.count('tlsResumed')) === 2);
    await ringway.stop();
    const without = await run({ tls: true, tls_session_tickets: false });
    assert.equal(await session(without.port, 'TLSv1.2'), false);
    assert.equal(await session(without.port, 'TLSv1.3'), false);
    await without.stop();
  });
});

describe('clients that people use', () => {
  let ringway: Running;
  before(async () => {
    ringway = await run({ tls: true, tls_ca_file: authority.ca });
  });
  after(() => ringway.stop());
  const tls = { ...TRUST, ...pem(clientPair) };

  test('redis-cli --tls', async () => {
    const files = ['--cacert', authority.ca, '--cert', clientPair.cert, '--key', clientPair.key];
    const args = ['-p', String(ringway.port), '--tls', ...files, 'SET', 'cli', 'yes'];
    const { stdout } = await promisify(execFile)('redis-cli', args, { timeout: 10_000 });
    assert.equal(stdout.trim(), 'OK');
  });

  test('ioredis', async () => {
    const client = new Redis({ port: ringway.port, host: '127.0.0.1', tls });
    assert.equal(await client.set('io', 'redis'), 'OK');
    assert.equal(await client.get('io'), 'redis');
    client.disconnect();
  });

  test('node-redis', async () => {
    const socket = { port: ringway.port, host: '127.0.0.1', tls: true as const, ...tls };
    const client = createClient({ socket });
    await client.connect();
    assert.equal(await client.set('node', 'redis'), 'OK');
    assert.equal(await client.get('node'), 'redis');
    client.destroy();
  });
});

test('a memcached pool has TLS to its clients too', async () => {
  const memcached = await startMemcached();
  const servers = [`127.0.0.1:${memcached.port}:1 m1`, `127.0.0.1:${memcached.port}:1 m2`];
  const ringway = await startInProcess({ servers, redis: false, tls: true, ...CERT });
  const socket = tlsConnect({ port: ringway.port, host: '127.0.0.1', ...TRUST });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  const value = 'v'.repeat(100_000);
  socket.write(`set a 0 0 100000\r\n${value}\r\nset b 0 0 1\r\nx\r\nget a b none\r\n`);
  const expected = `STORED\r\nSTORED\r\nVALUE a 0 100000\r\n${value}\r\nVALUE b 0 1\r\nx\r\nEND\r\n`;
  await waitFor('the answer', () => text.length >= expected.length);
  assert.equal(text, expected);
  socket.destroy();
  await ringway.stop();
  await memcached.stop();
});

test('an error that a client causes is its own: others of the pool go on', async () => {
  const ringway = await run({ tls: true });
  const other = await RespClient.open({ port: ringway.port, tls: TRUST });
  const socket = tlsConnect({ port: ringway.port, host: '127.0.0.1', ...TRUST });
  await once(socket, 'secureConnect');
  socket.on('error', () => {});
  // Bytes on the connection that are no record of TLS.
  const raw = connect(ringway.port, '127.0.0.1');
  raw.on('error', () => {});
  raw.write(Buffer.alloc(100, 0x16));
  socket.write('NOT A COMMAND\r\n');
  await inTime('bytes', once(socket, 'data'));
  socket.destroy();
  assert.equal(await other.command('PING'), 'PONG');
  assert.ok((await other.command('NOTHING')) instanceof ReplyError);
  other.close();
  raw.destroy();
  await ringway.stop();
});
