import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { runCli } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startMemcached, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, poolFile, startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// Names of the file are its UTF-8 wherever they are printed. Twelve bytes each, in letters of one to
// four bytes.
const NAME = 'größe-鍵-🔑';
const OTHER = 'zweite-größe';
const POOL = 'becken-ä';
const CACHE = 'speicher-ö';
/** What comes of them when bytes are taken for letters. */
const SPOILT = /Ã|Â|ð\u009f|é\u008d|\ufffd|größe-(?!鍵)\S*8/;

/** Errors are read as one character per byte. */
function errorText(reply: unknown): string {
  return Buffer.from(String(reply), 'latin1').toString('utf8');
}

function fetchText(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    }).on('error', reject);
  });
}

describe('names with letters beyond ASCII', () => {
  let redis: RealServer[];
  let memcached: RealServer;
  let ringway: ChildRingway;
  let http: number;
  let admin: string;
  let client: RespClient;

  before(async () => {
    redis = await Promise.all([startRedis(), startRedis()]);
    memcached = await startMemcached();
    http = await freePort();
    admin = `/tmp/ringway-names-${http}.sock`;
    ringway = await startChild(
      [
        {
          name: POOL,
          slowlog_ms: 1,
          allow_flush: true,
          servers: [
            `127.0.0.1:${redis[0].port}:1 ${NAME}`,
            `127.0.0.1:${redis[1].port}:1 ${OTHER}`,
          ],
        },
        {
          name: CACHE,
          redis: false,
          timeout: 5000,
          servers: [`127.0.0.1:${memcached.port}:1 ${NAME}`, `127.0.0.1:1:1 ${OTHER}`],
        },
      ],
      { args: ['--http-addr', String(http), '--admin-socket', admin] },
    );
    client = await RespClient.open(ringway.port);
  });
  after(async () => {
    client?.close();
    await ringway?.stop();
    await Promise.all([...(redis ?? []), memcached].map((server) => server?.stop()));
  });

  function holds(text: string, ...names: string[]): void {
    for (const name of names) assert.ok(text.includes(name), `${name} in ${text}`);
    assert.doesNotMatch(text, SPOILT);
  }

  test('the stats port', async () => {
    const socket = await RespClient.open(ringway.statsPort);
    const stats = JSON.parse((await socket.readToEnd()).toString('utf8'));
    assert.deepEqual(Object.keys(stats[POOL]).slice(-2).sort(), [NAME, OTHER].sort());
    assert.ok(NAME in stats[CACHE]);
  });

  test('metrics, status, ctl, top', async () => {
    holds(await fetchText(http, '/metrics'), `pool="${POOL}",server="${NAME}"`, OTHER, CACHE);
    holds(await fetchText(http, '/status.json'), `"${NAME}"`, `"${POOL}"`);
    holds(JSON.stringify(await askAdmin(admin, 'status')), NAME, POOL);
    holds(JSON.stringify(await askAdmin(admin, 'stats')), NAME, POOL);
    const ctl = await runCli(['ctl', `--admin-socket=${admin}`, 'stats']);
    holds(ctl.stdout, NAME, POOL, CACHE);
    const top = await runCli(['top', '--once', `--http-addr=127.0.0.1:${http}`]);
    holds(top.stdout, POOL, CACHE);
  });

  test('explain, with a live proxy too, and check', async () => {
    for (const more of [[], ['--live', `--http-addr=127.0.0.1:${http}`], ['--json']]) {
      const args = ['explain', 'some-key', `--pool=${POOL}`, '-c', ringway.file, ...more];
      const { status, stdout, stderr } = await runCli(args);
      assert.equal(status, 0, stderr);
      holds(stdout, POOL);
      assert.ok(stdout.includes(NAME) || stdout.includes(OTHER), stdout);
    }
    const next = `${ringway.file}.next`;
    const line = `127.0.0.1:${redis[0].port}:1 ${NAME}`;
    writeFileSync(next, (await poolFile([{ name: POOL, servers: [line] }])).text);
    holds((await runCli(['check', ringway.file, next])).stdout, `${OTHER} is gone`, NAME);
  });

  test("INFO: the pool's part, and one server by its name", async () => {
    holds(String(await client.command('INFO', 'pool')), `name=${NAME}`, `pool:${POOL}`);
    const info = String(await client.command('INFO', `@${NAME}`, 'server'));
    assert.match(info, new RegExp(`tcp_port:${redis[0].port}`));
    holds(errorText(await client.command('INFO', '@größe')), "no server 'größe'");
  });

  test('errors of Redis pools', async () => {
    const keys = await keysOfBoth();
    holds(errorText(await client.command('RENAME', ...keys)), `(${NAME})`, `(${OTHER})`);
    const direct = await RespClient.open(redis[0].port);
    await direct.command('CONFIG', 'SET', 'requirepass', 'pw');
    await direct.command('CLIENT', 'KILL', 'TYPE', 'normal');
    try {
      const flushed = errorText(await client.command('FLUSHALL'));
      holds(flushed, `${NAME} did not do it`);
    } finally {
      const again = await RespClient.open(redis[0].port);
      await again.command('AUTH', 'pw');
      await again.command('CONFIG', 'SET', 'requirepass', '');
      again.close();
      direct.close();
    }
  });

  test('the slow log, as Redis shows it and in the log', async () => {
    const [key] = await keysOfBoth();
    const script =
      'local t = redis.call("TIME") while redis.call("TIME")[2] - t[2] < 9000 and ' +
      'redis.call("TIME")[1] == t[1] do end return 1';
    await waitFor('a slow one', async () => {
      await client.command('EVAL', script, '1', key);
      const entries = JSON.stringify(await client.command('SLOWLOG', 'GET'), (_, value) =>
        value?.type === 'Buffer' ? Buffer.from(value.data).toString('utf8') : value,
      );
      if (!entries.includes('took')) return false;
      holds(entries, `[server ${NAME} took`);
      return true;
    });
    holds(ringway.log.filter((line) => line.includes('slow request')).join('\n'), POOL, NAME);
  });

  test('stats of memcached pools', async () => {
    const stats = async (line: string): Promise<string> => {
      const socket = await RespClient.open(ringway.ports[1]);
      await socket.send(`${line}\r\nquit\r\n`);
      const text = (await socket.readToEnd()).toString('utf8');
      socket.close();
      return text;
    };
    holds(await stats('stats'), `STAT pool ${CACHE}\r\n`, `STAT ${NAME}:requests `);
    holds(await stats('stats servers'), `STAT ${NAME}:pid`, `STAT ${OTHER}:error`);
  });

  test('the log: listeners and failing servers', () => {
    const log = ringway.log.join('\n');
    holds(log, `pool ${POOL} listens on`, `${CACHE} | ${OTHER}`);
  });

  test('a reload keeps what is known of them', async () => {
    const { changes } = (await askAdmin(admin, 'reload --dry-run')) as { changes: object[] };
    assert.deepEqual(
      changes.map(({ change }: { change?: string }) => change),
      ['same', 'same'],
    );
  });

  /** A key of each server, that of NAME first. */
  async function keysOfBoth(): Promise<[string, string]> {
    const keys: Record<string, string> = {};
    for (let i = 0; Object.keys(keys).length < 2; i++) {
      const args = ['explain', `k${i}`, `--pool=${POOL}`, '-c', ringway.file, '--json'];
      const [{ server }] = JSON.parse((await runCli(args)).stdout);
      keys[server.name] ??= `k${i}`;
    }
    return [keys[NAME], keys[OTHER]];
  }
});
