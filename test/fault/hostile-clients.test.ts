import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { RawClient } from '../memcache/raw-client.ts';
import { type RealServer, startMemcached, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import {
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
  type Variant,
} from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// What a port scanner, a broken client or an attacker sends. Beside each of them a well-behaved
// client is served; afterwards nobody is left connected.

const TLS_HELLO = Buffer.from(
  '16030100a5010000a10303e3a1c0ffee00112233445566778899aabbccddeeff00112233445566778899aa' +
    '20aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabb0026c02bc02f',
  'hex',
);
const HTTP_GET = 'GET / HTTP/1.1\r\nHost: example\r\nAccept: */*\r\n\r\n';
const HTTP_POST =
  'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: 17\r\n\r\n' +
  'SET stolen yes\r\n\r\n';

/** Sent to a Redis pool; `closed`: the connection must be closed, after the reply that is named. */
const TO_REDIS: readonly (readonly [
  string,
  Uint8Array | string,
  reply: RegExp,
  closed: boolean,
])[] = [
  ['nothing', '', /^$/, false],
  ['line ends', '\r\n\n\n\r\n', /^$/, false],
  ['a TLS hello', TLS_HELLO, /^$/, true],
  ['a GET of HTTP', HTTP_GET, /^-ERR wrong number.*\r\n$/, true],
  ['a POST of HTTP', HTTP_POST, /^$/, true],
  ['a Host: line', 'Host: example\r\nPING\r\n', /^$/, true],
  ['HOST: as a multibulk request', encodeRequest('hOsT:', 'x'), /^$/, true],
  ['2^31 words', '*2147483648\r\n$4\r\nPING\r\n', /^-ERR Protocol error.*\r\n$/, true],
  ['2^32 + 2 words', '*4294967298\r\n$3\r\nGET\r\n$1\r\na\r\n', /^-ERR Protocol error/, true],
  ['2^31 - 1 words', '*2147483647\r\n', /^-ERR Protocol error.*\r\n$/, true],
  ['a word of 2^32 + 3 bytes', '*2\r\n$4294967299\r\nGET\r\n', /^-ERR Protocol error/, true],
  ['a negative word', '*2\r\n$-2\r\nGET\r\n', /^-ERR Protocol error.*\r\n$/, true],
  ['nested arrays', '*1\r\n'.repeat(50_000), /^-ERR Protocol error: expected '\$'/, true],
  ['a million words begun', '*1048576\r\n$4\r\nMGET\r\n', /^$/, false],
  ['an overlong line', 'A'.repeat(200_000), /^-ERR Protocol error: too big inline/, true],
  ['NUL bytes', Buffer.alloc(70_000), /^-ERR Protocol error: too big inline/, true],
  ['a reply', '+OK\r\n:1\r\n$-1\r\n', /^(-ERR unknown.*\r\n){3}$/, false],
  ['memcached words', 'get a\r\nset a 0 0 1\r\nx\r\n', /^\$-1\r\n-ERR.*\r\n-ERR.*\r\n$/, false],
  ['the binary protocol', Buffer.from('80'.padEnd(48, '0'), 'hex'), /^$/, false],
];

const TO_MEMCACHED: typeof TO_REDIS = [
  ['nothing', '', /^$/, false],
  ['a TLS hello', TLS_HELLO, /^$/, true],
  ['a GET of HTTP', HTTP_GET, /^$/, true],
  ['a POST of HTTP', HTTP_POST, /^$/, true],
  ['RESP', encodeRequest('SET', 'a', 'b'), /^(ERROR\r\n){7}$/, false],
  ['an overlong line', 'g'.repeat(200_000), /^CLIENT_ERROR/, true],
  ['an overlong get', `get ${'k'.repeat(100)} `.repeat(1), /^$/, false],
  ['a size of 2^32 + 1', 'set a 0 0 4294967297\r\nx\r\n', /^(CLIENT|SERVER)_ERROR/, false],
  ['a negative size', 'set a 0 0 -1\r\n', /^CLIENT_ERROR/, false],
  ['a key of 251 bytes', `get ${'k'.repeat(251)}\r\n`, /^CLIENT_ERROR/, false],
  ['NUL bytes', Buffer.alloc(70_000), /^CLIENT_ERROR/, true],
  ['the binary protocol', Buffer.from('80'.padEnd(48, '0'), 'hex'), /./s, true],
];

for (const variant of VARIANTS) {
  describe(`hostile clients, ${variant.label}`, () => suite(variant));
}

function suite(variant: Variant): void {
  let servers: RealServer[] = [];
  let memcached: RealServer;
  let ringway: TestRingway;
  let client: RespClient;
  let beside: RawClient;

  before(async () => {
    [servers, memcached] = await Promise.all([startRedisSet(2), startMemcached()]);
    const lines = shards(servers.map(({ port }) => port));
    ringway = await startInProcess(
      [
        { servers: lines, timeout: 5_000 },
        { servers: [`127.0.0.1:${memcached.port}`], redis: false, timeout: 5_000 },
      ],
      variant,
    );
    client = await RespClient.open(ringway.port);
    beside = await RawClient.open(ringway.ports[1]);
  });
  after(async () => {
    client?.close();
    beside?.close();
    await ringway?.stop();
    await Promise.all([memcached, ...servers].map((server) => server?.stop()));
  });

  let round = 0;
  /** The well-behaved clients are still served, and rightly. */
  const others = async (): Promise<void> => {
    const value = `v${++round}`;
    assert.equal(await client.command('SET', 'good', value), 'OK');
    assert.equal(String(await client.command('GET', 'good')), value);
    assert.match(await beside.ask(`set good 0 0 ${value.length}\r\n${value}\r\n`), /^STORED\r\n$/);
    assert.match(await beside.ask('get good\r\n'), new RegExp(`\r\n${value}\r\nEND\r\n$`));
  };

  for (const [pool, cases] of [TO_REDIS, TO_MEMCACHED].entries()) {
    for (const [what, bytes, reply, closed] of cases) {
      test(`${pool === 0 ? 'Redis' : 'memcached'} pool: ${what}`, async () => {
        const attacker = await RawClient.open(ringway.ports[pool]);
        attacker.send(bytes);
        if (closed) await attacker.until(() => false, 'end');
        else await attacker.until((got) => reply.test(got.toString('latin1')), 'answer');
        await others();
        assert.match(attacker.received.toString('latin1'), reply);
        assert.equal(attacker.ended, closed, 'closed');
        attacker.close();
      });
    }
  }

  test('an HTTP POST runs nothing, and the log names it once', async () => {
    assert.equal(await client.command('GET', 'stolen'), null);
    const lines = ringway.log.filter((line) => line.includes('possible attack'));
    assert.equal(lines.length, 2, lines.join('\n')); // one per pool
    assert.match(lines[0], /pool pool1: .*127\.0\.0\.1:\d+ sent an HTTP request/);
  });

  test('a malformed request is logged, whatever its form', async () => {
    for (const bytes of ['*1\r\n!PING\r\n', 'SET good "half\r\n']) {
      const before = ringway.log.length;
      const attacker = await RawClient.open(ringway.port);
      attacker.send(bytes);
      await attacker.until(() => false, 'end');
      const lines = ringway.log.slice(before).filter((line) => line.includes('malformed'));
      assert.equal(lines.length, 1, bytes);
      assert.match(lines[0], /^client 127\.0\.0\.1:\d+ sent a malformed request$/);
    }
  });

  test('what was asked before an HTTP line is answered', async () => {
    const attacker = await RawClient.open(ringway.port);
    attacker.send('PING\r\nGET good\r\nPOST / HTTP/1.1\r\nSET stolen yes\r\n');
    await attacker.until(() => false, 'end');
    assert.match(attacker.received.toString(), /^\+PONG\r\n\$\d+\r\nv\d+\r\n$/);
    assert.equal(await client.command('GET', 'stolen'), null);
  });

  test('random bytes', async () => {
    for (let i = 0; i < 20; i++) {
      const attacker = await RawClient.open(ringway.ports[i & 1]);
      attacker.send(randomBytes(1 + i * 977));
      await delay(2);
      if (i % 3 === 0) attacker.socket.resetAndDestroy();
      else attacker.close();
    }
    await others();
  });

  test('a request in single bytes, and one that never ends', async () => {
    const slow = await RawClient.open(ringway.port);
    const get = encodeRequest('GET', 'good');
    await slow.sendPieces([...get].map((byte) => Buffer.of(byte)));
    await slow.until((got) => got.includes('v'), 'the reply');
    for (const byte of get.subarray(0, -1)) {
      slow.send(Buffer.of(byte));
      if (byte % 16 === 0) await others();
    }
    slow.close();
  });

  test('resets and half-closed connections at every byte of a pipeline', async () => {
    const pipeline = Buffer.concat([
      encodeRequest('SET', 'half', 'x'),
      encodeRequest('MGET', 'half', 'good', 'k1', 'k2', 'k3'),
      encodeRequest('GET', 'half'),
    ]);
    for (let at = 0; at <= pipeline.length; at += 3) {
      const attacker = await RawClient.open(ringway.port);
      attacker.send(pipeline.subarray(0, at));
      if (at % 2 === 0) attacker.socket.resetAndDestroy();
      else attacker.socket.end();
    }
    const whole = await RawClient.open(ringway.port);
    whole.socket.end(pipeline);
    await whole.until(() => false, 'end');
    assert.match(whole.received.toString(), /^\+OK\r\n\*5\r\n\$1\r\nx\r\n.*\$1\r\nx\r\n$/s);
    await others();
  });

  test('500 connections that say nothing', async () => {
    const idle: Socket[] = [];
    for (let i = 0; i < 500; i++) idle.push(connect(ringway.ports[i & 1], '127.0.0.1'));
    for (const socket of idle) socket.on('error', () => {});
    await Promise.all(
      idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))),
    );
    await others();
    for (const [i, socket] of idle.entries()) i % 2 ? socket.destroy() : socket.resetAndDestroy();
    await waitFor('all of them to be forgotten', () => {
      const stats = JSON.parse(
        (ringway as { ringway?: { stats(): string } }).ringway?.stats() ?? '{}',
      );
      return stats.pool1.client_connections === 1 && stats.pool2.client_connections === 1;
    });
  });
}
