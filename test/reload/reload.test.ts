import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { parseConfig } from '../../src/config/index.ts';
import { compareConfigs } from '../../src/proxy/pool/config-changes.ts';
import { freePort } from '../support/free-port.ts';
import { fill, KEYS, owners, PipelinedLoad } from '../support/pipelined-load.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, poolFile, startChild } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

const RELOADS = 100;
const MOST_BROKEN = 20;

let redis: RealServer[] = [];

before(async () => {
  redis = await Promise.all([1, 2, 3, 4].map(() => startRedis()));
  await fill(redis);
});
after(async () => {
  await Promise.all(redis.map((server) => server.stop()));
});

/** Lines of the servers with these numbers, from 1. */
function lines(...numbers: number[]): string[] {
  return numbers.map((n) => `127.0.0.1:${redis[n - 1].port}:1 s${n}`);
}

interface Running {
  readonly ringway: ChildRingway;
  readonly socket: string;
  /** Writes the file; other keys than the servers stay. */
  write(servers: readonly string[], more?: object): Promise<void>;
  reload(words?: string): Promise<Record<string, unknown>>;
}

async function run(servers: readonly string[], ...args: string[]): Promise<Running> {
  const socket = `/tmp/ringway-reload-${process.pid}-${await freePort()}.sock`;
  const more = ['--admin-socket', socket, '--http-addr', 'off', '--stats-own', ...args];
  const ringway = await startChild({ servers }, { args: more });
  return {
    ringway,
    socket,
    write: async (next, keys = {}) => {
      const listen = `127.0.0.1:${ringway.port}`;
      const file = await poolFile([{ servers: next, listen, ...keys }]);
      writeFileSync(ringway.file, file.text);
    },
    reload: (words = 'reload') => askAdmin(socket, words),
  };
}

/** The share of the keys of the tests that move, worked out without a proxy. */
async function predicted(from: readonly string[], to: readonly string[]): Promise<number> {
  const configs = [from, to].map(async (servers) => {
    const { text } = await poolFile([{ servers }]);
    return parseConfig(Buffer.from(text), 'test.yml');
  });
  const keys = Array.from({ length: KEYS }, (_, n) => Buffer.from(`key:${n}`));
  const [change] = compareConfigs(await configs[0], await configs[1], keys);
  return change.moved?.share ?? -1;
}

interface Change {
  readonly movedPercent: number;
  readonly differences: readonly string[];
}

function changesOf(answer: Record<string, unknown>): Change {
  return (answer['changes'] as Change[])[0];
}

