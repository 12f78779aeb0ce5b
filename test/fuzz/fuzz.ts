import { parseArgs } from 'node:util';
import { VARIANTS } from '../support/ringway.ts';
import { NeighbourFuzz } from './neighbours/neighbours.ts';
import { startProxyFuzz } from './proxy.ts';
import { Random } from './random.ts';
import { ScannerFuzzer, shippedCodecs } from './scanners.ts';

// npm run fuzz -- [--seconds N] [--seed S] [--mode M] [--rounds N]: a third of the time each on the
// scanners, on whole proxies, and on innocent neighbours of hostile clients; or all of it on one of
// them. Prints what it finds and ends with 1. Rounds are those of neighbours.

const MODES = ['scanners', 'proxy', 'neighbours'] as const;
const MOST_FINDINGS = 5;
const USAGE =
  'usage: npm run fuzz -- [--seconds N] [--seed S] [--mode scanners|proxy|neighbours] [--rounds N]';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    mode: { type: 'string' },
    rounds: { type: 'string', default: String(2 ** 31) },
    clients: { type: 'string', default: '120' },
  },
});
const rounds = Number(values.rounds);
// Without seconds, rounds alone say when it is over.
const seconds = Number(values.seconds ?? (rounds < 2 ** 31 ? 86_400 : 30));
const seed = Number(values.seed);
const clients = Number(values.clients);
const modes = MODES.filter((mode) => values.mode === undefined || values.mode === mode);
const counts = [rounds, clients].every((count) => Number.isSafeInteger(count) && count > 0);
if (!(seconds > 0) || !Number.isSafeInteger(seed) || modes.length === 0 || !counts) {
  console.error(USAGE);
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
  while (performance.now() < until && findings < MOST_FINDINGS) {
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
  while (performance.now() < until && findings < MOST_FINDINGS) {
    const redis = !random.once(3);
    const variant = random.pick(VARIANTS);
    const fuzz = await startProxyFuzz(random, redis, variant);
    const end = Math.min(until, performance.now() + 5_000);
    while (performance.now() < end && findings < MOST_FINDINGS) {
      rounds++;
      for (const complaint of await fuzz.round()) report(`proxy, ${variant.label}`, complaint);
    }
    for (const complaint of await fuzz.stop()) report(`proxy, ${variant.label}`, complaint);
    requests += fuzz.requests;
  }
  const rate = Math.round((requests / (performance.now() - began)) * 1000);
  console.log(`proxies: ${rounds} rounds, ${requests} requests, ${rate} per second`);
}

const mib = (bytes: number): number => Math.round(bytes / 1024 / 1024);

async function fuzzNeighbours(until: number): Promise<void> {
  const began = performance.now();
  const fuzz = await NeighbourFuzz.start(seed);
  const found = { wrong: 0, lost: 0 };
  while (performance.now() < until && fuzz.rounds < rounds && findings < MOST_FINDINGS) {
    const result = await fuzz.round(clients);
    const rate = Math.round(result.requests / result.seconds);
    console.log(
      `${result.label}: ${result.requests} hostile requests, ${rate} per second, ` +
        `${result.answered} innocent replies right, ${mib(result.largestBytes)} MiB`,
    );
    if (result.complaints.length === 0) continue;
    for (const each of result.complaints) {
      if (/got (the end|nothing)/.test(each)) found.lost++;
      else found.wrong++;
    }
    report(result.label, result.complaints.join('\n  '));
    console.log(`  again: npm run fuzz -- --mode neighbours --rounds 1 --seed ${result.seed}`);
    console.log(`  the last hostile inputs:\n    ${result.inputs.join('\n    ')}`);
  }
  await fuzz.stop();
  const rate = Math.round((fuzz.requests / (performance.now() - began)) * 1000);
  console.log(
    `neighbours: ${fuzz.rounds} rounds, ${fuzz.requests} hostile requests, ${rate} per second; ` +
      `${fuzz.answered} innocent replies right, ${found.wrong} wrong, ${found.lost} lost; ` +
      `at most ${mib(fuzz.largestBytes)} MiB`,
  );
}

console.log(`fuzzing for ${seconds} s with seed ${seed}`);
const began = performance.now();
const until = (done: number): number => began + (seconds * 1000 * done) / modes.length;
for (const [i, mode] of modes.entries()) {
  if (mode === 'scanners') fuzzScanners(until(i + 1));
  else if (mode === 'proxy') await fuzzProxies(until(i + 1));
  else await fuzzNeighbours(until(i + 1));
}
process.exit(findings === 0 ? 0 : 1);
