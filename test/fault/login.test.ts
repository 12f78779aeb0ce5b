import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { poolFile, shards, startChild, startInProcess } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';
import { loginLoad } from './login-load.ts';
import { residentBytes } from './targets.ts';

const MIB = 1024 * 1024;
const PASSWORD = 's3cret';
const REFUSED = 'ReplyError: NOAUTH Authentication required';
const NO_AUTH = '-NOAUTH Authentication required\r\n';

let redis: RealServer;

before(async () => {
  redis = await startRedis();
});
after(async () => {
  await redis.stop();
});

async function enter(port: number, password: string = PASSWORD): Promise<RespClient> {
  const client = await RespClient.open(port);
  assert.equal(await client.command('AUTH', password), 'OK');
  return client;
}

async function openMany(port: number, count: number): Promise<RespClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => RespClient.open(port)));
  for (const { socket } of clients) socket.on('error', () => {});
  return clients;
}

function inProcess(keys: object = {}) {
  return startInProcess({ servers: shards([redis.port]), redis_auth: PASSWORD, ...keys });
}

describe('strangers at the door', () => {
  test('240 clients with 2 MB of a request each: nothing is kept, nobody is closed', async () => {
    const pool = { servers: shards([redis.port]), redis_auth: PASSWORD };
    const ringway = await startChild(pool, { args: ['--memory-mib=64'] });
    const inside = await enter(ringway.port);
    await inside.command('PING');
    const strangers = await openMany(ringway.port, 240);
    const before = ringway.peakMemory();
    const half = encodeRequest('SET', 'k', Buffer.alloc(3.9 * MIB)).subarray(0, 2 * MIB);
    await Promise.all(strangers.map((client) => client.send(half)));
    for (let i = 0; i < 50; i++) assert.equal(await inside.command('PING'), 'PONG');
    await delay(100);
    const grown = ringway.peakMemory() - before;
    assert.ok(grown < 96 * MIB, `${Math.round(grown / MIB)} MiB were kept`);
    assert.ok(!ringway.log.some((line) => line.includes('is closed')), ringway.log.join('\n'));
    for (const client of strangers) assert.equal(client.ended, false);
    const rest = encodeRequest('SET', 'k', Buffer.alloc(3.9 * MIB)).subarray(2 * MIB);
    strangers[0].socket.write(rest);
    assert.equal(String(await strangers[0].readRaw(1)), NO_AUTH);
    for (const client of [inside, ...strangers]) client.close();
    await ringway.stop();
  });

  test('they are closed to make room, whatever they hold, and those inside are not', async () => {
    const ringway = await startChild(
      { servers: shards([redis.port]), redis_auth: PASSWORD },
      { args: ['--memory-mib=16'] },
    );
    const inside = await enter(ringway.port);
    const strangers = await openMany(ringway.port, 100);
    // An AUTH that does not end may be kept: 15 KiB of each.
    const half = encodeRequest('AUTH', Buffer.alloc(15 * 1024)).subarray(0, 14 * 1024);
    await Promise.all(strangers.map((client) => client.send(half)));
    await delay(100);
    assert.ok(strangers.every((client) => !client.ended));
    // Now one inside holds most: its own requests fill the memory.
    const holders = await Promise.all(Array.from({ length: 5 }, () => enter(ringway.port)));
    const body = encodeRequest('SET', 'k', Buffer.alloc(3.9 * MIB)).subarray(0, 3 * MIB);
    for (const holder of holders) await holder.send(body);
    await waitFor('strangers to be closed', () => strangers.some((client) => client.ended));
    await delay(100);
    assert.equal(await inside.command('PING'), 'PONG');
    assert.equal(holders.filter((client) => client.ended).length, 0);
    for (const client of [inside, ...strangers, ...holders]) client.close();
    await ringway.stop();
  });
});