for (const workers of [1, 2]) {
  describe(`hot reload, ${workers} worker${workers === 1 ? '' : 's'}`, () => {
    test(`${RELOADS} reloads under pipelined load`, async () => {
      const { ringway, write, reload } = await run(lines(1, 2, 3), '--workers', String(workers));
      const load = new PipelinedLoad({
        port: ringway.port,
        clients: 8,
        depth: 16,
        visitorsEveryMs: 5,
      });
      const sets = [lines(2, 3, 4), lines(1, 2, 3)];
      for (let i = 0; i < RELOADS; i++) {
        await write(sets[i % 2]);
        const change = changesOf(await reload());
        assert.equal(change.differences.length, 2, 'one server new, one gone');
      }
      const before = load.answered;
      await waitFor('more replies', () => load.answered > before + 1000);
      await load.stop();
      const { summary } = load;
      assert.deepEqual(summary, { wrong: 0, lost: 0, refused: 0, unanswered: 0, first: '' });
      const stats = JSON.parse((await readStats(ringway.statsPort)).toString());
      assert.equal(stats.ringway.reloads, RELOADS);
      // Connections of servers that were removed are closed.
      assert.ok(stats.pool1.s1.server_connections <= workers);
      assert.equal(stats.pool1.s4, undefined);
      await ringway.stop();
    });

    test('keys move as the ring says, and no others', async () => {
      const { ringway, write, reload } = await run(lines(1, 2, 3), '--workers', String(workers));
      const first = await owners(ringway.port);
      await write(lines(1, 2, 3, 4));
      const planned = changesOf(await reload('reload --dry-run'));
      assert.deepEqual(await owners(ringway.port), first, 'a dry run changes nothing');
      const done = changesOf(await reload());
      assert.deepEqual(done, planned);
      const second = await owners(ringway.port);
      const moved = second.filter((owner, i) => owner !== first[i]);
      assert.ok(
        moved.every((owner) => owner === 's4'),
        'only to the new server',
      );
      const share = moved.length / KEYS;
      assert.equal(share, await predicted(lines(1, 2, 3), lines(1, 2, 3, 4)), 'as ketama says');
      assert.ok(done.movedPercent > 15 && done.movedPercent < 35, 'about a quarter');
      await write(lines(1, 2, 3));
      await reload();
      assert.deepEqual(await owners(ringway.port), first);
      await ringway.stop();
    });

    test(`${MOST_BROKEN} broken files change nothing and are shown`, async () => {
      const { ringway, reload } = await run(lines(1, 2, 3), '--workers', String(workers));
      const first = await owners(ringway.port);
      const client = await RespClient.open(ringway.port);
      for (let i = 0; i < MOST_BROKEN; i++) {
        writeFileSync(
          ringway.file,
          `pool1:\n  listen: 127.0.0.1:${ringway.port}\n  hash: no${i}\n`,
        );
        await assert.rejects(reload(), /hash.*"no\d+" is not known/);
      }
      assert.equal(String(await client.command('GET', 'key:1')), `key:1@${first[1]}`);
      client.close();
      assert.deepEqual(await owners(ringway.port), first);
      const stats = JSON.parse((await readStats(ringway.statsPort)).toString());
      assert.equal(stats.ringway.reload_errors, MOST_BROKEN);
      assert.equal(stats.ringway.reloads, 0);
      assert.ok(ringway.log.some((line) => line.includes('last good one stays')));
      await ringway.stop();
    });
  });
}

