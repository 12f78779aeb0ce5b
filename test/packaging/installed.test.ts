import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificates } from '../support/certificates.ts';
import { AS_SHIPPED } from '../support/command.ts';
import { endOf } from '../support/ending.ts';
import { freePort } from '../support/free-port.ts';
import { ROOT } from '../support/source-tree.ts';
import { waitFor } from '../support/wait.ts';

const PACK = ['pack', '--json', '--ignore-scripts', '--loglevel=error'];

function npm(args: readonly string[], cwd = ROOT): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8' });
}

function node(cwd: string, ...args: string[]) {
  return spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
}

test('installed into an empty folder it runs every example', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-installed-'));
  try {
    const [{ filename }] = JSON.parse(npm([...PACK, '--pack-destination', folder]));
    writeFileSync(join(folder, 'package.json'), '{}');
    npm(['install', '--prefer-offline', '--ignore-scripts', join(folder, filename)], folder);
    const program = join(folder, 'node_modules/.bin/ringway');
    const examples = join(folder, 'node_modules/ringway/docs/examples');
    mkdirSync(join(examples, 'passwords'));
    writeFileSync(join(examples, 'passwords/clients'), 'x', { mode: 0o600 });
    certificatesFor(join(examples, 'tls'));
    const env = { ...AS_SHIPPED, RINGWAY_REDIS_PASSWORD: 'x' };
    const names = readdirSync(examples).filter((name) => name.endsWith('.yml'));
    assert.ok(names.length >= 9);
    for (const name of names) {
      const file = join(examples, name);
      const text = readFileSync(file, 'utf8').replaceAll('/run/ringway', folder);
      let own = text;
      for (const [address] of text.matchAll(/(127\.0\.0\.1|0\.0\.0\.0):\d+/g)) {
        own = own.replace(address, `127.0.0.1:${await freePort()}`);
      }
      writeFileSync(file, own);
      await starts(program, ['-c', file], { cwd: folder, env });
    }
    for (const name of ['embed-errors.mjs', 'embed-telemetry.mjs']) {
      copyFileSync(join(examples, name), join(folder, name));
    }
    assert.match(node(folder, 'embed-errors.mjs').stdout, /^line 3, column 3: cache\.timout: /);
    const { status, stderr } = node(
      folder,
      'embed-telemetry.mjs',
      'http://127.0.0.1:1',
      '127.0.0.1:1',
    );
    assert.equal(status, 1, 'nothing of OpenTelemetry is installed unless somebody asks for it');
    assert.match(stderr, /^RingwayError: the option telemetry needs OpenTelemetry's packages/m);
    assert.match(stderr, /^npm install .*@opentelemetry\/sdk-trace@/m);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('installed for all, the command, its manual and its files are where docs say', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-global-'));
  try {
    const [{ filename }] = JSON.parse(npm([...PACK, '--pack-destination', folder]));
    const prefix = ['--global', '--prefix', folder];
    npm(['install', ...prefix, '--prefer-offline', '--ignore-scripts', join(folder, filename)]);
    assert.match(
      readFileSync(join(folder, 'share/man/man1/ringway.1'), 'utf8'),
      /^\.TH RINGWAY 1/m,
    );
    const own = join(npm(['root', ...prefix]).trim(), 'ringway');
    assert.ok(statSync(join(own, 'packaging/swap.sh')).mode & 0o111, 'swap.sh can be run');
    writeFileSync(
      join(folder, 'a.yml'),
      'a:\n  listen: 127.0.0.1:1\n  servers:\n    - 127.0.0.1:1:1\n',
    );
    const program = join(folder, 'bin/ringway');
    const args = ['-c', 'a.yml', '--otlp-endpoint=http://127.0.0.1:1'];
    const options = { cwd: folder, env: AS_SHIPPED, encoding: 'utf8' } as const;
    const { status, stderr } = spawnSync(program, args, options);
    assert.equal(status, 1);
    assert.match(stderr, /\] npm install --global @opentelemetry\/api@/m);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function certificatesFor(folder: string): void {
  const { authority, server } = certificates();
  mkdirSync(folder);
  copyFileSync(server.cert, join(folder, 'ringway.pem'));
  copyFileSync(server.key, join(folder, 'ringway.key'));
  for (const name of ['clients-ca', 'servers-ca']) {
    copyFileSync(authority.ca, join(folder, `${name}.pem`));
  }
}

/** Starts it, waits until it is ready, stops it. */
async function starts(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  const doors = ['-s', String(await freePort()), '-a', '127.0.0.1', '--http-addr=off'];
  const child = spawn(program, [...args, ...doors], { ...options, stdio: 'pipe' });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const gone = endOf(child);
  try {
    await waitFor(args.join(' '), () => {
      assert.equal(child.exitCode, null, log);
      return log.includes('] ready: ');
    });
  } finally {
    child.kill('SIGTERM');
  }
  assert.equal(await gone(), 0, log);
}
