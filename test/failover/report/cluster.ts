import { askAdmin } from '../../../src/admin/admin-client.ts';
import { keySlot } from '../../../src/distribution/slots.ts';
import { clusterNodes, idOf, startCluster, type TestCluster } from '../../support/clusters.ts';
import { freePort } from '../../support/free-port.ts';
import { NumberedLoad } from '../../support/numbered-load.ts';
import type { RealServer } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { startChild } from '../../support/ringway.ts';
import { command } from '../../support/sentinels.ts';
import { waitFor } from '../../support/wait.ts';
import { type Judged, judge, type Outage, tellDetails } from './outage.ts';
import { rowOf, TABLE } from './table.ts';

// What clients see of a Redis Cluster that changes under load: three masters with a replica each.

const NODE_TIMEOUT_MS = 1000;
const CLIENTS = 24;
const DEPTH = 4;
/** Each client writes at several nodes. */
const KEYS = 3;
/** How long a busy machine may need until ringway knows that a node has died. */
const NOTICE_MS = 100;
/** Milliseconds between what a client asks. */
const PAUSE_MS = 10;
/** Longer than a master may pause its writes for a failover. */
const TIMEOUT_MS = 6_000;
/** A node that is told to take over gives up after five. */
const MANUAL_FAILOVER_MS = 6_000;
const SLOTS = 16384;

/** A ringway before a cluster. */
interface Bed {
  readonly cluster: TestCluster;
  readonly port: number;
  /** How often nodes were asked who has which slots. */
  refreshes(): Promise<number>;
}

/** What happened, and how often a second nodes were asked meanwhile. */
interface Measured extends Judged {
  readonly perSecond: number;
}

/** @param work returns which nodes have died */
async function underLoad(bed: Bed, work: () => Promise<Outage[]>): Promise<Measured> {
  await bed.cluster.settled();
  const load = new NumberedLoad({
    ...{ port: bed.port, clients: CLIENTS, depth: DEPTH },
    pauseMs: PAUSE_MS,
    keysOf: (client) => Array.from({ length: KEYS }, (_, i) => `key:${client}:${i}`),
  });
  await waitFor('some load', () => load.acknowledged > 500);
  const [from, before] = [performance.now(), await bed.refreshes()];
  const outages = await work();
  const served = load.acknowledged;
  await waitFor('load on it', () => load.acknowledged > served + 500, 60_000);
  const seconds = (performance.now() - from) / 1000;
  const perSecond = ((await bed.refreshes()) - before) / Math.max(1, seconds);
  const result = judge(await load.stop(), outages);
  tellDetails(result, outages);
  return { ...result, perSecond };
}

