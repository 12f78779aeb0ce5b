import assert from 'node:assert/strict';
import { connect as dial } from 'node:net';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { certificates } from '../support/certificates.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../support/ringway.ts';
import { inTime, waitFor } from '../support/wait.ts';

// Clients that ask for odd names, and clients that leave in the middle of their handshake.

const { authority, server: pair } = certificates();
let redis: RealServer;
let ringway: TestRingway & { readonly ringway: { stats(): string } };

before(async () => {
  redis = await startRedis();
  const wild = authority.issue({
    names: 'DNS:*.wild.example,DNS:exact.example',
    commonName: 'wild',
  });
  ringway = await startInProcess({
    servers: shards([redis.port]),
    tls: true,
    tls_cert_file: pair.cert,
    tls_key_file: pair.key,
    tls_certs: `${wild.cert} ${wild.key}`,
    tls_handshakes_per_second: 1_000_000,
  });
});
after(async () => {
  await ringway.stop();
  await redis.stop();
});

/** Who a client is shown that asks for a name. */
function shownTo(servername: string, more: ConnectionOptions = {}): Promise<string> {
  const options = { port: ringway.port, host: '127.0.0.1', rejectUnauthorized: false, ...more };
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, servername }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

test('a name that is asked for, however odd, gets the certificate made out to it or the first', async () => {
  const wild = ['a.wild.example', 'A.WILD.Example', 'exact.EXAMPLE', '*.wild.example'];
  const first = ['a.b.wild.example', 'wild.example', '.wild.example.', 'a.wild.example.', 'x', '.'];
  const odd = [
    'constructor',
    '__proto__',
    'toString',
    '*',
    '-',
    'ä.wild.example',
    'a b.wild.example',
  ];
  const long = [`${'a.'.repeat(120)}example`, 'x'.repeat(250)];
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const name of wild) assert.equal(await shownTo(name, { maxVersion }), 'wild', name);
    for (const name of [...first, ...odd, ...long]) {
      const shown = await shownTo(name, { maxVersion });
      assert.ok(
        shown === 'ringway test' || /^[^.]+\.wild\.example$/.test(name),
        `${name}: ${shown}`,
      );
    }
  }
});

test('six hundred handshakes that end at every stage leave nothing, and others are served', async () => {
  const inside = await RespClient.open({ port: ringway.port, tls: { rejectUnauthorized: false } });
  let next = 0;
  const leave = (): Promise<void> =>
    new Promise((resolve) => {
      const i = next++;
      const version = i % 2 === 0 ? 'TLSv1.3' : 'TLSv1.2';
      const raw = dial({ port: ringway.port, host: '127.0.0.1' });
      raw.on('error', () => {});
      raw.once('close', () => resolve());
      if (i % 5 === 0) return void raw.once('connect', () => raw.resetAndDestroy());
      const socket = connect({ socket: raw, rejectUnauthorized: false, maxVersion: version });
      socket.on('error', () => {});
      const end = (): void => void (i % 3 === 0 ? raw.resetAndDestroy() : raw.destroy());
      if (i % 5 === 1) raw.once('ready', end);
      else if (i % 5 === 2) raw.once('ready', () => setImmediate(end));
      else if (i % 5 === 3) socket.once('secureConnect', end);
      else socket.once('secureConnect', () => socket.write('*1\r\n$4\r\nPING\r\n', end));
    });
  const some = async (): Promise<void> => {
    while (next < 600) await leave();
  };
  await inTime('all to be over', Promise.all(Array.from({ length: 20 }, some)), 120_000);
  for (let i = 0; i < 50; i++) assert.equal(await inside.command('PING'), 'PONG');
  const clients = (): number => JSON.parse(ringway.ringway.stats()).pool1.client_connections;
  await waitFor('the others to be gone', () => clients() === 1);
  inside.close();
});