describe('a crowd at the door', () => {
  test('guesses and half logins close nobody inside, and memory stays bounded', async () => {
    const pool = { servers: shards([redis.port]), redis_auth: PASSWORD };
    const ringway = await startChild(pool, { args: ['--memory-mib=64'] });
    const common = { port: ringway.port, password: PASSWORD, crowd: 300, rate: 2000, inside: 4 };
    const warm = await loginLoad({ ...common, asks: 'pings', halves: 0, ms: 500 });
    assert.equal(warm.insideClosed, 0);
    const before = residentBytes(ringway.pid);
    const figures = await loginLoad({ ...common, asks: 'guesses', halves: 200, ms: 3000 });
    const grown = residentBytes(ringway.pid) - before;
    assert.equal(figures.insideClosed, 0);
    assert.equal(figures.othersClosed, 0, 'there is no limit on tries, and room for all');
    // How fast is for login-report: each that is inside was answered.
    assert.deepEqual(figures.failed, []);
    assert.ok(
      figures.answered.every((times) => times > 0),
      JSON.stringify(figures),
    );
    assert.ok(figures.asked > 1000, JSON.stringify(figures));
    assert.ok(grown < 48 * MIB, `${Math.round(grown / MIB)} MiB more are resident`);
    const lines = ringway.log.filter((line) => line.includes('wrong password or user'));
    assert.ok(lines.length > 0 && lines.length < 20, `${lines.length} lines`);
    await ringway.stop();
  });
});

describe('time and tries to log in', () => {
  test('a client that does not log in within login_timeout is closed', async () => {
    const { port, ringway, stop } = await inProcess({ login_timeout: 3000 });
    const inside = await enter(port);
    const [silent, asking] = await openMany(port, 2);
    const begun = performance.now();
    for (let i = 0; i < 4; i++) {
      assert.equal(
        String(await asking.command('PING')),
        'ReplyError: NOAUTH Authentication required',
      );
      await delay(20);
    }
    await silent.readToEnd();
    await asking.readToEnd();
    assert.ok(performance.now() - begun > 2900);
    assert.equal(await inside.command('PING'), 'PONG', 'who is inside stays');
    assert.equal(JSON.parse(ringway.stats()).pool1.client_connections, 1);
    // Logging out begins the time anew.
    assert.equal(await inside.command('RESET'), 'RESET');
    await inside.readToEnd();
    await stop();
  });

  test('after max_auth_failures the client is told, and closed', async () => {
    const { port, log, stop } = await inProcess({ max_auth_failures: 3 });
    const client = await RespClient.open(port);
    client.socket.write(
      Buffer.concat([
        encodeRequest('AUTH', 'a'),
        encodeRequest('AUTH', 'default', 'b'),
        encodeRequest('HELLO', 3, 'AUTH', 'default', 'c'),
        encodeRequest('AUTH', PASSWORD),
      ]),
    );
    const wrong = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
    const all = String(await client.readToEnd());
    assert.equal(all, `-ERR invalid password\r\n${wrong}${wrong}`);
    const patient = await RespClient.open(port);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2; i++) await patient.command('AUTH', 'wrong');
      assert.equal(await patient.command('AUTH', PASSWORD), 'OK', 'a right one begins anew');
    }
    patient.close();
    const lines = log.filter((line) => line.includes('wrong password or user'));
    assert.ok(lines.length > 0 && lines.length <= 2, lines.join('\n'));
    assert.ok(!log.some((line) => line.includes(PASSWORD)));
    await stop();
  });

  test('failed and late logins are counted', async () => {
    const http = `127.0.0.1:${await freePort()}`;
    const keys = { redis_auth: PASSWORD, login_timeout: 2000 };
    const ringway = await startChild(
      { servers: shards([redis.port]), ...keys },
      { args: ['--http-addr', http] },
    );
    const client = await RespClient.open(ringway.port);
    await client.pipeline([
      ['AUTH', 'a'],
      ['AUTH', 'someone', PASSWORD],
      ['HELLO', 2, 'AUTH', 'default', 'b'],
    ]);
    await client.readToEnd();
    const metrics = await (await fetch(`http://${http}/metrics`)).text();
    assert.match(metrics, /^ringway_auth_failures_total\{pool="pool1"\} 3$/m);
    assert.match(metrics, /^ringway_login_timeouts_total\{pool="pool1"\} 1$/m);
    await ringway.stop();
  });

  test('without these keys a client may try for ever', async () => {
    const { port, stop } = await inProcess();
    const client = await RespClient.open(port);
    const tries = Array.from({ length: 2000 }, (_, i) => ['AUTH', `p${i}`]);
    const replies = await client.pipeline(tries);
    assert.ok(replies.every((reply) => String(reply) === 'ReplyError: ERR invalid password'));
    assert.equal(await client.command('AUTH', PASSWORD), 'OK');
    client.close();
    await stop();
  });
});

