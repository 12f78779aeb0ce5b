import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bench } from '../../../src/commands/bench/bench.ts';
import { resultText } from '../../../src/commands/bench/result-text.ts';
import { BUCKETS, bucketOf } from '../../../src/stats/histogram.ts';
import { inOrder, send, startFake } from '../../support/fake-server.ts';
import { freePort } from '../../support/free-port.ts';
import { type RealServer, startMemcached, startRedis } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../../support/ringway.ts';
import { startTlsRedis } from '../../support/tls-servers.ts';

async function run(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const status = await bench(
    argv,
    { write: (text) => (out += text) },
    { write: (text) => (err += text) },
  );
  return { status, out, err };
}

const SHORT = ['--seconds=1', '--rate=200', '--keys=50', '--connections=5'];

describe('ringway bench', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-bench-'));
  let redis: RealServer;
  let memcached: RealServer;
  let ringway: TestRingway;
  before(async () => {
    redis = await startRedis({ args: ['--requirepass', 'pw'] });
    memcached = await startMemcached();
    ringway = await startInProcess([
      { name: 'redis', redis_auth: 'pw', servers: shards([redis.port]) },
      { name: 'memcached', redis: false, servers: shards([memcached.port]) },
    ]);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await ringway?.stop();
    await redis?.stop();
    await memcached?.stop();
  });

  test('asks a Redis with a password, and takes its keys away again', async () => {
    const file = join(folder, 'password');
    writeFileSync(file, 'pw\n');
    for (const port of [redis.port, ringway.port]) {
      const { status, out } = await run(String(port), '--json', '--password-file', file, ...SHORT);
      const figures = JSON.parse(out) as Record<string, number>;
      assert.equal(status, 0, out);
      assert.equal(figures['errors'], 0);
      assert.ok(figures['sent'] > 100 && figures['answered'] === figures['sent'], out);
      assert.ok(figures['p50'] > 0 && figures['max'] >= figures['p50'], out);
    }
    const direct = await RespClient.open(redis.port);
    await direct.text('AUTH', 'pw');
    assert.equal(await direct.text('DBSIZE'), 0);
    direct.close();
  });

  test('logs in as a user, who needs a password or none', async () => {
    const direct = await RespClient.open(redis.port);
    await direct.text('AUTH', 'pw');
    await direct.text('ACL', 'SETUSER', 'free', 'on', 'nopass', 'allkeys', 'allcommands');
    await direct.text('ACL', 'SETUSER', 'ada', 'on', '>hers', 'allkeys', 'allcommands');
    direct.close();
    const file = join(folder, 'her-password');
    writeFileSync(file, 'hers\n');
    const free = await run(String(redis.port), '--user=free', ...SHORT);
    assert.equal(free.status, 0, free.err);
    const ada = await run(String(redis.port), '--user=ada', '--password-file', file, ...SHORT);
    assert.equal(ada.status, 0, ada.err);
    const bare = await run(String(redis.port), '--user=ada', ...SHORT);
    assert.equal(bare.status, 1);
    assert.match(bare.err, /the login is refused: WRONGPASS/);
  });

  test('takes away what it has written when a server of the proxy behind is away', async () => {
    const half = await startInProcess({
      redis_auth: 'pw',
      servers: shards([redis.port, await freePort()]),
    });
    const file = join(folder, 'its-password');
    writeFileSync(file, 'pw');
    const { status, err } = await run(String(half.port), '--password-file', file, ...SHORT);
    await half.stop();
    assert.equal(status, 1);
    assert.match(err, /may be left behind: an error: -ERR Connection refused$/m);
    const direct = await RespClient.open(redis.port);
    await direct.text('AUTH', 'pw');
    assert.equal(await direct.text('DBSIZE'), 0);
    direct.close();
  });

  test('finds out that a memcached listens there, and shows a histogram', async () => {
    const { status, out } = await run(String(ringway.ports[1]), ...SHORT);
    assert.equal(status, 0, out);
    assert.match(out, /\(memcached\): 200 requests\/s for 1 s over 5 connections, 90 % GET/);
    assert.match(out, /^requests {3}\d+ answered/m);
    assert.match(out, /^ {2}< +[\d.]+ (µs|ms|s) +[\d.]+ % █/m);
  });

  test('says what is wrong', async () => {
    const wrong = async (...argv: string[]): Promise<string> => {
      const { status, err } = await run(...argv);
      assert.equal(status, 1);
      return err;
    };
    assert.match(await wrong(), /expected one ADDRESS/);
    assert.match(await wrong('host'), /"host" is no address/);
    assert.match(await wrong('1', '--rate=0'), /--rate is a number from 1 to 1000000, not "0"/);
    assert.match(await wrong('1', '--prefix=a b'), /--prefix has/);
    assert.match(await wrong(String(redis.port), ...SHORT), /NOAUTH/);
    const { server, tlsPort } = await startTlsRedis();
    assert.match(
      await wrong(String(tlsPort), ...SHORT),
      /closes the connection before .* TLS \(--tls\)\?/,
    );
    await server.stop();
    const anything = (bytes: Buffer, at: number) => (at < bytes.length ? bytes.length : -1);
    const web = await startFake(
      inOrder([send('HTTP/1.1 400 Bad \x1b[31mRequest\r\n\r\n')]),
      anything,
    );
    const said = await wrong(String(web.port), ...SHORT);
    assert.match(
      said,
      /to PING it says HTTP\/1\.1 400 Bad .*: that is neither a Redis nor a memcached/,
    );
    assert.ok(!said.includes('\x1b'));
    await web.stop();
    const file = join(folder, 'wrong-password');
    writeFileSync(file, 'hunter2');
    const repeats = "-ERR unknown command 'AUTH', with args beginning with: 'hunter2' ";
    const old = await startFake(
      (index) => send(index === 0 ? '+PONG\r\n' : `${repeats}\r\n`),
      anything,
    );
    assert.match(
      await wrong(String(old.port), '--password-file', file, ...SHORT),
      /the login is refused: ERR unknown command 'AUTH'$/m,
    );
    await old.stop();
    const refused = redis.port;
    await redis.stop();
    const away = await wrong(`127.0.0.1:${refused}`, ...SHORT);
    assert.match(away, new RegExp(`^ringway: 127\\.0\\.0\\.1:${refused}: connect ECONNREFUSED`));
  });
});

test('bars are as long as the screen is wide', () => {
  const latencies = new Float64Array(BUCKETS);
  latencies[bucketOf(100)] = 90;
  latencies[bucketOf(1000)] = 10;
  const result = {
    ...{ sent: 100, answered: 100, errors: 0, seconds: 2, trouble: '', maxMicros: 1000 },
    latencies,
    late: new Float64Array(BUCKETS),
  };
  for (const [columns, bar] of [
    [20, 1],
    [40, 17],
    [200, 40],
  ]) {
    const text = resultText(result, columns);
    assert.match(text, new RegExp(` {4}90\\.0 % █{${bar}}$`, 'm'));
    assert.match(text, /100 answered, 50\/s/);
  }
});
