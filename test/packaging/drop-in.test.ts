import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CLI } from '../support/command.ts';
import { endOf } from '../support/ending.ts';
import { freePort } from '../support/free-port.ts';
import {
  ensureDebianPackage,
  findBinary,
  type RealServer,
  startRedisSet,
} from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { waitFor } from '../support/wait.ts';

// The drop-in of docs/swap.md, for the unit that Debian's nutcracker has: what systemd would
// run before and behind `systemctl edit nutcracker`, without a systemd.

const DEBIAN_UNIT = '/lib/systemd/system/nutcracker.service';
const [, DROP_IN] = /```ini\n(\[Service\]\n.*?)```/s.exec(
  readFileSync('docs/swap.md', 'utf8'),
) as RegExpExecArray;

/** What a unit starts: an empty value takes back what stood there before. */
function commandOf(unit: string): string {
  const found = [...unit.matchAll(/^ExecStart=(.*)$/gm)].map(([, command]) => command);
  const kept = found.slice(found.lastIndexOf('') + 1);
  assert.equal(kept.length, 1, unit);
  return kept[0];
}

describe('the drop-in for a nutcracker of Debian', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-drop-in-'));
  let unit: string;
  let redis: RealServer[];
  let port: number;
  let options: string;

  before(async () => {
    if (findBinary(['nutcracker']) === undefined) ensureDebianPackage('nutcracker');
    if (findBinary(['systemd-analyze']) === undefined) ensureDebianPackage('systemd');
    unit = readFileSync(DEBIAN_UNIT, 'utf8');
    redis = await startRedisSet(2);
    port = await freePort();
    const file = join(folder, 'nutcracker.yml');
    const servers = redis.map((server, i) => `   - 127.0.0.1:${server.port}:1 s${i}\n`).join('');
    writeFileSync(file, `p:\n  listen: 127.0.0.1:${port}\n  redis: true\n  servers:\n${servers}`);
    // As /etc/default/nutcracker has them.
    options = `-c ${file} -s ${await freePort()} -a 127.0.0.1`;
    mkdirSync(join(folder, 'bin'));
    const program = join(folder, 'bin/ringway');
    writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
    chmodSync(program, 0o755);
  });
  after(async () => {
    await Promise.all((redis ?? []).map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs what a unit starts, in the environment that systemd gives it, while clients come. */
  async function whileItRuns(text: string, use: (client: RespClient) => Promise<void>) {
    const command = `exec ${commandOf(text)}`;
    const path = `${folder}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin`;
    const env = { PATH: path, DAEMON_OPTS: options };
    const child = spawn('sh', ['-c', command], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.on('data', (chunk) => {
      log += chunk;
    });
    const gone = endOf(child);
    try {
      const client = await waitFor('a client', async () => {
        assert.equal(child.exitCode, null, log);
        return RespClient.open(port).catch(() => null);
      });
      await use(client);
      client.close();
    } finally {
      child.kill('SIGTERM');
    }
    await gone();
    return log;
  }

  test('the same options and file, the same keys, and back', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `key:${i}`);
    const writes = (value: string) => async (client: RespClient) => {
      for (const name of names) assert.equal(await client.text('SET', name, value), 'OK');
    };
    const reads = (value: string) => async (client: RespClient) => {
      for (const name of names) assert.equal(await client.text('GET', name), value);
    };
    await whileItRuns(unit, writes('nutcracker'));
    const log = await whileItRuns(unit + DROP_IN, async (client) => {
      await reads('nutcracker')(client);
      await writes('ringway')(client);
    });
    assert.match(log, /ringway .* started on pid/);
    await whileItRuns(unit, reads('ringway'));
  });

  test('systemd takes the unit with it', () => {
    const program = join(folder, 'bin/ringway');
    const here = (text: string): string => text.replace('/usr/bin/env ringway', program);
    mkdirSync(join(folder, 'nutcracker.service.d'));
    writeFileSync(join(folder, 'nutcracker.service.d/override.conf'), here(DROP_IN));
    const file = join(folder, 'nutcracker.service');
    writeFileSync(file, unit);
    const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
      encoding: 'utf8',
    });
    const about = (stdout + stderr).split('\n').filter((line) => line.includes('override.conf'));
    assert.deepEqual(about, []);
  });
});
