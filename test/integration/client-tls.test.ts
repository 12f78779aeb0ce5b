import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { certificates } from '../support/certificates.ts';
import { RespClient } from '../support/resp-client.ts';
import {
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
  type Variant,
} from '../support/ringway.ts';
import { startTlsRedis, type TlsRedis } from '../support/tls-servers.ts';
import { delay } from '../support/wait.ts';
import { allSizesComeBack } from './all-sizes.ts';

// TLS on both sides: what was asked and answered, in every codec and with both readers.

for (const variant of VARIANTS) {
  describe(`requests over TLS on both sides, ${variant.label}`, () => integrity(variant));
}

function sum(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

function integrity(variant: Variant): void {
  const { authority, server: pair } = certificates();
  const tls = { rejectUnauthorized: false };
  let servers: TlsRedis[] = [];
  let ringway: TestRingway;
  let client: RespClient;
  const open = () => RespClient.open({ port: ringway.port, timeoutMs: 30_000, tls });

  before(async () => {
    servers = await Promise.all([startTlsRedis(), startTlsRedis()]);
    const keys = {
      tls: true,
      tls_cert_file: pair.cert,
      tls_key_file: pair.key,
      server_tls: true,
      server_tls_ca_file: authority.ca,
    };
    const lines = shards(servers.map(({ tlsPort }) => tlsPort));
    ringway = await startInProcess(
      { servers: lines, client_output_limit: 1 << 20, ...keys },
      variant,
    );
    client = await open();
  });
  after(async () => {
    client?.close();
    await ringway?.stop();
    await Promise.all(servers.map(({ server }) => server.stop()));
  });

  test('values of all sizes come back equal, in pipelines and in MGET', () =>
    allSizesComeBack(client));

  test('deep pipelines of many clients at once: each gets its own', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, open));
    await Promise.all(
      clients.map(async (each, n) => {
        for (let round = 0; round < 5; round++) {
          const values = Array.from({ length: 200 }, (_, i) => randomBytes((i * 331 + n) % 3000));
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
    const slow = await open();
    const replies = slow.pipeline([['GET', 'huge'], ['PING'], ['GET', 'huge']]);
    slow.socket.pause();
    await delay(300);
    slow.socket.resume();
    const [first, pong, second] = await replies;
    assert.deepEqual(
      [sum(first as Buffer), pong, sum(second as Buffer)],
      [sum(value), 'PONG', sum(value)],
    );
    slow.close();
  });

  test('a request in pieces of every length, and one byte at a time', async () => {
    const bytes = Buffer.from(
      '*3\r\n$3\r\nSET\r\n$2\r\nbb\r\n$5\r\nhello\r\n*2\r\n$3\r\nGET\r\n$2\r\nbb\r\n',
    );
    for (const size of [1, 2, 7, 20]) {
      const replies = client.read(2);
      for (let at = 0; at < bytes.length; at += size) {
        await client.send(bytes.subarray(at, at + size));
      }
      assert.deepEqual((await replies).map(String), ['OK', 'hello']);
    }
  });

  test('who closes half of the connection gets all replies', async () => {
    const half = await open();
    half.socket.end('*2\r\n$3\r\nGET\r\n$2\r\nbb\r\n*2\r\n$4\r\nECHO\r\n$3\r\nend\r\n');
    const all = (await half.readToEnd()).toString();
    assert.equal(all, '$5\r\nhello\r\n$3\r\nend\r\n');
  });
}
