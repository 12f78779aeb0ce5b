import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { inheritedSockets } from '../../src/run/systemd.ts';
import { CLI } from '../support/command.ts';
import { endOf } from '../support/ending.ts';
import { freePort } from '../support/free-port.ts';
import { RespClient } from '../support/resp-client.ts';
import { poolFile, startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-systemd-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

describe('systemd', () => {
  test('is told when the proxy is ready and when it stops', async () => {
    const calls = join(folder, 'calls');
    const notify = join(folder, 'systemd-notify');
    writeFileSync(notify, `#!/bin/sh\necho "$@" >> ${calls}\n`);
    chmodSync(notify, 0o755);
    const env = { PATH: `${folder}:${process.env['PATH']}`, NOTIFY_SOCKET: join(folder, 'none') };
    const ringway = await startChild({ servers: ['127.0.0.1:1'] }, { env });
    await waitFor('READY', () => textOf(calls).includes(`--pid=${ringway.pid} READY=1`));
    ringway.kill('SIGTERM');
    assert.equal(await ringway.gone(), 0);
    await waitFor('STOPPING', () => textOf(calls).includes('STOPPING=1'));
  });

  test('hands over the listening sockets, by the name of the pool', async () => {
    const { text } = await poolFile([{ name: 'alpha', servers: ['127.0.0.1:1'] }]);
    const file = join(folder, 'activated.yml');
    writeFileSync(file, text);
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', () => resolve()));
    const { port } = listener.address() as { port: number };
    const { fd } = (listener as unknown as { _handle: { fd: number } })._handle;
    const stats = String(await freePort());
    const args = [CLI, '-c', file, '-s', stats, '-a', '127.0.0.1', '--http-addr', 'off'];
    // LISTEN_PID must be the process's own: the shell becomes ringway.
    const child = spawn('sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, ...args], {
      env: { ...process.env, LISTEN_FDS: '1', LISTEN_FDNAMES: 'alpha' },
      stdio: ['ignore', 'ignore', 'pipe', fd],
    });
    let log = '';
    child.stderr?.on('data', (chunk) => {
      log += chunk;
    });
    const gone = endOf(child);
    await waitFor('ringway', () => log.includes('] ready: '));
    listener.close();
    const client = await RespClient.open(port);
    assert.equal(await client.text('PING'), 'PONG');
    client.close();
    child.kill('SIGTERM');
    await gone();
  });

  test('sockets of another process are left alone', () => {
    const env = { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'alpha:beta' };
    assert.deepEqual([...inheritedSockets(env, 8)], []);
    assert.deepEqual([...inheritedSockets({}, 8)], []);
    assert.deepEqual(
      [...inheritedSockets(env, 7)],
      [
        ['alpha', 3],
        ['beta', 4],
      ],
    );
  });
});
