import { CLIENT_SWEEP_MS, DRAIN_MS } from '../limits.ts';
import type { ClientConnection } from './client/client-connection.ts';
import { allClients } from './client/client-list.ts';
import type { LeavingClient } from './client/moving-client.ts';
import { exactMillis } from './engine/clock.ts';
import type { Engine } from './engine/engine.ts';
import { LeavingSubscribers } from './redis/pubsub/moves/leaving-subscribers.ts';
import type { Heir } from './redis/pubsub/moves/questions.ts';

/** Another process, which takes clients. */
export interface ClientHeir extends Heir {
  give(client: LeavingClient): void;
}

/** Sockets that are no clients yet. */
interface Pending {
  readonly pending: number;
}

/**
 * Hands every client to another process, each as soon as all it asked is answered. Some, as TLS
 * clients, cannot go along: they are served on until they pause, at the longest until shortly
 * before the end.
 * @returns when none is left, or `drainMs` is over
 */
export async function handOver(
  engine: Engine,
  tls: Pending,
  heir: ClientHeir,
  drainMs: number,
): Promise<void> {
  const subscribers = new LeavingSubscribers(heir);
  const give = (client: LeavingClient): void => heir.give(client);
  for (const client of allClients(engine)) client.moveAway(give);
  const deadline = exactMillis() + drainMs;
  const drainAt = deadline - DRAIN_MS;
  while ((hasClients(engine) || tls.pending > 0) && exactMillis() < deadline) {
    const clients = allClients(engine);
    subscribers.sweep(clients);
    const ends = exactMillis() >= drainAt;
    for (const client of clients) sweep(client, ends);
    await pause();
  }
  subscribers.sweep([]);
}

function sweep(client: ClientConnection, ends: boolean): void {
  client.moveIfDue();
  if (!client.stays) return;
  if (ends) client.drain();
  else client.leaveIfQuiet();
}

/** Waits until there are no clients, for at most `drainMs`. */
export async function noClients(engine: Engine, drainMs: number): Promise<void> {
  const deadline = exactMillis() + drainMs;
  while (hasClients(engine) && exactMillis() < deadline) await pause();
}

function hasClients({ clients }: Engine): boolean {
  return clients.some((client) => client !== null);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, CLIENT_SWEEP_MS));
}
