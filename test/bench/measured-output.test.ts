import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { keyName } from '../../bench/macro/fill.ts';
import { parseProcStat, parsePs, usageOf } from '../../bench/macro/process-usage.ts';
import { benchmarkArguments, parseBenchmarkCsv } from '../../bench/macro/redis-benchmark.ts';
import { WORKLOADS } from '../../bench/macro/workloads.ts';
import { waitFor } from '../support/wait.ts';

const HEAD =
  '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms",' +
  '"p99_latency_ms","max_latency_ms"';

describe('what the end-to-end benchmark reads', () => {
  test('csv of redis-benchmark, warnings and any command included', () => {
    const result = { requestsPerSecond: 54945.05, p50Ms: 0.463, p99Ms: 1.215 };
    const row = (name: string): string =>
      `"${name}","54945.05","0.489","0.144","0.463","0.711","1.215","3.023"`;
    assert.deepEqual(parseBenchmarkCsv(`${HEAD}\n${row('GET')}\n`), result);
    const noisy = `WARNING: Could not fetch server CONFIG\n${HEAD}\r\n${row('set a","b')}\r\n`;
    assert.deepEqual(parseBenchmarkCsv(noisy), result);
    assert.throws(() => parseBenchmarkCsv(''), /no csv header/);
    assert.throws(() => parseBenchmarkCsv(`${HEAD}\n"x"\n`), /no rps/);
  });

  test('processor time from /proc, whatever the process is called', () => {
    const numbers = Array.from({ length: 50 }, (_, i) => i + 4).join(' ');
    const wanted = { parent: 4, ticks: 14 + 15, pages: 24 };
    assert.deepEqual(parseProcStat(`77 (a) b) R) S ${numbers}`), wanted);
  });

  test('processor time from ps', () => {
    const wanted = { pid: 9, parent: 1, cpuMs: 1250, rssKib: 2048 };
    assert.deepEqual(parsePs('  9     1   0:01.25  2048\n'), wanted);
    assert.equal(parsePs('9 1 01:02:03 1').cpuMs, 3_723_000);
    assert.equal(parsePs('9 1 2-00:00:01 1').cpuMs, 172_801_000);
    assert.throws(() => parsePs('nothing'));
  });

  test('this process has used something', () => {
    const { cpuMs, rssKib } = usageOf(process.pid);
    assert.ok(cpuMs > 0 && rssKib > 1000);
  });

  test('what a process has used includes its children', async () => {
    const before = usageOf(process.pid);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      await waitFor('the child', () => usageOf(process.pid).rssKib > before.rssKib + 10_000);
    } finally {
      child.kill();
    }
    assert.throws(() => usageOf(2 ** 30), /has ended/);
  });

  test('all targets get the same arguments but for the port', () => {
    for (const workload of WORKLOADS) {
      const one = benchmarkArguments(workload, { port: 1111 }, 10);
      const other = benchmarkArguments(workload, { port: 2222 }, 10);
      assert.deepEqual(
        one.map((word) => (word === '1111' ? '2222' : word)),
        other,
      );
    }
  });

  test('filled keys have the names that redis-benchmark asks for', () => {
    assert.equal(keyName('key:', 42), 'key:000000000042');
  });
});
