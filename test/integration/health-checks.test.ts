import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../support/free-port.ts';
import {
  findBinary,
  type RealServer,
  startMemcached,
  startRedis,
} from '../support/real-servers.ts';
import { encodeRequest } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// The checks by which balancers and supervisors find out whether a Redis or a memcached is well: what
// each sends, and what it looks for before it says more. All wait for the last answer, too.

type Step = readonly [send: string | Buffer, expect: string];

const PING: Step = [encodeRequest('PING'), '+PONG\r\n'];
const QUIT: Step = ['QUIT\r\n', '+OK'];

const OF_REDIS: Readonly<Record<string, readonly Step[]>> = {
  'option redis-check of HAProxy': [PING],
  'tcp-check of HAProxy, for masters only': [
    ['PING\r\n', '+PONG'],
    ['info replication\r\n', 'role:master'],
    QUIT,
  ],
  'the health checker of Envoy': [PING, PING],
  'the health checker of Envoy, with a key': [[encodeRequest('EXISTS', 'maintenance'), ':0\r\n']],
  'the protocol redis of monit': [PING, [encodeRequest('QUIT'), '+OK']],
  'check_tcp of Nagios, line by line': [
    ['PING\n', 'PONG'],
    ['QUIT\n', '+OK'],
  ],
  'a sentinel, or who asks like one': [
    [encodeRequest('PING'), '+PONG\r\n'],
    [encodeRequest('INFO'), 'role:master'],
    [encodeRequest('PING'), '+PONG\r\n'],
  ],
};

const OF_MEMCACHED: Readonly<Record<string, readonly Step[]>> = {
  'tcp-check of HAProxy': [
    ['version\r\n', 'VERSION '],
    ['quit\r\n', ''],
  ],
  'tcp-check of HAProxy, by the counters': [
    ['stats\r\n', 'STAT uptime '],
    ['quit\r\n', ''],
  ],
  'a key that is written and read': [
    ['set check 0 5 2\r\nok\r\n', 'STORED\r\n'],
    ['get check\r\n', 'VALUE check 0 2\r\nok\r\nEND\r\n'],
  ],
};

/** Plays a check. @returns whether the other side has ended the connection behind the last answer */
async function play(port: number, steps: readonly Step[]): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let text = '';
  let ended = false;
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('end', () => {
    ended = true;
  });
  for (const [send, expected] of steps) {
    text = '';
    socket.write(send);
    await waitFor(`${expected} in ${text}`, () => text.includes(expected));
  }
  const isOver =
    /^quit/i.test(String(steps.at(-1)?.[0])) || String(steps.at(-1)?.[0]).includes('QUIT');
  if (isOver) await waitFor('the end', () => ended);
  socket.destroy();
  return ended;
}

describe('checks of a Redis pool', () => {
  let redis: RealServer;
  let ringway: TestRingway;
  before(async () => {
    redis = await startRedis();
    ringway = await startInProcess({ servers: shards([redis.port, await freePort()]) });
  });
  after(async () => {
    await ringway?.stop();
    await redis?.stop();
  });

  for (const [name, steps] of Object.entries(OF_REDIS)) {
    test(`${name}: as a Redis answers, though one of two servers is away`, async () => {
      assert.equal(await play(ringway.port, steps), await play(redis.port, steps));
    });
  }

  test('redis-cli, as a probe of Kubernetes runs it', async () => {
    const cli = findBinary(['redis-cli', 'valkey-cli']);
    assert.ok(cli !== undefined);
    const run = (...words: string[]) =>
      promisify(execFile)(cli, ['-p', String(ringway.port), ...words]);
    assert.equal((await run('ping')).stdout, 'PONG\n');
    assert.match((await run('info', 'replication')).stdout, /^role:master\r$/m);
  });

  test('before a login: the password first, as such checks send it', async () => {
    const own = await startInProcess({ servers: shards([redis.port]), redis_auth: 'secret' });
    await play(own.port, [
      ['PING\r\n', '-NOAUTH'],
      ['AUTH secret\r\n', '+OK'],
      ['PING\r\n', '+PONG'],
      QUIT,
    ]);
    await play(own.port, [['AUTH secret\nPING\n', '+OK\r\n+PONG\r\n'], QUIT]);
    await own.stop();
  });
});

describe('checks of a memcached pool', () => {
  for (const [name, steps] of Object.entries(OF_MEMCACHED)) {
    test(`${name}: as a memcached answers`, async () => {
      const server = await startMemcached();
      const ringway = await startInProcess({ servers: shards([server.port]), redis: false });
      assert.equal(await play(ringway.port, steps), await play(server.port, steps));
      await ringway.stop();
      await server.stop();
    });
  }
});
