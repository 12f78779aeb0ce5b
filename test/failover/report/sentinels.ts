import { NumberedLoad, type NumberedResult } from '../../support/numbered-load.ts';
import type { RealServer } from '../../support/real-servers.ts';
import { startChild } from '../../support/ringway.ts';
import { command, type SentinelSet, settled, startSentinelSet } from '../../support/sentinels.ts';
import { waitFor } from '../../support/wait.ts';
import { HEAD, rowOf } from './table.ts';

// What clients see of failovers, with three real sentinels, a master and two replicas.

const DOWN_AFTER_MS = 1000;
const CLIENTS = 8;
const DEPTH = 4;

interface Scenario {
  readonly name: string;
  begin(set: SentinelSet, master: RealServer): Promise<void> | void;
  /** Brings the old master back. */
  end(master: RealServer): Promise<void> | void;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'planned (`SENTINEL FAILOVER`)',
    begin: async ({ sentinels }) => {
      // It may be in the middle of the one before.
      await waitFor('a sentinel to begin', () => {
        return command(sentinels[0].port, 'SENTINEL', 'FAILOVER', 'shard1');
      });
    },
    end: () => {},
  },
  {
    name: 'the master is killed (`kill -9`)',
    begin: (_, master) => master.kill('SIGKILL'),
    end: (master) => master.restart(),
  },
  {
    name: 'the master hangs (`SIGSTOP`), and wakes up behind the failover',
    begin: (_, master) => master.kill('SIGSTOP'),
    end: (master) => master.kill('SIGCONT'),
  },
];

async function measure(set: SentinelSet, port: number, scenario: Scenario) {
  const master = await settled(set);
  const load = new NumberedLoad({ port, clients: CLIENTS, depth: DEPTH });
  await waitFor('some load', () => load.acknowledged > 500);
  await scenario.begin(set, master);
  await waitFor('another', async () => (await set.masterOf(0)) !== master.port, 60_000);
  const served = load.acknowledged;
  await waitFor('load on it', () => load.acknowledged > served + 500, 60_000);
  const result = await load.stop();
  await scenario.end(master);
  // Sentinels do that as well, after ten seconds.
  const now = String(await waitFor('sentinels to agree', () => set.masterOf(0)));
  await command(master.port, 'REPLICAOF', '127.0.0.1', now);
  return result;
}

/** @returns lines of a table */
export async function sentinelReport(runs: number): Promise<string[]> {
  const set = await startSentinelSet({ downAfterMs: DOWN_AFTER_MS });
  const ringway = await startChild({ servers: set.servers, sentinels: set.lines, timeout: 400 });
  const rows: string[] = [];
  for (const scenario of SCENARIOS) {
    const results: NumberedResult[] = [];
    for (let run = 0; run < runs; run++) results.push(await measure(set, ringway.port, scenario));
    rows.push(rowOf(scenario.name, results));
  }
  await ringway.stop();
  await set.stop();
  return [
    `Sentinels: ${runs} runs each, ${CLIENTS} clients with ${DEPTH} SETs and GETs under way each,`,
    `down-after-milliseconds ${DOWN_AFTER_MS}`,
    ...HEAD,
    ...rows,
  ];
}
