import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { type Ringway, start } from '../../../src/index.ts';
import { Terminal } from '../../support/terminal.ts';
import { waitFor } from '../../support/wait.ts';

const SIZE = { columns: 100, rows: 24 };

describe('top in a terminal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-top-'));
  let ringway: Ringway;
  let address: string;
  let terminal: Terminal | null = null;

  before(async () => {
    const servers = (name: string) =>
      Array.from({ length: 300 }, (_, i) => `127.0.0.1:${i + 1}:1 ${name}-${1000 + i}`);
    ringway = await start({
      pools: {
        alpha: { listen: '127.0.0.1:0', servers: servers('a') },
        beta: { listen: '127.0.0.1:0', servers: servers('b') },
      },
      http: { host: '127.0.0.1', port: 0 },
      log: { level: -1, write: () => {} },
    });
    address = `--http-addr=${(ringway.http as string).slice('http://'.length)}`;
  });
  afterEach(() => terminal?.end());
  after(async () => {
    await ringway?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function top(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Terminal {
    terminal = new Terminal(['top', address, '--interval=0.1', ...args], SIZE, env);
    return terminal;
  }

  test('shows the servers of the pool that is chosen, and goes through them', async () => {
    const screen = top();
    await screen.sees(/␛\[1;36malpha .*a-1000 .*more servers: \d+ below/s);
    assert.ok(screen.text.startsWith('␛[?1049h'), 'nothing is drawn on the screen of the shell');
    screen.press('j');
    await screen.sees(/␛\[1;36mbeta .*b-1000 /s);
    screen.press('\r');
    // Keys that mean nothing here: PageDown and Delete are no Escape.
    screen.press('\x1b[6~\x1b[3~');
    const far = /␛\[1;36mb-11\d\d .*more servers: \d+ above, \d+ below/s;
    await waitFor('servers that were not known at first', () => {
      screen.press('j'.repeat(5) + '\x1b[B'.repeat(5));
      return far.test(screen.text);
    });
    screen.clear();
    await screen.sees(/b-11\d\d /);
    assert.doesNotMatch(screen.text, /alpha/);
    screen.press('\x1b');
    await screen.sees(/alpha .*beta {2}/s);
    screen.press('q');
    assert.equal(await screen.gone(), 0);
    assert.ok(screen.text.endsWith('␛[?25h␛[?1049l'), 'the terminal is as it was');
  });

  test('keeps to what it has shown when the proxy does not answer', async () => {
    const other = await start({
      pools: { alpha: { listen: '127.0.0.1:0', servers: ['127.0.0.1:1:1 lonely'] } },
      http: { host: '127.0.0.1', port: 0 },
      log: { level: -1, write: () => {} },
    });
    const screen = top([`--http-addr=${(other.http as string).slice('http://'.length)}`]);
    await screen.sees(/lonely/);
    await other.stop();
    screen.clear();
    await screen.sees(/␛\[41m no status from .*lonely/s);
    screen.press('\x03');
    assert.equal(await screen.gone(), 0);
  });

  test('has no colours where NO_COLOR says so', async () => {
    const screen = top([], { NO_COLOR: '1' });
    await screen.sees(/␛\[7malpha .*a-1000 /s);
    screen.press('q');
    await screen.gone();
    assert.doesNotMatch(screen.text, /␛\[(?:[0-9;]*;)?[34][0-9]m/);
  });

  test('prints one view where it is asked for one, as wide as the terminal', async () => {
    terminal = new Terminal(['top', '--once', '--pool=beta', address], { columns: 20, rows: 5 });
    assert.equal(await terminal.gone(), 0);
    const lines = terminal.text.split('\r\n');
    assert.ok(lines.length > 300, String(lines.length));
    assert.ok(lines.every((line) => line.length <= 20));
    assert.doesNotMatch(terminal.text, /␛/);
  });
});