describe('what a reload changes', () => {
  test('SIGHUP reloads, and a watched file does', async () => {
    const { ringway, write } = await run(lines(1), '--watch');
    await write(lines(2));
    ringway.kill('SIGHUP');
    await waitFor('the new server', async () => (await owners(ringway.port))[0] === 's2');
    await write(lines(3));
    await waitFor('the watched file', async () => (await owners(ringway.port))[0] === 's3');
    await ringway.stop();
  });

  test('what is in flight on a removed server is answered, then its connection closes', async () => {
    const { ringway, write, reload } = await run(lines(1));
    const client = await RespClient.open(ringway.port);
    redis[0].kill('SIGSTOP');
    const asked = client.pipeline([
      ['GET', 'key:1'],
      ['GET', 'key:2'],
    ]);
    await delay(50);
    await write(lines(2));
    await reload();
    const other = await RespClient.open(ringway.port);
    assert.equal(String(await other.command('GET', 'key:1')), 'key:1@s2');
    redis[0].kill('SIGCONT');
    assert.deepEqual((await asked).map(String), ['key:1@s1', 'key:2@s1']);
    assert.equal(String(await client.command('GET', 'key:1')), 'key:1@s2');
    await waitFor('the old connection to close', async () => {
      const direct = await RespClient.open(redis[0].port);
      const list = await direct.text('CLIENT', 'LIST');
      direct.close();
      return String(list).trim().split('\n').length === 1;
    });
    client.close();
    other.close();
    await ringway.stop();
  });

  test('timeouts, weights, listeners and pools', async () => {
    const { ringway, reload } = await run(lines(1, 2));
    const [second, third] = [await freePort(), await freePort()];
    const client = await RespClient.open(ringway.port);
    await client.command('PING');
    const file = await poolFile([
      { name: 'pool1', listen: `127.0.0.1:${second}`, timeout: 200, servers: lines(1, 2) },
      { name: 'extra', listen: `127.0.0.1:${third}`, servers: lines(3) },
    ]);
    writeFileSync(ringway.file, file.text.replace(':1 s2', ':9 s2'));
    const answer = await reload();
    const change = (answer['changes'] as { pool: string; differences?: string[] }[]).find(
      ({ pool }) => pool === 'pool1',
    );
    assert.ok(change?.differences?.includes('timeout: 0 → 200'));
    assert.ok(change?.differences?.some((line) => line.startsWith('server s2: ')));
    assert.equal(await client.command('PING'), 'PONG', 'clients of the old listener stay');
    await assert.rejects(RespClient.open(ringway.port), /ECONNREFUSED/);
    assert.equal((await owners(third))[0], 's3');
    const share = (await owners(second)).filter((owner) => owner === 's2').length / KEYS;
    assert.ok(share > 0.7, `weight 9 of 10 gets ${share}`);
    redis[0].kill('SIGSTOP');
    redis[1].kill('SIGSTOP');
    assert.match(String(await client.command('GET', 'key:1')), /timed out/i);
    redis[0].kill('SIGCONT');
    redis[1].kill('SIGCONT');
    const guest = await RespClient.open(third);
    await guest.command('PING');
    writeFileSync(ringway.file, file.text.slice(0, file.text.indexOf('extra:')));
    await reload();
    await waitFor('the clients of the removed pool to be closed', () => guest.ended);
    await assert.rejects(RespClient.open(third), /ECONNREFUSED/);
    client.close();
    await ringway.stop();
  });

  test('an address that is taken refuses the whole reload', async () => {
    const { ringway, reload } = await run(lines(1));
    const listen = `127.0.0.1:${redis[1].port}`;
    const file = await poolFile([
      { name: 'pool1', listen: `127.0.0.1:${ringway.port}`, servers: lines(2) },
      { name: 'extra', listen, servers: lines(3) },
    ]);
    writeFileSync(ringway.file, file.text);
    await assert.rejects(reload(), /pool extra cannot listen.*already in use/);
    assert.equal((await owners(ringway.port))[0], 's1');
    await ringway.stop();
  });

  test('a request in the middle of a reload goes where its key lives now', async () => {
    const { ringway, write, reload } = await run(lines(1));
    const [small, large] = [
      await RespClient.open(ringway.port),
      await RespClient.open(ringway.port),
    ];
    const body = 'x'.repeat(300_000);
    await small.send('*3\r\n$3\r\nSET\r\n$5\r\nsmall\r\n$4\r\n12');
    await large.send(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$300000\r\n${body.slice(0, 200_000)}`);
    await delay(100);
    await write(lines(2));
    await reload();
    await small.send('34\r\n');
    await large.send(`${body.slice(200_000)}\r\n`);
    assert.deepEqual(await small.read(1), ['OK']);
    assert.deepEqual(await large.read(1), ['OK']);
    const direct = await RespClient.open(redis[1].port);
    assert.equal(String(await direct.command('GET', 'small')), '1234');
    assert.equal(await direct.command('STRLEN', 'large'), 300_000);
    await direct.command('DEL', 'small', 'large');
    for (const client of [small, large, direct]) client.close();
    await ringway.stop();
  });

  test('a large request that waits for replies when a reload comes is taken to its end', async () => {
    const limit = { max_assembled_request: 65_536 };
    const { ringway, write, reload } = await run(lines(1));
    await write(lines(1), limit);
    await reload();
    const client = await RespClient.open(ringway.port);
    const body = 'x'.repeat(300_000);
    const busy = "local n = 0 for i = 1, 3e7 do n = n + i end return 'done'";
    await client.send(
      `*4\r\n$4\r\nEVAL\r\n$${busy.length}\r\n${busy}\r\n$1\r\n1\r\n$1\r\nk\r\n` +
        `*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$300000\r\n${body.slice(0, 100_000)}`,
    );
    await write(lines(2, 1), limit);
    await reload();
    await client.send(`${body.slice(100_000)}\r\n`);
    assert.deepEqual((await client.read(2)).map(String), ['done', 'OK']);
    assert.equal(await client.command('STRLEN', 'large'), 300_000);
    await client.command('DEL', 'large');
    client.close();
    await ringway.stop();
  });
});

async function readStats(port: number): Promise<Buffer> {
  const client = await RespClient.open(port);
  return client.readToEnd();
}
