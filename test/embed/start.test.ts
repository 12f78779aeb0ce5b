import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ConfigError, inFrontOf, parseConfig, type Ringway, start } from '../../src/index.ts';
import { type RealServer, startRedis, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';

// Ringway as a library: what docs/api.md promises.

async function readAll(socket: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const QUIET = { level: 3, write: () => {} };

describe('an embedded proxy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-embed-'));
  let redis: RealServer[] = [];
  let servers: string[] = [];

  before(async () => {
    redis = await startRedisSet(2);
    servers = redis.map(({ port }, i) => `127.0.0.1:${port}:1 shard${i + 1}`);
  });
  after(async () => {
    await Promise.all(redis.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  const pool = () => ({ listen: '127.0.0.1:0', redis: true, servers }) as const;
  const textOf = (more = '') =>
    `cache:\n  listen: 127.0.0.1:0\n  redis: true\n${more}  servers:\n` +
    servers.map((server) => `    - ${server}\n`).join('');

  async function serves(ringway: Ringway, port = ringway.port): Promise<void> {
    const client = await RespClient.open(port);
    assert.equal(await client.text('SET', 'key', 'here'), 'OK');
    assert.equal(await client.text('GET', 'key'), 'here');
    client.close();
  }

  test('from pools, from text, from a parsed configuration: on a port of the system', async () => {
    const sources = [
      { pools: { cache: pool() } },
      { text: textOf() },
      { text: Buffer.from(textOf()) },
      { config: parseConfig(textOf()) },
      { config: parseConfig({ cache: pool() }) },
    ];
    for (const source of sources) {
      const ringway = await start({ ...source, log: QUIET });
      assert.ok(ringway.port > 0);
      assert.deepEqual(ringway.address('cache'), { host: '127.0.0.1', port: ringway.port });
      await serves(ringway);
      await ringway.stop();
    }
  });

  test('the log says which port the system chose, and what a reload changes as the file has it', async () => {
    const lines: string[] = [];
    const log = { level: 5, write: (_level: number, line: string) => void lines.push(line) };
    const ringway = await start({ pools: { cache: pool() }, log });
    const listens = `pool cache listens on 127.0.0.1:${ringway.port} for 2 servers`;
    assert.ok(lines.includes(listens), lines.join('\n'));
    await ringway.reload({ pools: { cache: { ...pool(), hash_tag: '{}' } } });
    assert.match(lines.join('\n'), /hash_tag: none → \{\}$/m);
    await ringway.stop();
  });

  test('the status page is where the proxy says, and nowhere unless asked for', async () => {
    const source = { pools: { cache: pool() }, log: QUIET };
    const ringway = await start({ ...source, http: { host: '127.0.0.1', port: 0 } });
    const page = await fetch(new URL('status.json', ringway.http as string));
    assert.equal(((await page.json()) as { pools: { name: string }[] }).pools[0].name, 'cache');
    await ringway.stop();
    const without = await start(source);
    assert.equal(without.http, null);
    await without.stop();
  });

  test('the stats are where the proxy says, and its log; nowhere unless asked for', async () => {
    const lines: string[] = [];
    const log = { level: 5, write: (_level: number, line: string) => void lines.push(line) };
    for (const host of ['127.0.0.1', '::1']) {
      const ringway = await start({ pools: { cache: pool() }, log, stats: { host, port: 0 } });
      const { port = 0 } = ringway.statsAddress ?? {};
      assert.deepEqual(ringway.statsAddress, { host, port });
      assert.ok(port > 0);
      assert.ok(lines.includes(`stats on ${host === '::1' ? '[::1]' : host}:${port}`));
      const socket = connect(port, host);
      const text = await readAll(socket);
      assert.ok('cache' in JSON.parse(text));
      await ringway.stop();
      assert.equal(ringway.statsAddress, null);
    }
    const without = await start({ pools: { cache: pool() }, log: QUIET });
    assert.equal(without.statsAddress, null);
    await without.stop();
  });

  test('options of another form are told with what is expected', async () => {
    const source = { pools: { cache: pool() }, log: QUIET };
    const wrong: readonly [options: object | undefined, message: RegExp][] = [
      [undefined, /^expected an object with options$/],
      [
        { ...source, htp: { host: '127.0.0.1', port: 0 } },
        /^unknown option htp; did you mean http\?$/,
      ],
      [{ ...source, workers: 2 }, /^unknown option workers$/],
      [{ ...source, http: '127.0.0.1:0' }, /^http: expected \{ host: '127\.0\.0\.1', port: 0 \}$/],
      [{ ...source, stats: { port: 0 } }, /^stats: expected \{ host/],
      [{ ...source, stats: { host: '127.0.0.1', port: '1' } }, /^stats: expected \{ host/],
      [{ ...source, admin: '/run/a.sock' }, /^admin: expected \{ path/],
      [{ ...source, log: console.log }, /^log: expected \{ level, write/],
      [{ ...source, latency: 'no' }, /^latency: expected true or false$/],
      [{ ...source, memoryLimit: -1 }, /^memoryLimit: expected a whole number from 0$/],
      [{ ...source, listenFds: { cache: 3 } }, /^listenFds: expected a Map/],
    ];
    for (const [options, message] of wrong) {
      await assert.rejects(start(options as never), { code: 'RINGWAY_USAGE', message });
    }
  });

  test('from a file, where port 0 stays a mistake', async () => {
    const file = join(folder, 'zero.yml');
    writeFileSync(file, textOf());
    await assert.rejects(start({ config: file, log: QUIET }), /zero\.yml:2:11: cache\.listen: "0"/);
  });

  test('several pools with ports of the system, a socket file, and a reload that keeps them', async () => {
    const path = join(folder, 'a.sock');
    const pools = { a: pool(), bb: pool(), ccc: { ...pool(), listen: path } };
    const ringway = await start({ pools, log: QUIET });
    const at = (name: string) => (ringway.address(name) as { port: number }).port;
    const ports = [at('a'), at('bb')];
    assert.equal(new Set(ports).size, 2);
    assert.deepEqual(ringway.address('ccc'), { path });
    const client = await RespClient.open(ports[1]);
    await ringway.reload({ pools: { ...pools, bb: { ...pool(), timeout: 77 }, dddd: pool() } });
    assert.deepEqual([at('a'), at('bb')], ports);
    assert.equal(ringway.config.pools.find(({ name }) => name === 'bb')?.timeoutMs, 77);
    assert.equal(await client.text('PING'), 'PONG', 'who was connected stays');
    await serves(ringway, at('dddd'));
    assert.throws(() => ringway.address('none'), { code: 'RINGWAY_USAGE' });
    client.close();
    await ringway.stop();
  });

  test('a reload with a mistake changes nothing, and says where it is', async () => {
    const ringway = await start({ text: textOf(), file: 'mine.yml', log: QUIET });
    const wrong = { text: textOf('  timout: 1\n'), file: 'next.yml' };
    await assert.rejects(ringway.reload(wrong), (error: ConfigError) => {
      const { file, line, column, path } = error.problems[0];
      assert.deepEqual([file, line, column, path], ['next.yml', 4, 3, 'cache.timout']);
      return true;
    });
    await assert.rejects(ringway.reload(), { code: 'RINGWAY_USAGE' });
    await assert.rejects(ringway.reload({}), { code: 'RINGWAY_USAGE' });
    await assert.rejects(ringway.reload({ text: textOf(), pools: {} }), { code: 'RINGWAY_USAGE' });
    await serves(ringway);
    await ringway.reload({ text: textOf('  timeout: 5\n') });
    assert.equal(ringway.config.pools[0].timeoutMs, 5);
    await ringway.stop();
  });

  test('the status page tells the port that the system chose', async () => {
    const ringway = await start({ pools: { cache: pool() }, log: QUIET });
    const [{ listen }] = (await ringway.status()).pools;
    assert.equal(listen, `127.0.0.1:${ringway.port}`);
    await ringway.reload({ pools: { cache: pool(), more: { ...pool(), listen: 'localhost:0' } } });
    const listens = (await ringway.status()).pools.map((each) => each.listen).sort();
    const { port } = ringway.address('more') as { port: number };
    assert.deepEqual(listens, [listen, `localhost:${port}`]);
    await ringway.stop();
  });

  test('in front of given servers, with and without a weight, a name, a port', async () => {
    const path = join(folder, 'redis.sock');
    const onSocket = await startRedis({ args: ['--unixsocket', path] });
    const { port } = redis[0];
    for (const [server, name] of [
      [`127.0.0.1:${port}`, `127.0.0.1:${port}`],
      [`127.0.0.1:${port} ada:1:1`, 'ada:1:1'],
      [`127.0.0.1:${port}:2 ada`, 'ada'],
      [path, `${path}:`],
      [`${path} ada`, 'ada'],
      [`${path}:1 ada`, 'ada'],
    ]) {
      const ringway = await inFrontOf([server]);
      assert.deepEqual(
        ringway.config.pools[0].servers.map((each) => each.name),
        [name],
      );
      await serves(ringway);
      await ringway.stop();
    }
    await onSocket.stop();
    await assert.rejects(async () => inFrontOf(['nowhere']), /"nowhere" is not complete/);
  });

  test('it is disposed of, twice if need be; nothing listens any more', async () => {
    const ringway = await inFrontOf(servers.map((server) => server.replace(/:1 .*/, '')));
    const { port } = ringway;
    await serves(ringway);
    await ringway[Symbol.asyncDispose]();
    await ringway.stop();
    await assert.rejects(RespClient.open(port));
  });

  test('a server is taken out of the ring and put back', async () => {
    const ringway = await inFrontOf(servers);
    const client = await RespClient.open(ringway.port);
    const places = async () => {
      await client.command('FLUSHALL');
      for (let i = 0; i < 20; i++) await client.command('SET', `key:${i}`, 'x');
      const direct = await RespClient.open(redis[0].port);
      const held = await direct.command('DBSIZE');
      direct.close();
      return Number(held);
    };
    await ringway.reload({
      pools: { test: { ...pool(), allow_flush: true } },
    });
    const before = await places();
    assert.ok(before > 0 && before < 20, String(before));
    ringway.order('test', 'shard1', 'eject');
    for (const { port } of redis) await flush(port);
    assert.equal(await places(), 0);
    ringway.order('test', 'shard1', 'enable');
    assert.equal(await places(), before);
    assert.throws(() => ringway.order('test', 'nobody', 'eject'), /no server 'nobody'/);
    client.close();
    await ringway.stop();
  });

  async function flush(port: number): Promise<void> {
    const client = await RespClient.open(port);
    await client.command('FLUSHALL');
    client.close();
  }
});

describe('a configuration that is an object', () => {
  const good = { listen: '127.0.0.1:0', servers: ['127.0.0.1:1:1 a'] };

  test('means what the same file means', () => {
    const pools = {
      alpha: { ...good, redis: true, hash_tag: '{}', timeout: 400, hash: 'md5' },
    } as const;
    const text = `alpha:\n  listen: 127.0.0.1:0\n  redis: true\n  hash_tag: "{}"\n  timeout: 400\n  hash: md5\n  servers:\n    - 127.0.0.1:1:1 a\n`;
    const plain = (config: object) =>
      JSON.parse(
        JSON.stringify(config, (key, value) =>
          ['position', 'keyPositions', 'line', 'column', 'file'].includes(key) ? undefined : value,
        ),
      );
    assert.deepEqual(plain(parseConfig(pools)), plain(parseConfig(text)));
  });

  test('text of any kind stays text: quotes, colons, line ends, other letters', () => {
    for (const name of ['a: b', '"', "it's", '# no', '- x', 'ключ', '{}', 'a\\nb', '*a', '&b']) {
      const [server] = parseConfig({ [name]: { ...good, redis: true, redis_auth: name } }).pools;
      assert.equal(server.name, name);
    }
  });

  test('whatever no file can say is told with its path', () => {
    const problems = (pools: unknown): string[] => {
      try {
        parseConfig(pools as Parameters<typeof parseConfig>[0], 'mine');
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
        return error.problems.map(({ file, path }) => `${file} ${path}`);
      }
      return [];
    };
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    for (const value of [null, {}, () => 1, Number.NaN, 10n, cycle, [null], Symbol('s')]) {
      assert.deepEqual(problems({ alpha: { ...good, timeout: value } }), ['mine alpha.timeout']);
    }
    assert.deepEqual(problems({ alpha: { ...good, timout: 1 } }), ['mine alpha.timout']);
    assert.deepEqual(problems({ alpha: 7 }), ['mine alpha']);
    assert.deepEqual(problems(null), ['mine ']);
    assert.deepEqual(problems({}), ['mine ']);
    const [path] = problems(JSON.parse('{"__proto__": {"listen": "x"}}'));
    assert.match(path, /^mine __proto__/);
  });
});
