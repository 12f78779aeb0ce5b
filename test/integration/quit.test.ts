import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import {
  findBinary,
  type RealServer,
  startMemcached,
  startRedis,
  startRedisSet,
} from '../support/real-servers.ts';
import { encodeRequest, type Word } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { readToEnd } from '../support/to-end.ts';

const run = promisify(execFile);
const all = (...requests: Word[][]): Buffer =>
  Buffer.concat(requests.map((words) => encodeRequest(...words)));
const QUIT = encodeRequest('QUIT');

/** Each is sent to a server too, which must say the same until it ends the connection. */
const FORMS: Readonly<Record<string, readonly (Buffer | string)[]>> = {
  'as the only request': [QUIT],
  'in lower case': [encodeRequest('quit')],
  'with words behind it': [encodeRequest('QUIT', 'now', 'please')],
  'as a line': ['QUIT\r\n'],
  'as a line that ends with a LF': ['quit\n'],
  'as a line, with words behind it': ['QUIT now\r\n'],
  'in pieces': ['*1\r\n$4', '\r\nQU', 'IT', '\r\n'],
  'behind others': [all(['SET', 'a', '1'], ['GET', 'a'], ['DBSIZE'], ['PING'], ['QUIT'])],
  'in front of others': [all(['SET', 'q', '1'], ['QUIT'], ['SET', 'q', '2'], ['GET', 'q'])],
  'in front of what is no request': [Buffer.concat([QUIT, Buffer.from('*1\r\nfoo')])],
  twice: [all(['QUIT'], ['QUIT'])],
  'over RESP3': [
    all(['CLIENT', 'REPLY', 'OFF'], ['HELLO', 3], ['CLIENT', 'REPLY', 'ON'], ['QUIT']),
  ],
  'when it has been heard': [encodeRequest('PING'), QUIT],
  'in a transaction': [all(['MULTI'], ['QUIT'])],
  'in a transaction that is half told': [
    all(['WATCH', 'k'], ['MULTI'], ['SET', 'q', '3'], ['QUIT'], ['EXEC']),
  ],
  'of who is subscribed': [encodeRequest('SUBSCRIBE', 'news'), QUIT],
  'of who is subscribed, as a line': [encodeRequest('SSUBSCRIBE', 'news'), 'quit\r\n'],
  'behind a command that blocks': [all(['BLPOP', 'nothing', '0.1'], ['QUIT'], ['PING'])],
  'behind WAIT': [all(['WAIT', '1', '50'], ['QUIT'])],
  'in another database': [all(['SELECT', '3'], ['GET', 'a'], ['QUIT'])],
  'as a line with blanks around it': ['\r\n  QUIT\t \r\n'],
  'as a line in quotes': ['"QUIT"\r\n'],
};

for (const variant of VARIANTS) {
  describe(`QUIT, ${variant.label}`, () => {
    let servers: RealServer[];
    let direct: RealServer;
    let ringway: TestRingway;

    before(async () => {
      servers = await startRedisSet(4);
      direct = await startRedis();
      ringway = await startInProcess({ servers: shards(servers.map(({ port }) => port)) }, variant);
    });
    after(async () => {
      await ringway.stop();
      await Promise.all([direct, ...servers].map((server) => server.stop()));
    });

    for (const [form, pieces] of Object.entries(FORMS)) {
      test(`${form}: what a server says, then the end`, async () => {
        const expected = await readToEnd(direct.port, pieces);
        assert.equal(await readToEnd(ringway.port, pieces), expected);
      });
    }

    test('what stands behind it is not executed', async () => {
      await readToEnd(ringway.port, [all(['DEL', 'q'], ['QUIT'], ['SET', 'q', '2'])]);
      assert.equal(await readToEnd(ringway.port, [all(['GET', 'q'], ['QUIT'])]), '$-1\r\n+OK\r\n');
    });

    test('with replies off or skipped: the end without a byte more', async () => {
      // Redis itself leaves such a connection open.
      const off = [all(['CLIENT', 'REPLY', 'OFF'], ['SET', 'off', '1'], ['QUIT'])];
      assert.equal(await readToEnd(ringway.port, off), '');
      assert.equal(
        await readToEnd(ringway.port, [all(['GET', 'off'], ['QUIT'])]),
        '$1\r\n1\r\n+OK\r\n',
      );
      const skip = [all(['GET', 'none'], ['CLIENT', 'REPLY', 'SKIP'], ['QUIT'])];
      assert.equal(await readToEnd(ringway.port, skip), '$-1\r\n');
    });

    test('before a client has logged in', async () => {
      const pool = { servers: shards([direct.port]), redis_auth: 'secret' };
      const own = await startInProcess(pool, variant);
      assert.equal(await readToEnd(own.port, [QUIT]), '+OK\r\n');
      assert.equal(await readToEnd(own.port, ['QUIT\r\n']), '+OK\r\n');
      const got = await readToEnd(own.port, [all(['GET', 'a'], ['QUIT'])]);
      assert.equal(got, '-NOAUTH Authentication required\r\n+OK\r\n');
      await own.stop();
    });

    test('the replies of large values and of several servers come first', async () => {
      const value = 'v'.repeat(300_000);
      const keys = Array.from({ length: 12 }, (_, i) => `large:${i}`);
      const sets = keys.map((key) => ['SET', key, value]);
      const got = await readToEnd(ringway.port, [
        all(...sets, ['MGET', ...keys], ...keys.map((key) => ['GET', key]), ['QUIT'], ['PING']),
      ]);
      const bulk = `$${value.length}\r\n${value}\r\n`;
      const wanted = `${'+OK\r\n'.repeat(12)}*12\r\n${bulk.repeat(24)}+OK\r\n`;
      assert.ok(got === wanted, `${got.length} bytes instead of ${wanted.length}`);
    });

    test('memcached: the end without a byte, behind the replies that are owed', async () => {
      const server = await startMemcached();
      const pool = { servers: shards([server.port]), redis: false };
      const own = await startInProcess(pool, variant);
      for (const pieces of [
        ['quit\r\n'],
        ['qu', 'it\n'],
        ['set a 0 0 1\r\nx\r\nget a\r\nquit\r\nget a\r\n'],
      ]) {
        assert.equal(await readToEnd(own.port, pieces), await readToEnd(server.port, pieces));
      }
      assert.equal(await readToEnd(own.port, ['quit\r\n']), '');
      await own.stop();
      await server.stop();
    });

    test('ioredis, node-redis and redis-cli', async () => {
      const io = new Redis(ringway.port, '127.0.0.1', { retryStrategy: () => null });
      await io.set('client', 'io');
      assert.deepEqual(await Promise.all([io.get('client'), io.quit()]), ['io', 'OK']);
      for (const RESP of [2, 3] as const) {
        const node = createClient({ url: `redis://127.0.0.1:${ringway.port}`, RESP });
        await node.connect();
        await node.set('client', 'node');
        const [got, said] = await Promise.all([node.get('client'), node.quit()]);
        assert.deepEqual([got, said], ['node', 'OK']);
        const other = createClient({ url: `redis://127.0.0.1:${ringway.port}`, RESP });
        await other.connect();
        const get = other.get('client');
        await other.close();
        assert.equal(await get, 'node');
      }
      const cli = findBinary(['redis-cli', 'valkey-cli']);
      assert.ok(cli !== undefined);
      const { stdout } = await run(cli, ['-p', String(ringway.port), 'QUIT']);
      assert.equal(stdout, 'OK\n');
    });
  });
}
