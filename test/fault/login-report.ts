import { readFileSync } from 'node:fs';
import { startRedis } from '../support/real-servers.ts';
import { shards, startChild } from '../support/ringway.ts';
import { delay } from '../support/wait.ts';
import { type LoginLoad, loginLoad } from './login-load.ts';
import { residentBytes } from './targets.ts';

// npm run login-report: what 1,000 clients that guess passwords and 200 that send half of a login do
// to those inside, beside the same rate of PINGs of clients inside. In turn, round by round: the
// first warms the proxy up and is not counted, the median of the others is the figure.

const ROUNDS = 9;
const PASSWORD = 's3cret';
const LOAD = { crowd: 1000, rate: 4000, inside: 8, ms: 6000 };

/** Milliseconds of processor that a process has used. */
function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10; // user and system, in ticks of 10 ms
}

const redis = await startRedis();
const pool = { servers: shards([redis.port]), redis_auth: PASSWORD };
const ringway = await startChild(pool);
const ratios: number[] = [];
for (let round = 0; round <= ROUNDS; round++) {
  const p99: Record<string, number> = {};
  for (const asks of ['pings', 'guesses'] as const) {
    const halves = asks === 'pings' ? 0 : 200;
    const load: LoginLoad = { ...LOAD, port: ringway.port, password: PASSWORD, asks, halves };
    const before = processorMs(ringway.pid);
    const figures = await loginLoad(load);
    const used = processorMs(ringway.pid) - before;
    p99[asks] = figures.p99;
    const memory = Math.round(residentBytes(ringway.pid) / 2 ** 20);
    const { asked, p50, insideClosed, failed } = figures;
    if (failed.length > 0) throw new Error(failed.join());
    console.log(
      `${asks}: ${asked} asked, ${used} ms of processor, p50 ${p50.toFixed(2)} ms, p99 ${figures.p99.toFixed(2)} ms, ` +
        `${insideClosed} inside closed, ${memory} MiB resident`,
    );
    await delay(500);
  }
  if (round > 0) ratios.push(p99['guesses'] / p99['pings']);
}
ratios.sort((a, b) => a - b);
const median = ratios[ROUNDS >> 1].toFixed(2);
console.log(
  `p99 with guesses / with PINGs: ${median} (${ratios.map((each) => each.toFixed(2)).join(', ')})`,
);
await ringway.stop();
await redis.stop();
process.exit(0);
