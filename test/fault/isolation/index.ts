import { parseArgs } from 'node:util';
import { RespClient } from '../../support/resp-client.ts';
import { delay } from '../../support/wait.ts';
import { judgeAmounts, judgeElements, judgeRest, memoryOf } from './judge.ts';
import { Listener } from './listeners.ts';
import { busy, Ledger } from './works.ts';
import { World } from './world.ts';

// The long form of isolation.test.ts, with processes that are replaced. Clients move amounts in
// transactions, count under WATCH, pass numbered elements through BLPOP and BLMOVE, and publish
// numbered messages, while servers die and come back with what they have acknowledged, stand still,
// clients vanish at any byte, the file is read again, workers are replaced and the program upgraded.
//
//   npm run isolation-report -- [--seconds N] [--clients N] [--workers N]

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    clients: { type: 'string', default: '200' },
    workers: { type: 'string', default: '2' },
  },
});
const LISTENERS = 4;

const ledger = new Ledger();
const world = await World.start(values.workers);
const { port } = world.ringway;
let over = false;
const all = Array.from({ length: Number(values.clients) }, (_, i) => {
  return busy(port, i, ledger, () => over);
});
const listeners = Array.from({ length: LISTENERS }, () => new Listener(port, ledger));

const until = performance.now() + Number(values.seconds) * 1000;
const memory: number[] = [];
for (let round = 0; performance.now() < until; round++) {
  await delay(400);
  await world.disturb(round);
  // Behind an upgrade all processes are of the same age.
  if (round % 6 === 4) memory.push(memoryOf(world.pid));
}
over = true;
await Promise.all(all);
for (const listener of listeners) await listener.stop();
// To another process they go along: only a server that dies may end one.
const mayEnd = world.disturbed.get('servers killed') ?? 0;
for (const { connections } of listeners) {
  ledger.mind(connections <= 1 + mayEnd, `a listener had ${connections} connections`);
}

const client = await RespClient.open(port);
await judgeAmounts(client, ledger);
const missing = await judgeElements(client, ledger);
client.close();
await judgeRest(port, world.servers);
await world.stop();

const text = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([what, count]) => `${count} ${what}`).join(', ');
const heard = listeners.map((each) => `${each.heard} (${each.connections} connections)`);
console.log(`done: ${text(ledger.done)}`);
console.log(`meanwhile: ${text(world.disturbed)}`);
const orders = [...world.longest].map(([name, ms]) => `${name} ${ms} ms`);
console.log(`the longest of each order: ${orders.join(', ')}`);
console.log(`heard by each listener: ${heard.join(', ')}`);
console.log(`errors: ${text(ledger.errors)}; ${ledger.ends} connections ended early`);
console.log(`gone with a failed pop: ${missing} of ${ledger.unanswered} that failed`);
console.log(`resident, in MiB: ${memory.join(', ')}`);
for (const what of ledger.wrong.slice(0, 20)) console.log(`WRONG: ${what}`);
console.log(ledger.wrong.length === 0 ? 'nothing is wrong' : `${ledger.wrong.length} things wrong`);
process.exit(ledger.wrong.length === 0 ? 0 : 1);
