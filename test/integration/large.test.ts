import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, ReplyError, RespClient } from '../support/resp-client.ts';
import {
  startInProcess,
  type TestRingway,
  USUAL,
  VARIANTS,
  type Variant,
} from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// Bodies beyond max_assembled_request go over connections of their own.

const LIMIT = 65_536;

for (const variant of VARIANTS) {
  describe(`requests beyond max_assembled_request, ${variant.label}`, () => suite(variant));
}

function sum(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

/** A SET without its last bytes. */
function head(key: string, size: number, sent: number): Buffer {
  const start = `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${size}\r\n`;
  return Buffer.concat([Buffer.from(start), Buffer.alloc(sent, 'b')]);
}

function suite(variant: Variant): void {
  let server: RealServer;
  let ringway: TestRingway;
  let client: RespClient;

  before(async () => {
    server = await startRedis();
    const servers = [`127.0.0.1:${server.port}:1 only`];
    ringway = await startInProcess({ servers, max_assembled_request: LIMIT }, variant);
    client = await RespClient.open(ringway.port);
  });
  after(async () => {
    client?.close();
    await ringway?.stop();
    await server?.stop();
  });

  test('100 MB there and back, and to several clients', async () => {
    const value = randomBytes(100 << 20);
    const expected = sum(value);
    assert.equal(await client.command('SET', 'huge', value), 'OK');
    const clients = variant === USUAL ? 3 : 1;
    const read = Array.from({ length: clients }, async () => {
      const each = await RespClient.open({ port: ringway.port, timeoutMs: 30_000 });
      assert.equal(sum((await each.command('GET', 'huge')) as Buffer), expected);
      each.close();
    });
    await Promise.all(read);
    assert.equal(await client.command('DEL', 'huge'), 1);
  });

  test('the order of a pipeline around large requests', async () => {
    const big = randomBytes(3 << 20);
    for (let round = 0; round < 5; round++) {
      const replies = await client.pipeline([
        ['SET', 'small', `s${round}`],
        ['SET', 'big', big],
        ['GET', 'big'],
        ['GET', 'small'],
        ['SET', 'big', big.subarray(round, 200_000)],
        ['STRLEN', 'big'],
        ['SET', 'small', 'late'],
        ['GET', 'small'],
      ]);
      assert.ok(big.equals(replies[2] as Buffer));
      replies[2] = null;
      const text = replies.map((reply) => (Buffer.isBuffer(reply) ? String(reply) : reply));
      const length = 200_000 - round;
      assert.deepEqual(text, ['OK', 'OK', null, `s${round}`, 'OK', length, 'OK', 'late']);
    }
  });

  test('a sender that stalls delays nobody, and one that leaves leaves nothing behind', async () => {
    const slow = await RespClient.open(ringway.port);
    await slow.send(head('stalled', 1 << 20, 500_000));
    await delay(50);
    for (let i = 0; i < 200; i++) {
      assert.equal(await client.command('SET', 'k', i), 'OK');
      assert.equal(String(await client.command('GET', 'k')), String(i));
    }
    assert.equal(await client.command('SET', 'other', Buffer.alloc(300_000)), 'OK');
    assert.equal(await client.command('EXISTS', 'stalled'), 0);
    await slow.send(Buffer.concat([Buffer.alloc((1 << 20) - 500_000, 'b'), Buffer.from('\r\n')]));
    assert.equal((await slow.read(1))[0], 'OK');
    assert.equal(await client.command('STRLEN', 'stalled'), 1 << 20);
    for (let i = 0; i < 6; i++) {
      const leaver = await RespClient.open(ringway.port);
      leaver.socket.on('error', () => {});
      await leaver.send(head('left', 1 << 20, 400_000 + i));
      if (i % 2 === 0) await delay(20);
      if (i % 3 === 0) leaver.socket.resetAndDestroy();
      else leaver.close();
    }
    assert.equal(await client.command('SET', 'after', Buffer.alloc(300_000)), 'OK');
    assert.equal(await client.command('EXISTS', 'left'), 0);
    slow.close();
  });

  test('more large requests at once than there are connections for them', async () => {
    const work = Array.from({ length: 12 }, async (_, i) => {
      const each = await RespClient.open(ringway.port);
      const value = Buffer.alloc(2 << 20, 65 + i);
      assert.equal(await each.command('SET', `many${i}`, value), 'OK');
      assert.ok(value.equals((await each.command('GET', `many${i}`)) as Buffer));
      each.close();
    });
    await Promise.all(work);
  });

  test('too large for anything else: an error, and the connection is kept', async () => {
    const value = Buffer.alloc(LIMIT * 4, 'x');
    const script = Buffer.from(`return 1 -- ${'x'.repeat(LIMIT * 2)}`);
    const replies = await client.pipeline([
      ['MSET', 'm1', value, 'm2', value],
      ['GET', 'k'],
      ['EVAL', script, '1', 'k'],
      ['PING'],
      ['NOSUCH', value],
      ['PING'],
    ]);
    for (const at of [0, 2, 4]) {
      assert.ok(replies[at] instanceof ReplyError, `reply ${at}`);
      assert.match((replies[at] as ReplyError).message, /max_assembled_request|unknown/);
    }
    assert.deepEqual([replies[3], replies[5]], ['PONG', 'PONG']);
    assert.equal(await client.command('EXISTS', 'm1'), 0);
  });

  test('a server that refuses a body, or is not there: its error, connection kept', async () => {
    const direct = await RespClient.open(server.port);
    await direct.text('CONFIG', 'SET', 'proto-max-bulk-len', 2 << 20);
    const pipeline = [
      ['SET', 'refused', Buffer.alloc(8 << 20)],
      ['PING'],
      ['SET', 'taken', Buffer.alloc(1 << 20)],
      ['STRLEN', 'taken'],
    ];
    const [error, ...rest] = await client.pipeline(pipeline);
    assert.ok(error instanceof ReplyError, String(error));
    assert.match(
      error.message,
      /^ERR (Protocol error: invalid bulk length|.*reset|unknown|Broken)/,
    );
    assert.deepEqual(rest, ['PONG', 'OK', 1 << 20]);
    await direct.text('CONFIG', 'SET', 'proto-max-bulk-len', 512 << 20);
    direct.close();
    server.kill('SIGKILL');
    await waitFor('the server to be gone', () => !server.running);
    const down = await client.pipeline(pipeline);
    assert.equal(down[1], 'PONG');
    for (const at of [0, 2, 3]) assert.match(String(down[at]), /ERR Connection refused|unknown/);
    await server.restart();
    assert.equal(await client.command('SET', 'refused', Buffer.alloc(1 << 20)), 'OK');
  });

  test('the server dies in the middle of a body: one error, and the connection is kept', async () => {
    const sender = await RespClient.open(ringway.port);
    await sender.send(head('half', 1 << 20, 300_000));
    await waitFor('the body to be on its way', async () => {
      const direct = await RespClient.open(server.port);
      const list = String(await direct.command('CLIENT', 'LIST'));
      direct.close();
      return /qbuf=[1-9]\d{4,}/.test(list);
    });
    server.kill('SIGKILL');
    await waitFor('the server to be gone', () => !server.running);
    await sender.send(Buffer.concat([Buffer.alloc((1 << 20) - 300_000, 'b'), Buffer.from('\r\n')]));
    await sender.send(encodeRequest('PING'));
    const [error, pong] = await sender.read(2);
    assert.ok(error instanceof ReplyError, String(error));
    assert.equal(pong, 'PONG');
    await server.restart();
    assert.equal(await sender.command('SET', 'half', Buffer.alloc(300_000)), 'OK');
    assert.equal(sender.unread.length, 0);
    sender.close();
  });
}
