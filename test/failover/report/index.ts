import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { CLUSTER_EVENTS, clusterReport } from './cluster.ts';
import { partitionReport } from './partitions.ts';
import { SENTINEL_EVENTS, sentinelReport } from './sentinels.ts';

// npm run ha-report: what clients see of failovers, of a cluster that changes, and of networks that
// part before proxies that promote. Prints the tables of docs/high-availability.md.

const HELP = `npm run ha-report -- [PART...] [--runs N] [--slots N]
  PART       sentinels, cluster, partitions (default: all)
  --runs N   how often each event (default 5)
  --slots N  how many slots are moved (default 4000)
  --events E only these, of a cluster: ${CLUSTER_EVENTS.join(',')};
             with sentinels: ${SENTINEL_EVENTS.join(',')}`;

const EVENTS: readonly string[] = [...CLUSTER_EVENTS, ...SENTINEL_EVENTS];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    slots: { type: 'string', default: '4000' },
    events: { type: 'string', default: EVENTS.join() },
    help: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const events = values.events.split(',');
const parts: Readonly<Record<string, () => Promise<string[]>>> = {
  sentinels: () => sentinelReport(runs, events),
  cluster: () => clusterReport(runs, Number(values.slots), events),
  partitions: () => partitionReport(runs),
};
const names = positionals.length > 0 ? positionals : Object.keys(parts);
const isUnknown = events.some((event) => !EVENTS.includes(event));
if (values.help || isUnknown || names.some((name) => !Object.hasOwn(parts, name)) || !(runs >= 1)) {
  console.log(HELP);
  process.exit(values.help ? 0 : 1);
}
console.log(`${cpus().length} cores, load ${loadavg()[0]}`);
for (const name of names) {
  for (const line of await parts[name]()) console.log(line);
  console.log('');
}
process.exit(0);
