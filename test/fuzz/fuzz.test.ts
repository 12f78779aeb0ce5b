import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { USUAL, VARIANTS } from '../support/ringway.ts';
import { NeighbourFuzz } from './neighbours/neighbours.ts';
import { startProxyFuzz } from './proxy.ts';
import { Random } from './random.ts';
import { REGRESSIONS } from './regressions.ts';
import { runScannerCase } from './scanner-case.ts';
import { ScannerFuzzer, shippedCodecs } from './scanners.ts';

// What fuzzing found once, and a short run of it. `npm run fuzz` is the long one.

const SCANNER_CASES = 3_000;
const PROXY_MS = 2_500;
const NEIGHBOUR_SEED = 3;
const NEIGHBOUR_ROUNDS = 1;
const NEIGHBOUR_CLIENTS = 30;

describe('fuzzing', () => {
  test('what was found once', () => {
    const codecs = shippedCodecs();
    for (const each of REGRESSIONS) runScannerCase(codecs, each, true);
  });

  test(`${SCANNER_CASES} cases of all scanners`, () => {
    const fuzzer = new ScannerFuzzer(new Random(1), shippedCodecs());
    while (fuzzer.cases < SCANNER_CASES) assert.equal(fuzzer.step(), null);
  });

  for (const redis of [true, false]) {
    for (const variant of [VARIANTS[0], USUAL]) {
      test(`a whole proxy, ${redis ? 'Redis' : 'memcached'}, ${variant.label}`, async () => {
        const fuzz = await startProxyFuzz(new Random(2), redis, variant);
        const complaints: string[] = [];
        for (const until = performance.now() + PROXY_MS; performance.now() < until; ) {
          complaints.push(...(await fuzz.round()));
        }
        complaints.push(...(await fuzz.stop()));
        assert.deepEqual(complaints, []);
      });
    }
  }

  test('innocent neighbours of hostile clients and servers', async () => {
    const fuzz = await NeighbourFuzz.start(NEIGHBOUR_SEED);
    try {
      while (fuzz.rounds < NEIGHBOUR_ROUNDS) {
        const { label, complaints, inputs, answered } = await fuzz.round(NEIGHBOUR_CLIENTS);
        const found = [label, ...complaints, ...inputs].join('\n');
        assert.equal(complaints.length, 0, found);
        assert.ok(answered > 0, label);
      }
    } finally {
      await fuzz.stop();
    }
  });
});
