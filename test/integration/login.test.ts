import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient, toText } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

const MIB = 1024 * 1024;
const PASSWORD = 's3cret';
const NO_AUTH = '-NOAUTH Authentication required\r\n';
const AUTH = encodeRequest('AUTH', PASSWORD);

/** What a client must not be able to do before it has logged in, and how it is written. */
const STRANGERS: Record<string, Buffer> = {
  PING: encodeRequest('PING'),
  'GET with a key': encodeRequest('GET', 'k'),
  'GET without one': encodeRequest('GET'),
  'an unknown command': encodeRequest('NOSUCH', 'a', 'b'),
  'a command that is not supported': encodeRequest('SYNC'),
  'a subscription': encodeRequest('SUBSCRIBE', 'a'),
  'an unknown subcommand': encodeRequest('CLIENT', 'NOSUCH'),
  'a name of 5,000 bytes': encodeRequest('x'.repeat(5000)),
  'a key of 30,000 bytes': encodeRequest('GET', 'k'.repeat(30_000)),
  'a key that is too long': encodeRequest('GET', 'k'.repeat(70_000)),
  'a SET of 100 KB': encodeRequest('SET', 'k', Buffer.alloc(100_000, 'v')),
  'a SET of 20 MB': encodeRequest('SET', 'k', Buffer.alloc(20 * MIB, 'v')),
  'an MSET of 6 MB': encodeRequest('MSET', 'a', Buffer.alloc(6 * MIB, 'v'), 'b', 'w'),
  'an MGET of 20,000 keys': encodeRequest('MGET', ...Array.from({ length: 20_000 }, (_, i) => i)),
  'an AUTH of 100 KB': encodeRequest('AUTH', Buffer.alloc(100_000, 'p')),
  'an AUTH of 17 KB': encodeRequest('AUTH', Buffer.alloc(17_000, 'p')),
  'an AUTH of 9,000 words': encodeRequest('AUTH', ...Array.from({ length: 9000 }, () => 'p')),
  'a line': Buffer.from('get k\r\n'),
  'a line with an open quote': Buffer.from('get "k\r\n'),
  'a line of 15 KB': Buffer.from(`get ${'k'.repeat(15_000)}\r\n`),
  'a line of 60 KB': Buffer.from(`get ${'k'.repeat(60_000)}\r\n`),
  'an AUTH line of 60 KB': Buffer.from(`auth ${'k'.repeat(60_000)}\n`),
};

