import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { certificates } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess } from '../support/ringway.ts';
import { startTlsRedis, type TlsRedis } from '../support/tls-servers.ts';
import { closed, inTime, waitFor } from '../support/wait.ts';

// Bytes that are no TLS, or are changed on their way: they end their own connection, nothing else.

const { authority, server: pair } = certificates();
const ANYONE = { rejectUnauthorized: false };
let redis: TlsRedis;

before(async () => {
  redis = await startTlsRedis();
});
after(() => redis.server.stop());

/** The same numbers each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** What a client sends first. */
async function clientHello(): Promise<Buffer> {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const accepted = once(server, 'connection');
  const client = tlsConnect({ port, host: '127.0.0.1', ...ANYONE });
  client.on('error', () => {});
  const [socket] = (await accepted) as [Socket];
  const [hello] = (await inTime('bytes', once(socket, 'data'))) as [Buffer];
  client.destroy();
  server.close();
  return hello;
}

/** Passes bytes on, and changes one of those for the server when it is told to. */
class Meddler {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket> = new Set();
  /** Changes the next chunk in this direction. */
  next: 'to' | 'from' | null = null;

  constructor(port: number, to: number, random: (below: number) => number) {
    this.port = port;
    this.#server = createServer((socket) => {
      const other = connect(to, '127.0.0.1');
      for (const each of [socket, other]) {
        this.#sockets.add(each);
        each.on('error', () => {});
        each.on('close', () => [socket, other].forEach((end) => void end.destroy()));
      }
      const pass = (from: Socket, into: Socket, way: 'to' | 'from'): void => {
        from.on('data', (chunk: Buffer) => {
          if (this.next === way) {
            this.next = null;
            // Of its proof. In a length it would only make the other side wait for more.
            chunk[chunk.length - 1]! ^= 1 + random(255);
          }
          into.write(chunk);
        });
      };
      pass(socket, other, 'to');
      pass(other, socket, 'from');
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve));
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

describe('clients', () => {
  test('that send changed, cut or made-up handshakes are closed; others are served', async () => {
    const ringway = await startInProcess({
      servers: [`127.0.0.1:${redis.server.port}:1 s1`],
      ...{ tls: true, tls_cert_file: pair.cert, tls_key_file: pair.key },
      tls_handshake_timeout: 300,
    });
    const good = await RespClient.open({ port: ringway.port, tls: ANYONE });
    const hello = await clientHello();
    const random = numbers(7);
    const sent = Array.from({ length: 150 }, (_, i) => {
      const bytes = i % 3 === 0 ? Buffer.alloc(1 + random(3000)) : Buffer.from(hello);
      const changes = i % 3 === 0 ? bytes.length : 1 + random(4);
      for (let n = 0; n < changes; n++) bytes[random(bytes.length)] = random(256);
      return i % 3 === 2 ? bytes.subarray(0, 1 + random(bytes.length)) : bytes;
    });
    await Promise.all(
      sent.map(async (bytes, i) => {
        const socket = connect(ringway.port, '127.0.0.1');
        socket.on('error', () => {});
        socket.resume();
        socket.write(bytes);
        if (i % 5 === 0) socket.end();
        // A changed byte may leave a good handshake, whose client then says nothing more.
        await closed(socket);
      }),
    );
    assert.equal(await good.command('SET', 'k', 'v'), 'OK');
    await waitFor('all to be counted', async () => {
      const [pool] = (await ringway.ringway.status()).pools;
      return (pool?.tlsFailures ?? 0) >= 150 && pool?.clients === 1;
    });
    assert.ok(!ringway.log.some((line) => line.includes('internal error')));
    good.close();
    await ringway.stop();
  });

  test('whose bytes are changed on their way are closed, and get nothing wrong', async () => {
    const ringway = await startInProcess({
      servers: [`127.0.0.1:${redis.server.port}:1 s1`],
      ...{ tls: true, tls_cert_file: pair.cert, tls_key_file: pair.key },
    });
    const meddler = new Meddler(await freePort(), ringway.port, numbers(3));
    await meddler.listen();
    for (let i = 0; i < 20; i++) {
      const client = await RespClient.open({ port: meddler.port, tls: ANYONE });
      assert.equal(await client.command('SET', `m${i}`, 'v'.repeat(i * 997)), 'OK');
      meddler.next = i % 2 === 0 ? 'to' : 'from';
      await assert.rejects(client.command('GET', `m${i}`), /ended|closed|reset|SSL|alert/i);
      client.close();
    }
    assert.ok(!ringway.log.some((line) => line.includes('internal error')));
    meddler.close();
    await ringway.stop();
  });
});

test('servers whose bytes are changed lose their connection, and requests get an error', async () => {
  const meddler = new Meddler(await freePort(), redis.tlsPort, numbers(5));
  await meddler.listen();
  const ringway = await startInProcess({
    servers: [`127.0.0.1:${meddler.port}:1 s1`],
    ...{ server_tls: true, server_tls_ca_file: authority.ca, breaker_failures: 0 },
  });
  const client = await RespClient.open(ringway.port);
  for (let i = 0; i < 20; i++) {
    const value = `${i}`.repeat(i * 500);
    await waitFor('the server', async () => (await client.command('SET', 's', value)) === 'OK');
    meddler.next = i % 2 === 0 ? 'to' : 'from';
    const reply = String(await client.command('GET', 's'));
    assert.match(reply, /^ReplyError: ERR /);
    assert.equal(String(await client.command('GET', 's')), value, 'on another connection');
  }
  assert.ok(!ringway.log.some((line) => line.includes('internal error')));
  client.close();
  meddler.close();
  await ringway.stop();
});
