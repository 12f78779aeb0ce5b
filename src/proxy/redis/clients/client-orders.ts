import type { ClientConnection } from '../../client/client-connection.ts';
import { clientsOf, peerAddress } from '../../client/client-list.ts';
import type { Pool } from '../../pool/pool.ts';
import { unblockHere } from '../leases/blocking/unblock.ts';
import { type Filter, killFilter, listFilter } from './client-filters.ts';
import { listBody } from './client-lines.ts';

/** What a process is asked about its clients, or to do with them. */
export interface ClientOrder {
  /** Name of the pool. */
  readonly pool: string;
  readonly clients: 'list' | 'kill' | 'unblock';
  /** What was asked for, latin1, without the names of command and subcommand. */
  readonly words: readonly string[];
  /** Bytes that the answer may have. */
  readonly limit: number;
}

/** What it says to that. */
export interface ClientReport {
  /** Lines of CLIENT LIST, latin1; null = they have more bytes than the limit. */
  readonly lines: string | null;
  /** Clients that are closed. */
  readonly closed: number;
  /** What UNBLOCK is answered with, latin1; null = the client is not blocked there. */
  readonly reply: string | null;
}

const NOTHING: ClientReport = { lines: '', closed: 0, reply: null };

/** Whether it is one about clients. */
export function isClientOrder(question: object): question is ClientOrder {
  return 'clients' in question;
}

/** In the old form one word is an address, in the new one there are filters. */
export function victimFilter(
  words: readonly string[],
  self: ClientConnection | null,
  pool: Pool,
): Filter | string {
  if (words.length !== 1) return killFilter(words, self, pool);
  return (client) => peerAddress(client) === words[0];
}

function chosen(pool: Pool, filter: Filter | string): ClientConnection[] {
  return typeof filter === 'string' ? [] : clientsOf(pool).filter(filter);
}

/** Carries out the order of another process. */
export function obeyOrder(
  pool: Pool | undefined,
  { clients, words, limit }: ClientOrder,
): ClientReport | Promise<ClientReport> {
  if (pool === undefined) return NOTHING;
  if (clients === 'list') {
    const pieces = listBody(chosen(pool, listFilter(words)), limit);
    return { ...NOTHING, lines: pieces === null ? null : Buffer.concat(pieces).toString('latin1') };
  }
  if (clients === 'kill') {
    const victims = chosen(pool, victimFilter(words, null, pool));
    for (const victim of victims) victim.leave('CLIENT KILL');
    return { ...NOTHING, closed: victims.length };
  }
  const [number, reason] = words;
  return new Promise((resolve) => {
    const settle = (reply: Buffer): void => {
      resolve({ ...NOTHING, reply: reply.toString('latin1') });
    };
    if (!unblockHere(pool, number, reason, settle)) resolve(NOTHING);
  });
}
