import { type RealServer, startRedis } from './real-servers.ts';
import { command } from './sentinels.ts';
import { waitFor } from './wait.ts';

/** One shard whose master is replaced by proxies, and who decides about it. */
export interface PromotionSet {
  /** The master that it began with, then its replicas. */
  readonly servers: readonly RealServer[];
  readonly witnesses: readonly RealServer[];
  /** Keys of a pool of it. */
  readonly pool: {
    readonly servers: string[];
    readonly replicas: string[];
    readonly witnesses: string[];
    readonly promote: true;
    readonly down_after: number;
  };
  stop(): Promise<void>;
}

export interface PromotionOptions {
  readonly replicas?: number;
  readonly toWrite?: number;
  readonly downAfterMs?: number;
}

/** All of a server's configuration that a promotion asks for. */
export function fencedArgs(toWrite = 1): string[] {
  return [
    ...['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'],
    ...['--min-replicas-to-write', String(toWrite), '--min-replicas-max-lag', '1'],
  ];
}

/** Witnesses that keep what they are told: their word counts at once. */
export function startWitnesses(count = 3): Promise<RealServer[]> {
  const args = ['--appendonly', 'yes', '--appendfsync', 'no'];
  return Promise.all(Array.from({ length: count }, () => startRedis({ args })));
}

export async function follows({ port }: { readonly port: number }): Promise<boolean> {
  return /master_link_status:up/.test(String(await command(port, 'INFO', 'replication')));
}

/** Whether a server is a master. */
export async function isMaster({ port }: { readonly port: number }): Promise<boolean> {
  return /role:master/.test(String(await command(port, 'INFO', 'replication')));
}

export async function startPromotionSet(options: PromotionOptions = {}): Promise<PromotionSet> {
  const { replicas: count = 1, toWrite = 1, downAfterMs = 1000 } = options;
  const witnesses = await startWitnesses();
  const args = fencedArgs(toWrite);
  const master = await startRedis({ args });
  const replicaOf = [...args, '--replicaof', '127.0.0.1', String(master.port)];
  const replicas = await Promise.all(
    Array.from({ length: count }, () => startRedis({ args: replicaOf })),
  );
  for (const replica of replicas) await waitFor('the replica', () => follows(replica));
  return {
    servers: [master, ...replicas],
    witnesses,
    pool: {
      servers: [`127.0.0.1:${master.port}:1 s1`],
      replicas: replicas.map(({ port }) => `127.0.0.1:${port} s1`),
      witnesses: witnesses.map(({ port }) => `127.0.0.1:${port}`),
      promote: true,
      down_after: downAfterMs,
    },
    stop: async () => {
      await Promise.all([master, ...replicas, ...witnesses].map((server) => server.stop()));
    },
  };
}
