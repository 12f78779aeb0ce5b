import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startFake } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import {
  type ChildOptions,
  type PoolSpec,
  poolFile,
  spawnRingway,
  startChild,
  VARIANTS,
} from '../support/ringway.ts';
import { ROOT } from '../support/source-tree.ts';
import { waitFor } from '../support/wait.ts';

const CLI = join(ROOT, 'build/cli/ringway.js');

describe('the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-cli-'));
  let server: RealServer;
  let servers: string[] = [];

  before(async () => {
    server = await startRedis();
    servers = [`127.0.0.1:${server.port}:1 one`];
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Starts it on a file that it should refuse. @returns its status and log */
  const refused = async (pool: PoolSpec): Promise<{ status: number | null; text: string }> => {
    const ringway = await spawnRingway(await poolFile([pool]));
    const status = await ringway.gone();
    return { status, text: ringway.log.join('\n') };
  };

  for (const variant of VARIANTS) {
    test(`serves, codec ${variant.label}, and says what it runs`, async () => {
      const ringway = await startChild({ servers }, { variant });
      const client = await RespClient.open(ringway.port);
      assert.equal(await client.command('SET', 'k', 'v'), 'OK');
      assert.equal(String(await client.command('GET', 'k')), 'v');
      client.close();
      const codec = variant.codec === 'wasm' ? 'wasm-simd' : variant.codec;
      const ready = `ready: codec ${codec}, reader ${variant.reader}`;
      assert.ok(
        ringway.log.some((line) => line.endsWith(ready)),
        ringway.log.join('\n'),
      );
      await ringway.stop();
      assert.equal(await ringway.gone(), 0);
    });
  }

  test('-t: a good file and a bad one', () => {
    const good = join(folder, 'good.yml');
    const text = 'p:\n  listen: 127.0.0.1:22999\n  redis: true\n  servers:\n    - 127.0.0.1:1:1\n';
    writeFileSync(good, text);
    const bad = join(folder, 'bad.yml');
    writeFileSync(bad, text.replace('redis: true', 'redis: maybe'));
    const ran = (file: string) => {
      return spawnSync(process.execPath, [CLI, '-t', '-c', file], { encoding: 'utf8' });
    };
    const accepted = ran(good);
    assert.equal(accepted.status, 0);
    assert.equal(accepted.stderr, `ringway: configuration file '${good}' syntax is ok\n`);
    const rejected = ran(bad);
    assert.equal(rejected.status, 1);
    assert.match(rejected.stderr, /bad\.yml:3:\d+: /);
    assert.match(rejected.stderr, /bad\.yml' syntax is invalid\n$/);
  });

  test('a port that is taken: which pool, which address, status 1', async () => {
    const taken: Server = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
    const { status, text } = await refused({ name: 'mine', listen: `127.0.0.1:${port}`, servers });
    assert.equal(status, 1);
    const line = `pool mine cannot listen on 127.0.0.1:${port}: the address is already in use`;
    assert.ok(text.includes(line), text);
    assert.ok(!text.includes('    at '), 'no stack trace');
    taken.close();
  });

  describe('with little address space', () => {
    const limited = (codec: string): ChildOptions => {
      return { before: 'ulimit -v 2097152', args: ['--codec', codec] };
    };

    /** The codec that a process with this choice serves with; null when it does not start. */
    async function served(choice: string): Promise<[codec: string | null, log: string]> {
      const file = await poolFile([{ servers }]);
      const ringway = await spawnRingway(file, limited(choice));
      const codecOf = (): string | undefined => {
        return /ready: codec ([\w-]+)/.exec(ringway.log.join('\n'))?.[1];
      };
      await waitFor('a codec or the end', () => codecOf() ?? ringway.child.exitCode !== null);
      const codec = codecOf() ?? null;
      if (codec === null) assert.equal(await ringway.gone(), 1);
      else {
        const client = await RespClient.open(ringway.port);
        assert.equal(await client.command('SET', 'k', codec), 'OK');
        client.close();
        await ringway.stop();
      }
      const log = ringway.log.join('\n');
      assert.ok(!log.includes('    at '), 'no stack trace');
      return [codec, log];
    }

    test('auto takes what there is and says so; wasm takes nothing else', async (t) => {
      if (process.platform !== 'linux') return t.skip('ulimit -v is of Linux');
      const [codec, log] = await served('auto');
      const [forced] = await served('wasm');
      // Node 24 and later do with less address space per memory.
      const spares = Number(process.versions.node.split('.')[0]) >= 24;
      if (spares && codec === 'wasm-simd') {
        assert.doesNotMatch(log, /could not allocate/);
        assert.equal(forced, 'wasm-simd');
      } else {
        assert.equal(codec, 'js');
        assert.match(log, /codec js \(asked for auto\).*could not allocate/);
        assert.equal(forced, null);
      }
    });
  });

  test('SIGTERM: what is in flight is answered, new clients are refused, status 0', async () => {
    const fake = await startFake(() => ({
      do: 'send',
      bytes: Buffer.from('+late\r\n'),
      afterMs: 300,
    }));
    const ringway = await startChild({ servers: [`127.0.0.1:${fake.port}:1 f`] });
    const client = await RespClient.open(ringway.port);
    await client.send(encodeRequest('GET', 'k'));
    await waitFor('the request', () => fake.received.length === 1);
    ringway.kill('SIGTERM');
    assert.equal(String(await client.readToEnd()), '+late\r\n');
    assert.equal(await ringway.gone(), 0);
    await assert.rejects(RespClient.open(ringway.port));
    client.close();
    await fake.stop();
  });

  test('SIGINT ends it as well; SIGHUP does not', async () => {
    const ringway = await startChild({ servers });
    ringway.kill('SIGHUP');
    await waitFor('the line', () => ringway.log.some((line) => line.includes('(SIGHUP) received')));
    const client = await RespClient.open(ringway.port);
    assert.equal(await client.command('PING'), 'PONG');
    client.close();
    ringway.kill('SIGINT');
    assert.equal(await ringway.gone(), 1);
  });
});
