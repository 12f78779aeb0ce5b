import { anything, onlyProxies, runSplitCase } from './split-case.ts';

// Many worlds in which proxies promote, as far as the seconds go:
// `node build/test/sim/promotion/long.js FIRST COUNT SECONDS`; with `proxies` behind that only proxies
// are cut off.

const [first = 1, count = 1000, seconds = 3600] = process.argv.slice(2, 5).map(Number);
const isOfProxies = process.argv[5] === 'proxies';
// Other clocks are those of the worlds.
const until = process.uptime() + seconds;
let worlds = 0;
let promotions = 0;
let failures = 0;
for (let seed = first; seed < first + count && process.uptime() < until; seed++) {
  worlds++;
  const result = await runSplitCase(seed, isOfProxies ? onlyProxies(seed) : anything(seed));
  promotions += result.promotions.reduce((sum, each) => sum + each, 0);
  const tooMany = result.promotions.some((each) => each > (isOfProxies ? 0 : 1));
  if (result.complaints.length === 0 && !tooMany) continue;
  failures++;
  console.log(`seed ${seed}: ${result.promotions.join()} ${result.complaints.join('\n')}`);
}
console.log(
  `seeds from ${first}: ${worlds} worlds, ${promotions} promotions, ${failures} with complaints`,
);
process.exitCode = failures === 0 ? 0 : 1;