/** Moves slots as redis-cli does, over connections that stay. */
async function moveSlots(
  cluster: TestCluster,
  slots: readonly number[],
  from: RealServer,
  to: RealServer,
): Promise<void> {
  const nodes = cluster.nodes.filter(({ running }) => running);
  const masters = new Set(
    (await clusterNodes(to.port))
      .filter(({ flags }) => flags.includes('master'))
      .map(({ port }) => port),
  );
  const ports = nodes.map(({ port }) => port).filter((port) => masters.has(port));
  const clients = new Map<number, RespClient>();
  for (const port of ports) clients.set(port, await RespClient.open(port));
  const at = ({ port }: RealServer): RespClient => clients.get(port) as RespClient;
  const [fromId, toId] = await Promise.all([idOf(from), idOf(to)]);
  const others = ports.filter((port) => port !== from.port && port !== to.port);
  for (const slot of slots) {
    await at(to).text('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await at(from).text('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    for (;;) {
      const keys = (await at(from).text('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
      if (keys.length === 0) break;
      await at(from).text('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...keys);
    }
    for (const port of [to.port, from.port, ...others]) {
      await (clients.get(port) as RespClient).text('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    }
  }
  for (const client of clients.values()) client.close();
}

/** Some slots of a node, those first that it has most of. */
async function slotsOf(node: RealServer, count: number): Promise<number[]> {
  const line = (await clusterNodes(node.port)).find(({ flags }) => flags.includes('myself'));
  const ranges = (line?.slots ?? []).filter((range) => !range.startsWith('['));
  const all = ranges.flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  return all.slice(0, count);
}

/** Each of the other masters gives half of them. */
async function reshard({ cluster }: Bed, count: number): Promise<[]> {
  const [a, b, c] = await Promise.all(
    [0, SLOTS >> 1, SLOTS - 1].map((slot) => cluster.ownerOf(slot)),
  );
  await moveSlots(cluster, await slotsOf(a, count >> 1), a, c);
  await moveSlots(cluster, await slotsOf(b, count >> 1), b, c);
  return [];
}

async function addAndRemove({ cluster }: Bed, count: number): Promise<[]> {
  const node = await cluster.addNode();
  const giver = await cluster.ownerOf(SLOTS - 1);
  const slots = await slotsOf(giver, count);
  await moveSlots(cluster, slots, giver, node);
  await moveSlots(cluster, slots, node, giver);
  await cluster.removeNode(node);
  return [];
}

/** A master with slots, and a replica of it. */
async function pairOf({ cluster }: Bed): Promise<[master: RealServer, replica: RealServer]> {
  return waitFor('a master with a replica', async () => {
    const asked = cluster.nodes.find(({ running }) => running) as RealServer;
    const lines = await clusterNodes(asked.port);
    const at = (port: number): RealServer | undefined => {
      return cluster.nodes.find((node) => node.port === port && node.running);
    };
    for (const { master: id, port, flags } of lines) {
      const master = lines.find((each) => each.id === id && each.slots.length > 0);
      const pair = [at(master?.port ?? 0), at(port)];
      if (pair[0] === undefined || pair[1] === undefined || flags.includes('fail')) continue;
      return pair as [RealServer, RealServer];
    }
    return null;
  });
}

async function isMasterNow(server: RealServer): Promise<boolean> {
  return ((await command(server.port, 'ROLE')) as string[])[0] === 'master';
}

async function planned(bed: Bed): Promise<[]> {
  const [, replica] = await pairOf(bed);
  let askedAt = Number.NEGATIVE_INFINITY;
  await waitFor(
    'the replica to be a master',
    async () => {
      if (await isMasterNow(replica)) return true;
      // It gives up when it is not elected in time.
      if (performance.now() - askedAt < MANUAL_FAILOVER_MS) return false;
      askedAt = performance.now();
      await command(replica.port, 'CLUSTER', 'FAILOVER');
      return false;
    },
    60_000,
  );
  return [];
}

async function killed(bed: Bed): Promise<Measured> {
  await bed.cluster.settled();
  const [master, replica] = await pairOf(bed);
  const slots = new Set(await slotsOf(master, SLOTS));
  const result = await underLoad(bed, async () => {
    master.kill('SIGKILL');
    const at = performance.now();
    await waitFor('the replica to be a master', () => isMasterNow(replica), 30_000);
    const had = (key: string) => slots.has(keySlot(Buffer.from(key), 0, key.length));
    return [{ at, sentUntil: at + NOTICE_MS, aloneUntil: at + NODE_TIMEOUT_MS, had }];
  });
  await master.restart();
  return result;
}

async function repeated(runs: number, run: () => Promise<Measured>): Promise<Measured[]> {
  const results: Measured[] = [];
  while (results.length < runs) results.push(await run());
  return results;
}

function line(name: string, results: readonly Measured[]): string {
  const most = Math.max(...results.map(({ perSecond }) => perSecond)).toFixed(1);
  return rowOf(name, results, ` ${most} |`);
}

/** What can happen to a cluster, and its line of the table. */
const EVENTS: Readonly<Record<string, (bed: Bed, runs: number, slots: number) => Promise<string>>> =
  {
    moved: async (bed, _, slots) => {
      return line(`${slots} slots are moved`, [await underLoad(bed, () => reshard(bed, slots))]);
    },
    nodes: async (bed, _, slots) => {
      const share = Math.ceil(slots / 8);
      const nodes = await underLoad(bed, () => addAndRemove(bed, share));
      return line(`a node comes, gets ${share} slots, gives them back, and goes`, [nodes]);
    },
    failover: async (bed, runs) => {
      const all = await repeated(runs, () => underLoad(bed, () => planned(bed)));
      return line('`CLUSTER FAILOVER`', all);
    },
    kill: async (bed, runs) => {
      return line('a master is killed (`kill -9`)', await repeated(runs, () => killed(bed)));
    },
  };

export const CLUSTER_EVENTS: readonly string[] = Object.keys(EVENTS);

async function measure(
  bed: Bed,
  runs: number,
  slots: number,
  events: readonly string[],
): Promise<string[]> {
  // Programs that have just started are slow.
  await underLoad(bed, async () => []);
  const lines: string[] = [];
  for (const event of CLUSTER_EVENTS) {
    if (events.includes(event)) lines.push(await EVENTS[event](bed, runs, slots));
  }
  return lines;
}

/** @param events others than CLUSTER_EVENTS are left out @returns lines of a table */
export async function clusterReport(
  runs: number,
  slots: number,
  events: readonly string[],
): Promise<string[]> {
  const cluster = await startCluster({
    ...{ masters: 3, replicas: 1, nodeTimeoutMs: NODE_TIMEOUT_MS },
    args: ['--cluster-allow-replica-migration', 'no'],
  });
  const socket = `/tmp/ringway-report-${await freePort()}.sock`;
  const spec = { servers: cluster.lines.slice(0, 3), cluster: true, timeout: TIMEOUT_MS };
  const ringway = await startChild(spec, { args: ['--admin-socket', socket] });
  const refreshes = async (): Promise<number> => {
    const { clusters } = (await askAdmin(socket, 'topology', 10_000)) as {
      clusters: { refreshes: number }[];
    };
    return clusters[0].refreshes;
  };
  const rows = await measure({ cluster, port: ringway.port, refreshes }, runs, slots, events);
  await ringway.stop();
  await cluster.stop();
  const [head, rule] = TABLE;
  return [
    `Cluster: ${runs} runs each, ${CLIENTS} clients with ${DEPTH} SETs and GETs under way each,`,
    `cluster-node-timeout ${NODE_TIMEOUT_MS}, failover_wait 5000, timeout ${TIMEOUT_MS}`,
    ...['', `${head} nodes asked per second |`, `${rule}---|`],
    ...rows,
  ];
}
