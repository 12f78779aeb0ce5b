import { ORDER_MS } from '../../limits.ts';
import type { Clock } from '../clock.ts';
import { type Address, addressText } from '../facts.ts';
import type { Reply } from '../reply-reader.ts';
import { type ReplicationFacts, replicationFacts } from '../roles/replication-facts.ts';
import type { ShardServers } from '../roles/shard-servers.ts';

/** What a server was when it was told whom to follow. */
export interface Ordered {
  readonly address: Address;
  readonly before: ReplicationFacts;
}

/**
 * Tells a server whom to follow; it keeps that over a restart if it has a file.
 * @param master null = nobody: it is a master from then on
 * @returns what it was the moment before; null when it did not do it
 */
export function order(
  servers: ShardServers,
  clock: Clock,
  address: Address,
  master: Address | null,
): Promise<Ordered | null> {
  const to = master === null ? ['NO', 'ONE'] : [master.host, String(master.port)];
  return new Promise((resolve) => {
    const cancel = clock.after(ORDER_MS, () => {
      servers.abandon(address);
      resolve(null);
    });
    const done = (reply: Reply): void => {
      cancel();
      const [info = null, told = null] = Array.isArray(reply) ? reply : [];
      const before = replicationFacts(info);
      const isDone = typeof told === 'string' && told.startsWith('OK');
      resolve(before !== null && isDone ? { address, before } : null);
    };
    const steps = [['MULTI'], ['INFO', 'replication'], ['REPLICAOF', ...to], ['CONFIG', 'REWRITE']];
    for (const words of steps) servers.ask(address, words, () => {});
    if (!servers.ask(address, ['EXEC'], done)) done(null);
  });
}

/** Their names, for the log. */
export function namesOf(addresses: readonly Address[]): string {
  return addresses.map(addressText).join(', ');
}
