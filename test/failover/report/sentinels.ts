import type { RealServer } from '../../support/real-servers.ts';
import { command, settled } from '../../support/sentinels.ts';
import { delay, waitFor } from '../../support/wait.ts';
import type { Outage } from './outage.ts';
import {
  type Bed,
  CLIENTS,
  DEPTH,
  DOWN_AFTER_MS,
  measure,
  outageOf,
  type Scenario,
  type Seen,
  SHARDS,
  startBed,
  TIMEOUT_MS,
} from './sentinel-bed.ts';
import { quantile, rowOf, spread, TABLE } from './table.ts';

// What clients see of failovers, with three real sentinels, and masters with two replicas each.

/** How long a busy machine may need until ringway knows that a server has died. */
const NOTICE_MS = 100;
/** How long clients are watched when something is back, or is not there. */
const WATCH_MS = 4_000;

async function failOver(bed: Bed, shard: number): Promise<Outage[]> {
  const at = performance.now();
  // It may be in the middle of the one before.
  await waitFor('a sentinel to begin', () => {
    return command(bed.set.sentinels[0].port, 'SENTINEL', 'FAILOVER', `shard${shard + 1}`);
  });
  return [outageOf(bed, shard, { at, sentUntil: 0, aloneUntil: 0 })];
}

function hit(bed: Bed, shard: number, master: RealServer, signal: NodeJS.Signals): Outage[] {
  master.kill(signal);
  const at = performance.now();
  const aloneUntil = at + DOWN_AFTER_MS;
  const hangs = signal === 'SIGSTOP';
  // One that hangs is sent requests until the first is late.
  const sentUntil = at + (hangs ? TIMEOUT_MS : 0) + NOTICE_MS;
  return [{ ...outageOf(bed, shard, { at, sentUntil, aloneUntil }), hangs }];
}

/** Sentinels do that as well, after ten seconds. */
async function follow({ set }: Bed, shard: number, old: RealServer): Promise<void> {
  const now = await waitFor('sentinels to agree', () => set.masterOf(shard));
  if (now !== old.port) await command(old.port, 'REPLICAOF', '127.0.0.1', String(now));
}

async function killed(bed: Bed, shard: number, master: RealServer): Promise<Outage[]> {
  return hit(bed, shard, master, 'SIGKILL');
}

async function comeBack(bed: Bed, shard: number, master: RealServer): Promise<void> {
  await master.restart();
  await follow(bed, shard, master);
}

async function killNext(bed: Bed, shard: number): Promise<Outage[]> {
  const next = await settled(bed.set, shard);
  const outages = hit(bed, shard, next, 'SIGKILL');
  await waitFor('a third', async () => (await bed.set.masterOf(shard)) !== next.port, 60_000);
  await delay(WATCH_MS);
  await comeBack(bed, shard, next);
  return outages;
}

const SCENARIOS: readonly Scenario[] = [
  {
    event: 'planned',
    name: 'planned (`SENTINEL FAILOVER`)',
    share: 1,
    begin: failOver,
    end: follow,
  },
  {
    event: 'kill',
    name: 'the master is killed (`kill -9`)',
    share: 2,
    begin: killed,
    end: comeBack,
  },
  {
    event: 'hang',
    name: 'the master hangs (`SIGSTOP`), and wakes up behind the failover',
    share: 1,
    begin: async (bed, shard, master) => hit(bed, shard, master, 'SIGSTOP'),
    meanwhile: async (_, __, master) => {
      master.kill('SIGCONT');
      await delay(WATCH_MS);
      return [];
    },
    end: follow,
  },
  {
    event: 'return',
    name: 'the killed master comes back as a master',
    share: 1,
    begin: killed,
    meanwhile: async (_, __, master) => {
      await master.restart();
      await delay(WATCH_MS);
      return [];
    },
    end: follow,
  },
  {
    event: 'double',
    name: 'the master is killed, and then the next one',
    share: 0.2,
    begin: killed,
    meanwhile: killNext,
    end: comeBack,
  },
  {
    event: 'stale',
    name: 'planned, while one sentinel sleeps; it wakes up behind it',
    share: 0.2,
    begin: async (bed, shard) => {
      bed.set.sentinels[2].kill('SIGSTOP');
      return failOver(bed, shard);
    },
    meanwhile: async ({ set }) => {
      set.sentinels[2].kill('SIGCONT');
      await delay(WATCH_MS);
      return [];
    },
    end: follow,
  },
];

/** Sentinels that are gone do not come back: the last one. */
const NO_SENTINELS: Scenario = {
  event: 'none',
  name: 'planned, and then all sentinels are killed',
  share: 0,
  begin: failOver,
  meanwhile: async ({ set }) => {
    for (const sentinel of set.sentinels) sentinel.kill('SIGKILL');
    await delay(2 * WATCH_MS);
    return [];
  },
  end: () => {},
};

const ALL_SCENARIOS: readonly Scenario[] = [...SCENARIOS, NO_SENTINELS];
export const SENTINEL_EVENTS: readonly string[] = ALL_SCENARIOS.map(({ event }) => event);

function ratio(results: readonly Seen[]): string {
  const of = (times: (seen: Seen) => readonly number[]) => quantile(results.flatMap(times), 0.99);
  const [quiet, meanwhile] = [of((seen) => seen.quiet), of((seen) => seen.meanwhile)];
  return `${quiet.toFixed(1)}, ${meanwhile.toFixed(1)} (× ${(meanwhile / quiet).toFixed(2)})`;
}

function timesRow(name: string, results: readonly Seen[]): string {
  // A second failover by the sentinels themselves is another matter.
  const single = results.filter(({ promotions }) => promotions === 1);
  const backs = single.map(({ back }) => back);
  const role = spread(single.map(({ behindRole }) => behindRole));
  const p90 = backs.length === 0 ? '–' : quantile(backs, 0.9).toFixed(0);
  const more = results.length - single.length;
  return `| ${name} | ${spread(backs)} | ${p90} | ${role} | ${more} | ${ratio(results)} |`;
}

const TIMES: readonly string[] = [
  '',
  '| event | until a write is acknowledged again, ms: median (all) | p90 | behind the first `ROLE` that says master, ms: median (all) | with several promotions, not counted before | p99 of clients of other shards, ms: before, meanwhile |',
  '|---|---|---|---|---|---|',
];

/** @param events of SENTINEL_EVENTS @returns lines of two tables */
export async function sentinelReport(runs: number, events: readonly string[]): Promise<string[]> {
  const bed = await startBed();
  const rows: string[] = [];
  const times: string[] = [];
  for (const scenario of ALL_SCENARIOS) {
    if (!events.includes(scenario.event)) continue;
    const count = Math.max(1, Math.round(runs * scenario.share));
    const results: Seen[] = [];
    while (results.length < count) {
      results.push(await measure(bed, results.length % SHARDS, scenario));
    }
    rows.push(rowOf(`${scenario.name}, ${count} times`, results));
    times.push(timesRow(scenario.name, results));
  }
  await bed.stop();
  return [
    `Sentinels: 3, ${SHARDS} masters with 2 replicas each, ${CLIENTS} clients with ${DEPTH} SETs`,
    `and GETs under way each, down-after-milliseconds ${DOWN_AFTER_MS}, timeout ${TIMEOUT_MS}`,
    ...['', ...TABLE, ...rows],
    ...TIMES,
    ...times,
  ];
}
