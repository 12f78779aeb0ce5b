import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { endOf } from '../support/ending.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { ROOT } from '../support/source-tree.ts';
import { waitFor } from '../support/wait.ts';

// docs/examples/embed*.mjs, run as they stand; docs/embedding.md shows each of them whole.

const FOLDER = 'docs/examples';

describe('the examples of embedding', () => {
  let redis: RealServer[] = [];
  let addresses: string[] = [];
  before(async () => {
    redis = await startRedisSet(2);
    addresses = redis.map(({ port }) => `127.0.0.1:${port}`);
  });
  after(() => Promise.all(redis.map((server) => server.stop())));

  function run(file: string, args: readonly string[] = []): string {
    const env = { ...process.env, REDIS_PORTS: redis.map(({ port }) => port).join(',') };
    delete (env as Record<string, string | undefined>)['NODE_TEST_CONTEXT'];
    const words = [...(file.includes('test') ? ['--test'] : []), join(FOLDER, file), ...args];
    const { stdout, stderr, status } = spawnSync(process.execPath, words, {
      env,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
    return stdout;
  }

  test('embed.mjs serves until it is interrupted', async () => {
    const child = spawn(process.execPath, [join(FOLDER, 'embed.mjs'), ...addresses]);
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    const gone = endOf(child);
    try {
      await waitFor('its port', () => /:\d+\n/.test(out));
      const client = await RespClient.open(Number(/:(\d+)\n/.exec(out)?.[1]));
      assert.equal(await client.text('PING'), 'PONG');
      client.close();
    } finally {
      child.kill('SIGINT');
    }
    assert.equal(await gone(), 0);
  });

  test('embed-telemetry.mjs sends what it has when it is interrupted', async () => {
    const receiver = await OtlpReceiver.start();
    const args = [join(FOLDER, 'embed-telemetry.mjs'), receiver.url, ...addresses];
    const child = spawn(process.execPath, args);
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    const gone = endOf(child);
    try {
      await waitFor('its port', () => /:\d+\n/.test(out));
      child.kill('SIGINT');
      assert.equal(await gone(), 0);
      assert.equal(receiver.resource['service.name'], 'shop');
      assert.ok(receiver.metrics.some(({ name }) => name === 'ringway_client_connections'));
    } finally {
      child.kill('SIGKILL');
      receiver.stop();
    }
  });

  test('embed-test.mjs passes, embed-errors.mjs and embed-reload.mjs say what is wrong', () => {
    assert.match(run('embed-test.mjs'), /pass 1\n/);
    const errors = run('embed-errors.mjs').split('\n');
    assert.match(
      errors[0],
      /^line 3, column 3: cache\.timout: the key is unknown; did you mean timeout/,
    );
    assert.match(
      errors[1],
      /^line 5, column 7: cache\.servers: "10\.0\.0\.1:6379" is not complete/,
    );
    const reload = run('embed-reload.mjs', [addresses[0]]).split('\n');
    assert.equal(reload[0], 'true 200');
    assert.match(reload[1], /^text:4:12: cache\.timeout: "soon" is not a number/);
  });

  test('the guide shows each as it stands, and they are short', () => {
    const guide = readFileSync('docs/embedding.md', 'utf8');
    for (const name of readdirSync(FOLDER).filter((each) => /^embed.*\.mjs$/.test(each))) {
      const text = readFileSync(join(FOLDER, name), 'utf8');
      assert.ok(guide.includes(`\`\`\`js\n${text}\`\`\``), name);
      assert.ok(text.split('\n').length <= 20, name);
    }
  });
});

test('a program in TypeScript sees the types, and mistakes in the keys', () => {
  const folder = mkdtempSync(join(ROOT, 'build/embed-'));
  try {
    const file = join(folder, 'use.ts');
    writeFileSync(
      file,
      `import { type Ringway, inFrontOf, start } from 'ringway';
const pool = { listen: '127.0.0.1:0', servers: [] };
export const run = async (): Promise<string> => {
  const ringway: Ringway = await start({ pools: { a: { ...pool, hash: 'murmur', timeout: 400 } } });
  await (await inFrontOf(['127.0.0.1:1'], { timeout: 5 }))[Symbol.asyncDispose]();
  // @ts-expect-error: no such key
  await ringway.reload({ pools: { a: { ...pool, timout: 400 } } });
  // @ts-expect-error: no such hash
  await ringway.reload({ pools: { a: { ...pool, hash: 'murmurr' } } });
  return ringway.config.pools[0].name + ringway.port.toFixed();
};
`,
    );
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--ignoreConfig', '--skipLibCheck', 'false'];
    const modules = ['--module', 'nodenext', '--types', 'node', '--target', 'es2023'];
    const args = [tsc, ...options, ...modules, file];
    assert.equal(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout, '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
