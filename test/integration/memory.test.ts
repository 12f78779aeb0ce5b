import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import {
  type ChildRingway,
  startChild,
  USUAL,
  VARIANTS,
  type Variant,
} from '../support/ringway.ts';
import { delay } from '../support/wait.ts';

// What must not fill the memory of a proxy. Peaks are read from /proc, so Linux only.

const MB = 1 << 20;
const BOUND = 250 * MB;
const skip = process.platform === 'linux' ? false : 'needs /proc';

for (const variant of VARIANTS) {
  describe(`memory, ${variant.label}`, { skip }, () => suite(variant));
}

function suite(variant: Variant): void {
  let server: RealServer;
  let ringway: ChildRingway;
  let client: RespClient;
  let start = 0;

  before(async () => {
    server = await startRedis();
  });
  after(() => server?.stop());

  const fresh = async (): Promise<void> => {
    ringway = await startChild({ servers: [`127.0.0.1:${server.port}`] }, { variant });
    client = await RespClient.open({ port: ringway.port, timeoutMs: 30_000 });
    assert.equal(await client.command('SET', 'warm', 'x'), 'OK');
    start = ringway.peakMemory();
  };
  const done = async (): Promise<void> => {
    const grown = Math.round((ringway.peakMemory() - start) / MB);
    client.close();
    await ringway.stop();
    assert.ok(grown < BOUND / MB, `grew by ${grown} MB`);
  };

  test('a SET of 512 MB', async () => {
    await fresh();
    const piece = Buffer.alloc(MB, 'x');
    const size = 512 * MB;
    await client.send(`*3\r\n$3\r\nSET\r\n$4\r\nhuge\r\n$${size}\r\n`);
    for (let sent = 0; sent < size; sent += piece.length) await client.send(piece);
    await client.send('\r\n');
    assert.equal((await client.read(1))[0], 'OK');
    assert.equal(await client.command('STRLEN', 'huge'), size);
    assert.equal(await client.command('DEL', 'huge'), 1);
    await done();
  });

  const many = variant === USUAL ? 3000 : 500;
  test(`${many} GETs of 1 MB in one write, read slowly`, async () => {
    await fresh();
    assert.equal(await client.command('SET', 'mb', Buffer.alloc(MB, 'y')), 'OK');
    const get = encodeRequest('GET', 'mb');
    const { socket } = client;
    client.close();
    assert.ok(socket.destroyed);
    const reader = await RespClient.open(ringway.port);
    reader.socket.removeAllListeners('data');
    let bytes = 0;
    let breaks = 0;
    const total = many * (MB + `$${MB}\r\n\r\n`.length);
    const complete = new Promise<void>((resolve, reject) => {
      reader.socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes >= total) resolve();
        if (bytes < (breaks + 1) * 100 * MB) return;
        breaks++;
        reader.socket.pause();
        void delay(30).then(() => reader.socket.resume());
      });
      reader.socket.on('close', () => reject(new Error(`closed after ${bytes} bytes`)));
    });
    complete.catch(() => {});
    reader.socket.pause();
    void reader.send(Buffer.concat(Array.from({ length: many }, () => get)));
    await delay(500);
    reader.socket.resume();
    await complete;
    assert.equal(bytes, total);
    reader.close();
    await done();
  });

  test('a reader of a large reply that stops: others go on, it is let go or served', async () => {
    await fresh();
    assert.equal(await client.command('SET', 'large', Buffer.alloc(60 * MB, 'z')), 'OK');
    const slow = await RespClient.open(ringway.port);
    slow.socket.pause();
    await slow.send(Buffer.concat([encodeRequest('GET', 'large'), encodeRequest('PING')]));
    for (let i = 0; i < 100; i++) {
      assert.equal(await client.command('SET', 'k', i), 'OK');
      assert.equal(String(await client.command('GET', 'k')), String(i));
      await delay(10);
    }
    slow.close();
    // A reader that is merely slow gets everything.
    const patient = await RespClient.open({ port: ringway.port, timeoutMs: 30_000 });
    await patient.send(encodeRequest('GET', 'large'));
    for (let i = 0; i < 10; i++) {
      patient.socket.pause();
      await delay(30);
      patient.socket.resume();
      await delay(5);
    }
    assert.equal(((await patient.read(1))[0] as Buffer).length, 60 * MB);
    patient.close();
    await done();
  });
}
