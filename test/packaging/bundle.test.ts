import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AS_SHIPPED } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { poolFile, spawnRingway } from '../support/ringway.ts';
import { ROOT, readSource } from '../support/source-tree.ts';
import { waitFor } from '../support/wait.ts';

// What npm would put into an empty folder, without a single package beside it.

describe('the bundle of the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-bundle-'));
  const cli = join(folder, 'package/build/cli/ringway.js');
  const version = (env: NodeJS.ProcessEnv) =>
    spawnSync(process.execPath, [cli, '--version'], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...env },
    });

  before(() => {
    const args = ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder];
    const file = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' }).trim();
    execFileSync('tar', ['-xzf', join(folder, file), '-C', folder]);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('serves with workers, JSON logs and metrics where no package is installed', async () => {
    const server = await startRedis();
    const http = `127.0.0.1:${await freePort()}`;
    const args = ['--workers', '2', '--log-format', 'json', '--http-addr', http];
    const file = await poolFile([{ servers: [`127.0.0.1:${server.port}:1 one`] }]);
    const ringway = await spawnRingway(file, { args, cli, env: AS_SHIPPED });
    try {
      await waitFor('it', () => ringway.log.some((line) => line.includes('"ready: ')));
      const client = await RespClient.open(ringway.port);
      assert.equal(await client.command('SET', 'k', 'v'), 'OK');
      client.close();
      for (const line of ringway.log) assert.ok(JSON.parse(line), line);
      const metrics = await (await fetch(`http://${http}/metrics`)).text();
      assert.match(metrics, /^ringway_/m);
      assert.match(await (await fetch(`http://${http}/`)).text(), /<html/);
    } finally {
      await ringway.stop();
      await server.stop();
    }
  });

  test('says what to install when telemetry is asked for, and starts nothing', async () => {
    const file = await poolFile([{ servers: ['127.0.0.1:1:1 one'] }]);
    const args = ['--otlp-endpoint=http://127.0.0.1:4318'];
    const ringway = await spawnRingway(file, { args, cli, env: AS_SHIPPED });
    assert.equal(await ringway.gone(), 1);
    const log = ringway.log.join('\n');
    assert.match(log, /needs OpenTelemetry's packages/);
    const { peerDependencies } = JSON.parse(readSource('package.json'));
    for (const name of Object.keys(peerDependencies)) {
      assert.ok(log.includes(` ${name}@`), `${name}: ${log}`);
    }
    assert.doesNotMatch(log, /ready/);
  });

  test('has no assertions and no variables for constants, and tests run one with assertions', () => {
    for (const name of ['cli', 'worker']) {
      const shipped = readSource(`build/cli/${name}.js`);
      assert.doesNotMatch(shipped, /\b(ASSERTS|RECORD_INFO)\b|"a claim is settled once"/, name);
      assert.match(readSource(`build/checked/${name}.js`), /"a claim is settled once"/, name);
    }
    const { imports } = JSON.parse(readSource('package.json'));
    assert.deepEqual(imports['#cli'], {
      'ringway-asserts': './build/checked/cli.js',
      default: './build/cli/cli.js',
    });
  });

  test('comes with the licence of each package in it', () => {
    const map = JSON.parse(readSource('build/cli/cli.js.map')) as { sources: string[] };
    const names = new Set(
      map.sources.flatMap((source) => {
        const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
        return name === undefined ? [] : [name];
      }),
    );
    assert.ok(names.has('yaml') && names.has('pino') && names.has('prom-client'));
    const notices = readFileSync(join(folder, 'package/build/cli/LICENSES.txt'), 'utf8');
    for (const name of names) {
      const at = notices.search(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+.* \\(.+\\)$`, 'm'));
      assert.ok(at >= 0, name);
      assert.match(notices.slice(at, at + 1500), /permission|licen[cs]e/i, name);
    }
  });

  test('keeps what was compiled in a folder of its user alone, where Node can', () => {
    const cache = join(folder, 'cache');
    assert.equal(version({ XDG_CACHE_HOME: cache }).status, 0);
    const made = join(cache, 'ringway');
    assert.equal(existsSync(made), 'enableCompileCache' in module);
    if (existsSync(made)) assert.equal(statSync(made).mode & 0o777, 0o700);
  });

  test('starts where nothing can be kept, or the user has said where', () => {
    const own = join(folder, 'own');
    mkdirSync(own);
    for (const env of [{ HOME: '/proc/1' }, { HOME: own, NODE_COMPILE_CACHE: own }]) {
      const { status, stdout, stderr } = version(env);
      assert.deepEqual([status, stderr.includes('Error')], [0, false], stdout + stderr);
    }
    assert.ok(!existsSync(join(own, '.cache')));
  });
});