for (const variant of VARIANTS) {
  describe(`login before work, ${variant.label}`, () => {
    let servers: RealServer[];
    let ringway: TestRingway;
    let port: number;

    before(async () => {
      const args = ['--requirepass', PASSWORD];
      servers = await Promise.all([1, 2, 3, 4].map(() => startRedis({ args })));
      const lines = shards(servers.map((server) => server.port));
      ringway = await startInProcess({ servers: lines, redis_auth: PASSWORD }, variant);
      port = ringway.port;
    });
    after(async () => {
      await ringway.stop();
      await Promise.all(servers.map((server) => server.stop()));
    });

    for (const [what, bytes] of Object.entries(STRANGERS)) {
      test(`${what} is answered NOAUTH, and the connection is kept`, async () => {
        const client = await RespClient.open(port);
        // What follows is told from what was swallowed, in one packet and behind a pause.
        client.socket.write(Buffer.concat([bytes, bytes, encodeRequest('PING'), AUTH]));
        const expected = `${NO_AUTH.repeat(3)}+OK\r\n`;
        assert.equal(String(await client.readRaw(4)), expected);
        assert.equal(String(await client.command('ECHO', 'in')), 'in');
        client.close();
        const slow = await RespClient.open(port);
        for (const at of [1, bytes.length >> 1, bytes.length - 1]) {
          slow.socket.write(bytes.subarray(0, at));
          await delay(5);
          slow.socket.write(bytes.subarray(at));
          assert.equal(String(await slow.readRaw(1)), NO_AUTH, `cut at ${at}`);
        }
        assert.equal(String(await slow.command('AUTH', PASSWORD)), 'OK');
        slow.close();
      });
    }

    test('AUTH, a SET of 6 MB and an MGET of 20 keys in one packet', async () => {
      const client = await RespClient.open(port);
      const value = Buffer.alloc(6 * MIB, 'v');
      const keys = Array.from({ length: 20 }, (_, i) => `login:${i}`);
      const replies = await client.pipeline([
        ['AUTH', PASSWORD],
        ['SET', 'login:big', value],
        ['MGET', ...keys],
        ['STRLEN', 'login:big'],
      ]);
      assert.deepEqual(toText(replies), ['OK', 'OK', keys.map(() => null), 6 * MIB]);
      client.close();
    });

    test('HELLO logs in what stands behind it, too', async () => {
      const client = await RespClient.open(port);
      client.socket.write(
        Buffer.concat([
          encodeRequest('HELLO', 2, 'AUTH', 'default', PASSWORD),
          encodeRequest('SET', 'login:h', Buffer.alloc(6 * MIB, 'h')),
          encodeRequest('STRLEN', 'login:h'),
        ]),
      );
      const [, set, length] = await client.read(3);
      assert.deepEqual([set, length], ['OK', 6 * MIB]);
      client.close();
    });

    test('split at every byte, the replies are the same', async () => {
      const stream = Buffer.concat([
        encodeRequest('GET', 'login:s'),
        encodeRequest('AUTH', 'wrong'),
        Buffer.from('get login:s\r\n \r\n'),
        encodeRequest('HELLO', 3),
        encodeRequest('AUTH', PASSWORD),
        encodeRequest('SET', 'login:s', 'v'),
        encodeRequest('RESET'),
        encodeRequest('MGET', 'login:s', 'b'),
        Buffer.from(`"AUTH" '${PASSWORD}'\r\n`),
        encodeRequest('GET', 'login:s'),
        encodeRequest('AUTH', 'default', 'wrong'),
        encodeRequest('GET', 'login:s'),
      ]);
      const expected = [
        `${NO_AUTH}-ERR invalid password\r\n${NO_AUTH}`,
        '-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO ',
        '<proto> AUTH <user> <pass> option can be used to authenticate the client and select the ',
        'RESP protocol version at the same time\r\n',
        `+OK\r\n+OK\r\n+RESET\r\n${NO_AUTH}+OK\r\n$1\r\nv\r\n`,
        `-WRONGPASS invalid username-password pair or user is disabled.\r\n${NO_AUTH}`,
      ].join('');
      const clients = await Promise.all(
        Array.from({ length: stream.length }, () => RespClient.open(port)),
      );
      clients.forEach((client, at) => void client.socket.write(stream.subarray(0, at)));
      await delay(50);
      clients.forEach((client, at) => void client.socket.write(stream.subarray(at)));
      for (const [at, client] of clients.entries()) {
        assert.equal(String(await client.readRaw(12)), expected, `split at ${at}`);
        client.close();
      }
    });

    test('one byte at a time', async () => {
      const client = await RespClient.open(port);
      const requests = [encodeRequest('SET', 'k', 'v'), Buffer.from('get k\n'), AUTH];
      for (const byte of Buffer.concat(requests)) {
        client.socket.write(Buffer.of(byte));
        await delay(1);
      }
      assert.equal(String(await client.readRaw(3)), `${NO_AUTH}${NO_AUTH}+OK\r\n`);
      client.close();
    });

    test('a line beyond max_inline is a protocol error, as after the login', async () => {
      for (const packets of [1, 30]) {
        const client = await RespClient.open(port);
        const bytes = Buffer.from(`get ${'k'.repeat(90_000)}`);
        for (let i = 0; i < packets; i++) {
          const size = Math.ceil(bytes.length / packets);
          client.socket.write(bytes.subarray(i * size, (i + 1) * size));
          await delay(1);
        }
        const end = String(await client.readToEnd());
        assert.equal(end, '-ERR Protocol error: too big inline request\r\n');
      }
    });

    test('blanks before an end of line are nothing, however many', async () => {
      const client = await RespClient.open(port);
      client.socket.write(' '.repeat(20_000));
      await delay(10);
      client.socket.write(' '.repeat(20_000));
      await delay(10);
      client.socket.write(`\r\nauth ${PASSWORD}\r\n`);
      assert.equal(String(await client.readRaw(1)), '+OK\r\n');
      client.close();
    });

    test('a client that reads no reply is not read either', async () => {
      const client = await RespClient.open(port);
      const errors: Error[] = [];
      client.socket.on('error', (error) => errors.push(error));
      client.socket.pause();
      const pings = Buffer.concat(Array.from({ length: 10_000 }, () => encodeRequest('PING')));
      let sent = 0;
      while (sent < 400 && client.socket.writableLength < 4 * MIB) {
        client.socket.write(pings);
        sent++;
        await delay(1);
      }
      assert.ok(sent < 400, 'the client could write without end');
      let received = 0;
      client.socket.on('data', (chunk) => {
        received += chunk.length;
      });
      client.socket.resume();
      const expected = sent * 10_000 * NO_AUTH.length;
      await waitFor('all replies', () => received === expected, 30_000);
      assert.deepEqual(errors, []);
      client.close();
    });
  });
}
