import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { AS_SHIPPED } from '../support/command.ts';
import { endOf } from '../support/ending.ts';
import { freePort } from '../support/free-port.ts';
import { poolFile } from '../support/ringway.ts';
import { ROOT } from '../support/source-tree.ts';
import { waitFor } from '../support/wait.ts';

// The Dockerfile, without an engine: its steps are read, and those of the image are done in a folder.

interface Step {
  readonly name: string;
  readonly rest: string;
}

/** One list of steps per stage. */
function stagesOf(text: string): Step[][] {
  const stages: Step[][] = [];
  for (const line of text.replace(/\\\n\s*/g, '').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, rest] = /^([A-Z]+) (.+)$/.exec(line) as RegExpExecArray;
    if (name === 'FROM') stages.push([]);
    stages[stages.length - 1].push({ name, rest });
  }
  return stages;
}

const [build, image] = stagesOf(readFileSync('packaging/Dockerfile', 'utf8'));
const values = (stage: Step[], name: string) =>
  stage.filter((step) => step.name === name).map(({ rest }) => rest);
const listOf = (name: string): string[] => JSON.parse(values(image, name)[0]);

describe('the Dockerfile', () => {
  const root = mkdtempSync(join(tmpdir(), 'ringway-image-'));
  after(() => rmSync(root, { recursive: true, force: true }));

  test('installs what the lock file names, and runs as a user that has a number', () => {
    const installs = values(build, 'RUN').filter((step) => /\bnpm (ci|i|install)\b/.test(step));
    assert.equal(installs.length, 1);
    assert.match(installs[0], /^npm ci /);
    const copied = values(build, 'COPY')[0];
    assert.equal(copied, 'package.json package-lock.json ./', 'before anything else');
    assert.ok(
      values(image, 'RUN').every((step) => !/\bnpm\b/.test(step)),
      'all is bundled',
    );
    assert.match(values(image, 'USER')[0], /^[1-9]\d*(:[1-9]\d*)?$/);
    assert.match(values(image, 'HEALTHCHECK')[0], /\/healthz/);
  });

  test('the context holds nothing that was built, kept or secret, and all that is copied', () => {
    const ignored = readFileSync('.dockerignore', 'utf8').split('\n');
    for (const name of ['.git', '**/node_modules', 'build', '**/.env*']) {
      assert.ok(ignored.includes(name), name);
    }
    for (const name of ['package.json', 'package-lock.json', 'src', 'assembly', 'packaging']) {
      assert.ok(existsSync(name) && !ignored.includes(name), name);
    }
  });

  test('its steps make a ringway that runs, and is well', async () => {
    const inside = (path: string): string => join(root, path);
    const home = inside(values(image, 'WORKDIR')[0]);
    mkdirSync(home, { recursive: true });
    mkdirSync(inside('/usr/local/bin'), { recursive: true });
    for (const { name, rest } of image) {
      if (name === 'COPY') copy(rest, home);
      if (name === 'RUN') runStep(rest.replaceAll(/(?<= )\/(opt|usr)\//g, `${root}/$1/`), home);
    }
    assert.ok(!existsSync(join(home, 'node_modules')), 'nothing of development');
    const { text } = await poolFile([{ servers: ['127.0.0.1:1'] }]);
    const file = inside('ringway.yml');
    writeFileSync(file, text);
    const http = await freePort();
    const [program, ...options] = listOf('ENTRYPOINT');
    const args = [...options, ...listOf('CMD')].map((word) =>
      word.replace('0.0.0.0:22223', `127.0.0.1:${http}`).replace('/etc/ringway/ringway.yml', file),
    );
    const env = { ...AS_SHIPPED, PATH: `${inside('/usr/local/bin')}:${process.env['PATH']}` };
    const stats = ['-s', String(await freePort()), '-a', '127.0.0.1'];
    const child = spawn(program, [...args, ...stats], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.on('data', (chunk) => {
      log += chunk;
    });
    const gone = endOf(child);
    try {
      await waitFor(`it: ${log}`, () => log.includes('] ready: '));
      const [, command] = values(image, 'HEALTHCHECK')[0].split(' CMD ');
      const [node, ...words] = JSON.parse(command) as string[];
      const asked = words.map((word) => word.replace('22223', String(http)));
      assert.equal(spawnSync(node, asked, { timeout: 30_000 }).status, 0);
    } finally {
      child.kill('SIGTERM');
    }
    assert.equal(await gone(), 0, 'a stop reaches ringway itself');
  });

  /** What the first stage makes stands in this folder. */
  function copy(rest: string, home: string): void {
    const words = rest.replace('--from=build ', '').split(' ');
    const target = join(home, words.pop() as string);
    for (const word of words) {
      const from = join(ROOT, word.replace(/^\/src\//, ''));
      const isFolder = statSync(from).isDirectory();
      cpSync(from, isFolder ? target : join(target, basename(from)), { recursive: true });
    }
  }

  function runStep(command: string, cwd: string): void {
    const { status, stderr } = spawnSync('sh', ['-ec', command], { cwd, encoding: 'utf8' });
    assert.equal(status, 0, `${command}\n${stderr}`);
  }
});
