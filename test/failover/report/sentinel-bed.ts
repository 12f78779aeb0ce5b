import { type Latency, NumberedLoad, type NumberedOptions } from '../../support/numbered-load.ts';
import type { RealServer } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { startChild } from '../../support/ringway.ts';
import { command, type SentinelSet, settled, startSentinelSet } from '../../support/sentinels.ts';
import { delay, waitFor } from '../../support/wait.ts';
import { type Judged, judge, type Outage, tellDetails } from './outage.ts';

// Three shards behind three sentinels, clients of each alone, and what is measured when one of the
// shards gets another master.

export const DOWN_AFTER_MS = 1000;
export const TIMEOUT_MS = 400;
export const CLIENTS = 50;
export const DEPTH = 4;
export const SHARDS = 3;
const REPLICAS = 2;
const PAUSE_MS = 40;
/** Each client writes so many keys. */
const KEYS = 2;
/** Clients of all shards, the last ones. */
const CROSSING = 5;
/** How long clients are watched before anything happens. */
const QUIET_MS = 1500;
const ROLE_EVERY_MS = 2;

export interface Bed {
  readonly set: SentinelSet;
  readonly load: NumberedOptions;
  stop(): Promise<void>;
}

/** What was seen of one failover; times in milliseconds. */
export interface Seen extends Judged {
  /** From the beginning, and from when a replica said to be a master; until a write was good. */
  readonly back: number;
  readonly behindRole: number;
  /** How many servers of the shard became masters. */
  readonly promotions: number;
  /** Of clients that use other shards alone: before, and until writes are back. */
  readonly quiet: readonly number[];
  readonly meanwhile: readonly number[];
}

/** What happens, and how it ends. */
export interface Scenario {
  /** Its name on the command line. */
  readonly event: string;
  readonly name: string;
  /** How often, for each of --runs. */
  readonly share: number;
  /** @returns the servers that have gone */
  begin(bed: Bed, shard: number, master: RealServer): Promise<Outage[]>;
  /** Something more, under load, when another master serves. @returns what has gone besides */
  meanwhile?(bed: Bed, shard: number, master: RealServer): Promise<Outage[]>;
  /** Brings back what has gone. */
  end(bed: Bed, shard: number, master: RealServer): Promise<void> | void;
}

/** Names of keys that a shard has. */
async function keysOfShards(port: number, set: SentinelSet, each: number): Promise<string[][]> {
  const keys: string[][] = set.shards.map(() => []);
  const client = await RespClient.open(port);
  for (let i = 0; keys.some(({ length }) => length < each); i++) {
    const key = `key:${i}`;
    await client.text('SET', key, `${key} none 0`);
    const found = await Promise.all(set.shards.map(([{ port: at }]) => command(at, 'EXISTS', key)));
    keys[found.indexOf(1)].push(key);
  }
  client.close();
  return keys;
}

export function shardOf(client: number): number {
  return client < CLIENTS - CROSSING ? client % SHARDS : -1;
}

export async function startBed(): Promise<Bed> {
  const set = await startSentinelSet({
    ...{ shards: SHARDS, replicas: REPLICAS, downAfterMs: DOWN_AFTER_MS },
  });
  const spec = { servers: set.servers, sentinels: set.lines, timeout: TIMEOUT_MS };
  const ringway = await startChild(spec);
  const keys = await keysOfShards(ringway.port, set, CLIENTS * KEYS);
  const of = (client: number) => {
    const at = (i: number) => (shardOf(client) < 0 ? i % SHARDS : shardOf(client));
    return Array.from({ length: SHARDS }, (_, i) => keys[at(i)][client * KEYS + (i % KEYS)]);
  };
  return {
    set,
    load: {
      ...{ port: ringway.port, clients: CLIENTS, depth: DEPTH, pauseMs: PAUSE_MS },
      keysOf: (client) => [...new Set(of(client))],
    },
    stop: async () => {
      await ringway.stop();
      await set.stop();
    },
  };
}

