import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { fill, PipelinedLoad } from '../support/pipelined-load.ts';
import { startRedisSet } from '../support/real-servers.ts';
import { poolFile, startChild } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// A long run of what must not be noticed: reloads, rolling restarts and upgrades in turn, from one
// Node.js to the next, under pipelined load. Not part of npm test:
//
//   node build/test/fault/restart-soak.js [--rounds N] [--workers N] [--depth N] [--reader data]
//     [--node PATH]...

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '2' },
    depth: { type: 'string', default: '16' },
    reader: { type: 'string', default: 'onread' },
    node: { type: 'string', multiple: true, default: [process.execPath] },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'ringway-soak-'));
const [socket, pidFile] = [join(folder, 'admin.sock'), join(folder, 'pid')];
const redis = await startRedisSet(4);
await fill(redis);
const lines = (...numbers: number[]): string[] =>
  numbers.map((n) => `127.0.0.1:${redis[n - 1].port}:1 s${n}`);
const args = ['--admin-socket', socket, '-p', pidFile, '--http-addr', 'off'];
const ringway = await startChild(
  { servers: lines(1, 2, 3) },
  { args: [...args, '--workers', values.workers], env: { RINGWAY_READER: values.reader } },
);
const load = new PipelinedLoad({
  port: ringway.port,
  clients: 16,
  depth: Number(values.depth),
  visitorsEveryMs: 5,
});
const serving = (): number => Number(readFileSync(pidFile, 'latin1'));

async function write(...numbers: number[]): Promise<void> {
  const listen = `127.0.0.1:${ringway.port}`;
  writeFileSync(ringway.file, (await poolFile([{ servers: lines(...numbers), listen }])).text);
}

const done = { reloads: 0, restarts: 0, upgrades: 0 };
for (let round = 0; round < Number(values.rounds); round++) {
  for (let i = 0; i < 20; i++) {
    await write(...(i % 2 === 0 ? [2, 3, 4] : [1, 2, 3]));
    await askAdmin(socket, 'reload');
    done.reloads++;
  }
  if (values.workers !== '1') {
    await askAdmin(socket, 'restart');
    done.restarts++;
  }
  for (const node of values.node) {
    const old = serving();
    await askAdmin(socket, `upgrade ${node}`).catch((error: Error) => {
      console.error(ringway.log.slice(-15).join('\n'));
      throw error;
    });
    await waitFor('the pid file to follow', () => serving() !== old);
    await waitFor('the old process to end', () => !isRunning(old), 40_000);
    done.upgrades++;
    console.log(`round ${round + 1}: pid ${old} → ${serving()}, ${version(serving())}`);
    await delay(200);
  }
}
await load.stop();
console.log({ ...done, requests: load.answered, visitors: load.visitors, ...load.summary });
process.kill(serving(), 'SIGTERM');
await ringway.gone();
await Promise.all(redis.map((server) => server.stop()));
rmSync(folder, { recursive: true, force: true });
process.exitCode = Object.values(load.summary).every((value) => !value) ? 0 : 1;

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

/** What the process that serves has logged about itself. */
function version(pid: number): string {
  const line = ringway.log.find((text) => text.endsWith(`started on pid ${pid}`)) ?? '';
  return /Node (v\S+),/.exec(line)?.[1] ?? '?';
}