describe('a reload that changes redis_auth', () => {
  async function withReload(
    keys: object,
    use: (port: number, reload: (keys: object) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const servers = shards([redis.port]);
    const ringway = await startInProcess({ servers, ...keys });
    const listen = `127.0.0.1:${ringway.port}`;
    const reload = async (next: object): Promise<void> => {
      const { text } = await poolFile([{ servers, listen, ...next }]);
      await ringway.ringway.reload(parseConfig(Buffer.from(text), 'test.yml'));
    };
    try {
      await use(ringway.port, reload);
    } finally {
      await ringway.stop();
    }
  }

  test('a pool that gets a password asks for it', async () => {
    await withReload({}, async (port, reload) => {
      const [idle, named, half, large] = await openMany(port, 4);
      assert.equal(await idle.command('PING'), 'PONG');
      // Without a password every AUTH of the user default is right: it proves nothing.
      assert.equal(await named.command('AUTH', 'default', PASSWORD), 'OK');
      await half.send('*2\r\n$3\r\nGET\r\n$5\r\nke');
      const body = encodeRequest('SET', 'k', Buffer.alloc(3 * MIB));
      await large.send(body.subarray(0, 2 * MIB));
      await delay(50);
      await reload({ redis_auth: PASSWORD });
      for (const client of [idle, named]) {
        assert.equal(String(await client.command('PING')), REFUSED);
        assert.equal(await client.command('AUTH', PASSWORD), 'OK');
      }
      half.socket.write('y:5\r\n');
      large.socket.write(body.subarray(2 * MIB));
      for (const client of [half, large]) {
        assert.equal(String(await client.readRaw(1)), NO_AUTH);
        assert.equal(await client.command('AUTH', PASSWORD), 'OK');
        client.close();
      }
      // Its login is over when the password is gone: the next one has to be given.
      await reload({});
      assert.equal(await idle.command('PING'), 'PONG');
      await reload({ redis_auth: 'another' });
      assert.equal(String(await idle.command('PING')), REFUSED);
      idle.close();
      named.close();
    });
  });

  test('who has logged in stays so under another password, others need the new one', async () => {
    await withReload({ redis_auth: PASSWORD }, async (port, reload) => {
      const inside = await enter(port);
      const [outside] = await openMany(port, 1);
      await reload({ redis_auth: 'another' });
      assert.equal(await inside.command('PING'), 'PONG');
      assert.equal(String(await outside.command('PING')), REFUSED);
      const reply = await outside.command('AUTH', PASSWORD);
      assert.equal(String(reply), 'ReplyError: ERR invalid password');
      assert.equal(await outside.command('AUTH', 'another'), 'OK');
      // RESET takes a login away that only the old password had given.
      assert.equal(await inside.command('RESET'), 'RESET');
      assert.equal(String(await inside.command('PING')), REFUSED);
      inside.close();
      outside.close();
    });
  });

  test('login_timeout begins when a client is asked to log in', async () => {
    await withReload({}, async (port, reload) => {
      const [client] = await openMany(port, 1);
      await client.command('PING');
      await delay(3100);
      await reload({ redis_auth: PASSWORD, login_timeout: 3000 });
      assert.equal(String(await client.command('PING')), REFUSED);
      await client.readToEnd();
    });
  });
});
