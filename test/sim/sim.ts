import { generateCase } from './cases/generate.ts';
import { Pairs } from './cases/pairs.ts';
import { runCase } from './cases/run-case.ts';

const [from = '1', count = '10'] = process.argv.slice(2);
const begun = process.hrtime.bigint();
let bad = 0;
let virtual = 0;
for (let seed = Number(from); seed < Number(from) + Number(count); seed++) {
  const result = await runCase(generateCase(seed), new Pairs(), Boolean(process.env['L']));
  if (process.env['L']) { for (const l of result.lines) console.log((l.at/1000).toFixed(3).padStart(10), l.party.padEnd(9), l.text.slice(0, 300)); console.log(JSON.stringify({...generateCase(seed), clients: 0})); }
  virtual += result.virtualMs;
  if (process.env['V'])
    console.log(
      seed,
      result.hash,
      result.virtualMs,
      result.events,
      result.answered,
      result.failed,
      result.lost,
      result.faults.map((f) => f.kind).join(),
    );
  if (result.complaints.length > 0) {
    bad++;
    console.log(
      seed,
      result.hash,
      result.answered,
      result.failed,
      result.lost,
      result.complaints.length,
    );
    for (const c of result.complaints.slice(0, 4)) console.log('   ', c.slice(0, 400));
  }
}
console.log({ bad, virtual, ms: Number(process.hrtime.bigint() - begun) / 1e6 });
