import { type RealServer, startRedis, startSentinel } from './real-servers.ts';
import { RespClient } from './resp-client.ts';
import { waitFor } from './wait.ts';

/** Masters with replicas, and sentinels that watch them. */
export interface SentinelSet {
  /** Per shard: the master it began with, then its replicas. */
  readonly shards: readonly (readonly RealServer[])[];
  readonly sentinels: readonly RealServer[];
  /** `host:port` lines of the sentinels. */
  readonly lines: readonly string[];
  /** Lines of `servers:`, named shard1, shard2, ... */
  readonly servers: readonly string[];
  /** The port of the shard's master, as most sentinels see it. @throws while they do not agree */
  masterOf(shard: number): Promise<number>;
  stop(): Promise<void>;
}

export interface SentinelSetOptions {
  readonly shards?: number;
  readonly replicas?: number;
  readonly downAfterMs?: number;
  readonly sentinels?: number;
}

/** One that sleeps has no vote. */
const SENTINEL_TIMEOUT_MS = 2_000;

/** Sends one command. @returns its reply, every bulk as text */
export async function command(port: number, ...words: string[]): Promise<unknown> {
  const client = await RespClient.open(port);
  try {
    return await client.text(...words);
  } finally {
    client.close();
  }
}

/** The port of a master as a sentinel sees it; empty when it does not say. */
async function masterAt({ port, running }: RealServer, name: string): Promise<string> {
  if (!running) return '';
  const client = await RespClient.open({ port, timeoutMs: SENTINEL_TIMEOUT_MS }).catch(() => null);
  try {
    const place = await client?.text('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
    return (place as [string, string] | undefined)?.[1] ?? '';
  } catch {
    return '';
  } finally {
    client?.close();
  }
}

/** The fields of a flat list of names and values. */
function fieldsOf(list: unknown): Map<string, string> {
  const words = list as string[];
  return new Map(words.flatMap((name, i) => (i % 2 === 0 ? [[name, words[i + 1]] as const] : [])));
}

/** Starts all of it, and waits until every sentinel knows every replica and every other sentinel. */
export async function startSentinelSet(options: SentinelSetOptions = {}): Promise<SentinelSet> {
  const { shards: count = 1, replicas = 2, downAfterMs = 1000, sentinels: voters = 3 } = options;
  const shards = await Promise.all(
    Array.from({ length: count }, async () => {
      const args = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];
      const master = await startRedis({ args });
      const replicaOf = [...args, '--replicaof', '127.0.0.1', String(master.port)];
      const others = Array.from({ length: replicas }, () => startRedis({ args: replicaOf }));
      return [master, ...(await Promise.all(others))];
    }),
  );
  const quorum = Math.floor(voters / 2) + 1;
  const conf = shards.flatMap(([master], i) => [
    `sentinel monitor shard${i + 1} 127.0.0.1 ${master.port} ${quorum}`,
    `sentinel down-after-milliseconds shard${i + 1} ${downAfterMs}`,
    `sentinel failover-timeout shard${i + 1} 10000`,
  ]);
  const sentinels = await Promise.all(Array.from({ length: voters }, () => startSentinel(conf)));
  for (const { port } of sentinels) {
    for (let i = 0; i < count; i++) {
      await waitFor(`sentinel ${port} to know all of shard${i + 1}`, async () => {
        const name = `shard${i + 1}`;
        const master = fieldsOf(await command(port, 'SENTINEL', 'MASTER', name));
        const slaves = (await command(port, 'SENTINEL', 'REPLICAS', name)) as unknown[];
        const linked = slaves.filter((slave) => fieldsOf(slave).get('master-link-status') === 'ok');
        const others = master.get('num-other-sentinels') === String(voters - 1);
        return linked.length === replicas && others;
      });
    }
  }
  return {
    shards,
    sentinels,
    lines: sentinels.map(({ port }) => `127.0.0.1:${port}`),
    servers: shards.map(([master], i) => `127.0.0.1:${master.port}:1 shard${i + 1}`),
    masterOf: async (shard) => {
      const name = `shard${shard + 1}`;
      const ports = await Promise.all(sentinels.map((sentinel) => masterAt(sentinel, name)));
      const agreed = ports.find((port) => ports.filter((one) => one === port).length >= quorum);
      // Neither an answer that is missing nor one that is empty is another master.
      if (!(Number(agreed) > 0)) throw new Error(`${name}: sentinels say ${ports.join(', ')}`);
      return Number(agreed);
    },
    stop: async () => {
      await Promise.all([...sentinels, ...shards.flat()].map((server) => server.stop()));
    },
  };
}

/**
 * All replicas of a shard follow its master, and the sentinels know it: what is acknowledged from
 * now on is not lost with the master because nobody had begun to copy it.
 */
export async function settled(set: SentinelSet, shard = 0): Promise<RealServer> {
  const port = await waitFor('sentinels to agree', () => set.masterOf(shard), 60_000);
  const replicas = set.shards[shard].filter(({ running }) => running).length - 1;
  await waitFor(
    'all replicas',
    async () => {
      const info = String(await command(port, 'INFO', 'replication'));
      return (info.match(/state=online/g)?.length ?? 0) === replicas;
    },
    60_000,
  );
  return set.shards[shard].find((server) => server.port === port) as RealServer;
}
