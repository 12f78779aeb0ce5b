import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { repliesOf } from '../differential/raw-replies.ts';
import { type RealServer, startRedis, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient, type Word } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { readToEnd } from '../support/to-end.ts';

const REFUSED =
  "-ERR 'multi' is not supported by ringway: transactions need a connection of their own\r\n";
const ABORTED = '-EXECABORT Transaction discarded because of previous errors.\r\n';
const OK = '+OK\r\n';

/** Nothing of these is left to a server, so a server's own replies are the right ones. */
const CONTROL: readonly Word[][][] = [
  [['MULTI'], ['EXEC']],
  [['MULTI'], ['MULTI'], ['EXEC'], ['EXEC']],
  [['MULTI'], ['DISCARD'], ['DISCARD'], ['EXEC']],
  [['multi'], ['multi'], ['discard'], ['GET', 'none']],
  [['EXEC'], ['DISCARD'], ['MULTI', 'x'], ['EXEC']],
  [['MULTI'], ['EXEC', 'x'], ['EXEC'], ['GET', 'none']],
  [['EXEC', 'x'], ['DISCARD', 'x'], ['PING']],
  [['MULTI'], ['DISCARD', 'x'], ['EXEC'], ['PING']],
  [['MULTI'], ['MULTI', 'x'], ['EXEC'], ['PING']],
  [['MULTI'], ['WATCH', 'k'], ['EXEC'], ['PING']],
  [['MULTI'], ['WATCH'], ['EXEC'], ['PING']],
  [['MULTI'], ['GET'], ['EXEC'], ['PING']],
  [['MULTI'], ['RESET'], ['EXEC'], ['PING']],
  [['MULTI'], ['GET'], ['RESET'], ['MULTI'], ['EXEC']],
];

/** One of each way a request can take. */
const COMMANDS: readonly Word[][] = [
  ['INCR', 'n'],
  ['SET', 'plain', 'x'],
  ['GET', 'plain'],
  ['MSET', ...Array.from({ length: 40 }, (_, i) => [`m:${i}`, 'x']).flat()],
  ['MGET', ...Array.from({ length: 40 }, (_, i) => `m:${i}`)],
  ['DEL', 'kept', 'kept:2'],
  ['RENAME', 'kept', 'kept'],
  ['EVAL', "return redis.call('set', KEYS[1], 'x')", 1, 'eval'],
  ['EVAL', 'return 1', 0],
  ['SCRIPT', 'LOAD', 'return 1'],
  ['FLUSHALL'],
  ['DBSIZE'],
  ['SCAN', '0'],
  ['SELECT', '5'],
  ['AUTH', 'x'],
  ['HELLO', '3'],
  ['CLIENT', 'SETNAME', 'inside'],
  ['CLIENT', 'REPLY', 'OFF'],
  ['CLIENT', 'NOSUCH'],
  ['CONFIG', 'GET', '*'],
  ['WAIT', '0', '0'],
  ['BLPOP', 'list', '0'],
  ['SUBSCRIBE', 'c'],
  ['UNWATCH'],
  ['NOSUCH', 'x'],
  ['PING'],
  ['SLOWLOG', 'RESET'],
];

