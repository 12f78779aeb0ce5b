import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keyName } from '../../bench/macro/fill.ts';
import { parseProcStat, parsePs, usageOf } from '../../bench/macro/process-usage.ts';
import { benchmarkArguments, parseBenchmarkCsv } from '../../bench/macro/redis-benchmark.ts';
import { macroTables, type Run } from '../../bench/macro/report.ts';
import { configuration } from '../../bench/macro/targets.ts';
import { WORKLOADS } from '../../bench/macro/workloads.ts';

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
    assert.equal(parseProcStat(`77 (a) b) R) S ${numbers}`), 14 + 15);
  });

  test('processor time from ps', () => {
    assert.deepEqual(parsePs('  0:01.25  2048\n'), { cpuMs: 1250, rssKib: 2048 });
    assert.equal(parsePs('01:02:03 1').cpuMs, 3_723_000);
    assert.equal(parsePs('2-00:00:01 1').cpuMs, 172_801_000);
    assert.throws(() => parsePs('nothing'));
  });

  test('this process has used something', () => {
    const { cpuMs, rssKib } = usageOf(process.pid);
    assert.ok(cpuMs > 0 && rssKib > 1000);
  });

  test('all targets get the same arguments but for the port', () => {
    for (const workload of WORKLOADS) {
      const one = benchmarkArguments(workload, 1111, 10);
      const other = benchmarkArguments(workload, 2222, 10);
      assert.deepEqual(
        one.map((word) => (word === '1111' ? '2222' : word)),
        other,
      );
    }
  });

  test('filled keys have the names that redis-benchmark asks for', () => {
    assert.equal(keyName('key:', 42), 'key:000000000042');
  });

  test('all proxies get the same configuration but for the port', () => {
    const servers = [1, 2, 3, 4].map((port) => ({ port }));
    assert.equal(configuration(7, servers).replace(':7', ':8'), configuration(8, servers));
  });
});

test('ratios are to the reference of the same round', () => {
  const run = (target: string, round: number, cpuUs: number): Run => ({
    ...{ workload: 'w', target, round, requests: 10, cpuUs },
    ...{ requestsPerSecond: 100, p50Ms: 1, p99Ms: 2, rssKib: 1024 },
  });
  const runs = [run('b', 1, 20), run('a', 0, 1), run('a', 1, 10), run('b', 0, 2)];
  const text = macroTables(runs, new Map([['w', 'Work']]), 'b');
  assert.match(text, /^Work {2}\(ratios to b\)/);
  assert.match(text, /\na +5\.50 +1\.00 – 10\.0 +0\.50 +0\.50 – 0\.50 +100 +1\.00 /);
  assert.match(text, /\nb +11\.0 +2\.00 – 20\.0 +100 +1\.00 +2\.00 +1\.00$/m);
});
