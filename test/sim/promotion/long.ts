import { anything, runSplitCase } from './split-case.ts';

// Many worlds in which proxies promote: `node build/test/sim/promotion/long.js FIRST COUNT`.

const [first = 1, count = 1000] = process.argv.slice(2).map(Number);
let promotions = 0;
let failures = 0;
for (let seed = first; seed < first + count; seed++) {
  const result = await runSplitCase(seed, anything(seed));
  promotions += result.promotions.reduce((sum, each) => sum + each, 0);
  const tooMany = result.promotions.some((each) => each > 1);
  if (result.complaints.length === 0 && !tooMany) continue;
  failures++;
  console.log(`seed ${seed}: ${result.promotions.join()} ${result.complaints.join('\n')}`);
}
console.log(`${count} worlds, ${promotions} promotions, ${failures} with complaints`);
process.exitCode = failures === 0 ? 0 : 1;