/** Asks servers for their role all the time, until it is stopped. */
class RoleWatch {
  /** When each server said first to be a master. */
  readonly masters: Map<number, number> = new Map();
  #stopped = false;
  readonly #done: Promise<unknown>;

  constructor(servers: readonly RealServer[]) {
    this.#done = Promise.all(servers.map(({ port }) => this.#watch(port)));
  }

  async #watch(port: number): Promise<void> {
    while (!this.#stopped) {
      const client = await RespClient.open(port).catch(() => null);
      while (client !== null && !client.ended && !this.#stopped) {
        // A server that is promoted closes its connections.
        const role = await client.text('ROLE').catch(() => ['']);
        if ((role as string[])[0] === 'master' && !this.masters.has(port)) {
          this.masters.set(port, performance.now());
        }
        await delay(ROLE_EVERY_MS);
      }
      client?.close();
      await delay(ROLE_EVERY_MS);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }
}

/** A shard loses its master. @param sentUntil 0 = until another one is there */
export function outageOf(
  bed: Bed,
  shard: number,
  { at, sentUntil, aloneUntil }: Omit<Outage, 'had'>,
): Outage {
  const keys = new Set<string>();
  for (let client = 0; client < CLIENTS; client++) {
    const own = bed.load.keysOf?.(client) ?? [];
    if (shardOf(client) === shard) for (const key of own) keys.add(key);
    else if (shardOf(client) < 0) keys.add(own[shard]);
  }
  return { at, sentUntil, aloneUntil, had: (key) => keys.has(key) };
}

/** One failover of a shard under load. */
export async function measure(bed: Bed, shard: number, scenario: Scenario): Promise<Seen> {
  const { set } = bed;
  for (let i = 0; i < SHARDS; i++) await settled(set, i);
  const master = await settled(set, shard);
  const load = new NumberedLoad(bed.load);
  await waitFor('some load', () => load.acknowledged > 500);
  await delay(QUIET_MS);
  const others = set.shards[shard].filter(({ port, running }) => running && port !== master.port);
  const roles = new RoleWatch(others);
  const startedAt = performance.now();
  console.error(`${scenario.name}, shard ${shard + 1}`);
  const outages = await scenario.begin(bed, shard, master);
  await waitFor('another', async () => (await set.masterOf(shard)) !== master.port, 60_000);
  const served = load.acknowledged;
  await waitFor('load on it', () => load.acknowledged > served + 500, 60_000);
  outages.push(...((await scenario.meanwhile?.(bed, shard, master)) ?? []));
  await roles.stop();
  const [firstMaster = 0] = roles.masters.values();
  const known = outages.map((each) => ({ ...each, sentUntil: each.sentUntil || firstMaster }));
  const result = judge(await load.stop(), known);
  tellDetails(result, known);
  await scenario.end(bed, shard, master);
  return { ...result, ...timesOf(result, shard, startedAt, [...roles.masters.values()]) };
}

function timesOf(
  { acks, latencies }: Judged,
  shard: number,
  startedAt: number,
  masters: readonly number[],
): Omit<Seen, keyof Judged> {
  const role = Math.min(...masters);
  const own = acks.filter((_, client) => shardOf(client) === shard).flat();
  const good = Math.min(...own.filter((at) => at > role));
  const isOther = ({ client }: Latency) => shardOf(client) >= 0 && shardOf(client) !== shard;
  const elsewhere = latencies.filter(isOther);
  const during = elsewhere.filter(({ sentAt }) => sentAt >= startedAt && sentAt < good);
  return {
    back: good - startedAt,
    behindRole: good - role,
    promotions: masters.length,
    quiet: elsewhere.filter(({ sentAt }) => sentAt < startedAt).map(({ ms }) => ms),
    meanwhile: during.map(({ ms }) => ms),
  };
}