for (const variant of VARIANTS) {
  describe(`MULTI, ${variant.label}`, () => {
    let servers: RealServer[];
    let direct: RealServer;
    let ringway: TestRingway;
    const pool = () => ({
      servers: shards(servers.map(({ port }) => port)),
      allow_flush: true,
      unknown_commands: 'ask',
      max_assembled_request: 65_536,
    });

    before(async () => {
      servers = await startRedisSet(4);
      direct = await startRedis();
      ringway = await startInProcess(pool(), variant);
    });
    after(async () => {
      await ringway.stop();
      await Promise.all([direct, ...servers].map((server) => server.stop()));
    });

    /** What each server holds and has executed. */
    async function traces(): Promise<string[]> {
      return Promise.all(
        servers.map(async ({ port }) => {
          const client = await RespClient.open(port);
          const keys = (await client.text('KEYS', '*')) as string[];
          const stats = String(await client.text('INFO', 'commandstats'));
          client.close();
          const ran = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)]
            .filter(([, name]) => !/^(keys|info|command|client|ping|hello|select)/.test(name))
            .map(([, name, calls]) => `${name}=${calls}`);
          return [...keys.sort(), ...ran.sort()].join(' ');
        }),
      );
    }

    for (const requests of CONTROL) {
      test(`${requests.map((words) => words.join(' ')).join('; ')}: the words of Redis`, async () => {
        const bytes = Buffer.concat(requests.map((words) => encodeRequest(...words)));
        const pieces = [bytes, encodeRequest('QUIT')];
        assert.equal(await readToEnd(ringway.port, pieces), await readToEnd(direct.port, pieces));
      });
    }

    test('nothing behind it is executed, sent at once or one by one', async () => {
      const client = await RespClient.open(ringway.port);
      await client.text('SET', 'kept', '1');
      const before = await traces();
      const requests: Word[][] = [['MULTI'], ...COMMANDS, ['EXEC']];
      const wanted = [OK, ...COMMANDS.map(() => REFUSED), ABORTED];
      const bytes = Buffer.concat(requests.map((words) => encodeRequest(...words)));
      await client.send(bytes);
      assert.deepEqual(repliesOf(await client.readRaw(requests.length)), wanted);
      for (const [i, words] of requests.entries()) {
        await client.send(encodeRequest(...words));
        assert.equal(String(await client.readRaw(1)), wanted[i]);
      }
      assert.deepEqual(await traces(), before);
      assert.equal(await client.text('GET', 'kept'), '1');
      assert.equal(await client.text('CLIENT', 'GETNAME'), null);
      client.close();
    });

    test('the counter of the issue: two INCR in a transaction leave it as it was', async () => {
      const client = await RespClient.open(ringway.port);
      await client.text('SET', 'n', '5');
      const got = await client.pipeline([
        ['MULTI'],
        ['INCR', 'n'],
        ['INCR', 'n'],
        ['EXEC'],
        ['GET', 'n'],
      ]);
      assert.match(String(got[3]), /EXECABORT/);
      assert.equal(String(got[4]), '5');
      client.close();
    });

    test('lines, and what is in front of it and behind it in one packet', async () => {
      const text = 'SET l 1\r\nMULTI\r\nSET l 2\r\nINCR l\r\nEXEC\r\nINCR l\r\nQUIT\r\n';
      const got = await readToEnd(ringway.port, [text]);
      assert.equal(got, `${OK}${OK}${REFUSED}${REFUSED}${ABORTED}:2\r\n${OK}`);
    });

    test('large requests, assembled or streamed, are not sent either', async () => {
      const client = await RespClient.open(ringway.port);
      await client.text('DEL', 'big');
      for (const size of [30_000, 70_000, 500_000, 3_000_000]) {
        const set = encodeRequest('SET', 'big', Buffer.alloc(size, 0x78));
        const bytes = Buffer.concat([encodeRequest('MULTI'), set, encodeRequest('EXEC')]);
        for (let at = 0; at < bytes.length; at += 50_000) {
          await client.send(bytes.subarray(at, at + 50_000));
        }
        const [multi, refused, exec] = repliesOf(await client.readRaw(3));
        assert.equal(multi, OK);
        assert.match(refused, /^-ERR ('multi' is not supported|request is larger than)/);
        assert.equal(exec, ABORTED);
        assert.equal(await client.text('EXISTS', 'big'), 0);
      }
      client.close();
    });

    test('a large request that is refused is no more heard than others', async () => {
      const client = await RespClient.open(ringway.port);
      const large = encodeRequest('MSET', 'a', Buffer.alloc(100_000), 'b', '1');
      const skip = encodeRequest('CLIENT', 'REPLY', 'SKIP');
      const ping = encodeRequest('PING');
      await client.send(Buffer.concat([skip, large, ping, large, ping]));
      const got = repliesOf(await client.readRaw(3));
      assert.equal(got[0], '+PONG\r\n');
      assert.match(got[1], /^-ERR request is larger than/);
      const off = encodeRequest('CLIENT', 'REPLY', 'OFF');
      await client.send(Buffer.concat([off, large, encodeRequest('CLIENT', 'REPLY', 'ON'), ping]));
      assert.deepEqual(repliesOf(await client.readRaw(2)), [OK, '+PONG\r\n']);
      client.close();
    });

    test('replies off or skipped: the same, unheard', async () => {
      const client = await RespClient.open(ringway.port);
      await client.text('SET', 'quiet', '1');
      await client.send(
        Buffer.concat(
          [
            ['CLIENT', 'REPLY', 'SKIP'],
            ['MULTI'],
            ['INCR', 'quiet'],
            ['EXEC'],
            ['CLIENT', 'REPLY', 'OFF'],
            ['MULTI'],
            ['INCR', 'quiet'],
            ['CLIENT', 'REPLY', 'ON'],
            ['EXEC'],
            ['CLIENT', 'REPLY', 'ON'],
            ['GET', 'quiet'],
          ].map((words) => encodeRequest(...words)),
        ),
      );
      const got = repliesOf(await client.readRaw(4));
      assert.deepEqual(got, [REFUSED, ABORTED, OK, '$1\r\n1\r\n']);
      client.close();
    });

    test('reads that would be retried', async () => {
      const own = await startInProcess({ ...pool(), retry_reads: 2 }, variant);
      const got = await readToEnd(own.port, ['MULTI\r\nGET a\r\nEXEC\r\nGET none\r\nQUIT\r\n']);
      assert.equal(got, `${OK}${REFUSED}${ABORTED}$-1\r\n${OK}`);
      await own.stop();
    });

    test('it stands behind requests that are still under way, and is in CLIENT LIST', async () => {
      const client = await RespClient.open(ringway.port);
      const keys = Array.from({ length: 200 }, (_, i) => `o:${i}`);
      const got = await client.pipeline([
        ...keys.map((key) => ['SET', key, key]),
        ['MULTI'],
        ...keys.map((key) => ['DEL', key]),
        ['DISCARD'],
        ['MGET', ...keys],
        ['MULTI'],
      ]);
      assert.deepEqual((got.at(-2) as Buffer[]).map(String), keys);
      const other = await RespClient.open(ringway.port);
      assert.match(String(await other.text('CLIENT', 'LIST')), / flags=x .* multi=0 /);
      assert.match(String(await other.text('CLIENT', 'LIST')), / flags=N .* multi=-1 /);
      other.close();
      client.close();
    });

    test('ioredis and node-redis report that it was not done', async () => {
      const io = new Redis(ringway.port, '127.0.0.1');
      await assert.rejects(io.multi().incr('n').incr('n').exec(), /EXECABORT/);
      assert.equal(await io.set('after', '1'), 'OK');
      io.disconnect();
      const node = createClient({ url: `redis://127.0.0.1:${ringway.port}` });
      await node.connect();
      await assert.rejects(node.multi().incr('n').incr('n').exec(), /EXECABORT|not supported/);
      assert.equal(await node.get('after'), '1');
      await node.close();
    });
  });
}
