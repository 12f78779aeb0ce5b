import { parseArgs } from 'node:util';
import { VARIANTS } from '../support/ringway.ts';
import { startProxyFuzz } from './proxy.ts';
import { Random } from './random.ts';
import { ScannerFuzzer, shippedCodecs } from './scanners.ts';

// npm run fuzz -- --seconds N --seed S: two thirds of the time on the scanners, the rest on whole
// proxies. Prints what it finds and ends with 1.

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
if (!(seconds > 0) || !Number.isSafeInteger(seed)) {
  console.error('usage: npm run fuzz -- [--seconds N] [--seed S]');
  process.exit(2);
}

let findings = 0;

function report(what: string, detail: string): void {
  findings++;
  console.log(`FOUND by seed ${seed}: ${what}\n  ${detail}`);
}

process.on('uncaughtException', (error) => {
  report('an uncaught error', error.stack ?? String(error));
  process.exit(1);
});

function fuzzScanners(until: number): void {
  const fuzzer = new ScannerFuzzer(new Random(seed), shippedCodecs());
  const began = performance.now();
  while (performance.now() < until && findings < 5) {
    const finding = fuzzer.step();
    if (finding !== null) report(finding.message, JSON.stringify(finding.found));
  }
  const rate = Math.round((fuzzer.cases / (performance.now() - began)) * 1000);
  console.log(
    `scanners: ${fuzzer.cases} cases in 3 codecs, ${rate} per second, ${fuzzer.coverage} things reached`,
  );
}

async function fuzzProxies(until: number): Promise<void> {
  const random = new Random(seed);
  const began = performance.now();
  let rounds = 0;
  let requests = 0;
  while (performance.now() < until && findings < 5) {
    const redis = !random.once(3);
    const variant = random.pick(VARIANTS);
    const fuzz = await startProxyFuzz(random, redis, variant);
    const end = Math.min(until, performance.now() + 5_000);
    while (performance.now() < end && findings < 5) {
      rounds++;
      for (const complaint of await fuzz.round()) report(`proxy, ${variant.label}`, complaint);
    }
    for (const complaint of await fuzz.stop()) report(`proxy, ${variant.label}`, complaint);
    requests += fuzz.requests;
  }
  const rate = Math.round((requests / (performance.now() - began)) * 1000);
  console.log(`proxies: ${rounds} rounds, ${requests} requests, ${rate} per second`);
}

console.log(`fuzzing for ${seconds} s with seed ${seed}`);
const began = performance.now();
fuzzScanners(began + (seconds * 1000 * 2) / 3);
await fuzzProxies(began + seconds * 1000);
process.exit(findings === 0 ? 0 : 1);
