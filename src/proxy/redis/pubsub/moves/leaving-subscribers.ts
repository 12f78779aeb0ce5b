import {
  ROUND_BYTES,
  ROUND_NAME_BYTES,
  ROUND_RETRY_MS,
  ROUND_RETRY_SHARE,
  ROUNDS_MS,
  SUBSCRIPTION_BYTES,
} from '../../../../limits.ts';
import { LOG_WARN } from '../../../../log.ts';
import type { ClientConnection } from '../../../client/client-connection.ts';
import { millis } from '../../../engine/clock.ts';
import type { Pool } from '../../../pool/pool.ts';
import type { Subscriptions } from '../subscriptions.ts';
import { LeavingRound } from './leaving-round.ts';
import type { Heir } from './questions.ts';

/** What is under way for the subscribers of one pool. */
interface PoolRounds {
  /** Those that are not over; the last one may not be cut yet. */
  open: { readonly round: LeavingRound; readonly clients: readonly ClientConnection[] }[];
  retryAt: number;
}

/** Clients with subscriptions that go to another process: in rounds, as they have no requests. */
export class LeavingSubscribers {
  readonly #heir: Heir;
  readonly #pools: Map<Pool, PoolRounds> = new Map();
  readonly #until: number = millis() + ROUNDS_MS;

  constructor(heir: Heir) {
    this.#heir = heir;
  }

  /** Begins with those that may go, and looks after those that are about to. */
  sweep(clients: readonly ClientConnection[]): void {
    for (const [pool, rounds] of this.#pools) this.#look(pool, rounds);
    const waiting = new Map<Pool, ClientConnection[]>();
    for (const client of clients) {
      if (!client.departure.waitsForCut || isLeaving(client)) continue;
      const of = waiting.get(client.pool);
      if (of === undefined) waiting.set(client.pool, [client]);
      else of.push(client);
    }
    for (const [pool, some] of waiting) this.#begin(pool, some);
  }

  #begin(pool: Pool, clients: readonly ClientConnection[]): void {
    let rounds = this.#pools.get(pool);
    if (rounds === undefined) {
      rounds = { open: [], retryAt: 0 };
      this.#pools.set(pool, rounds);
    }
    if (rounds.open.at(-1)?.round.isCut === false || millis() < rounds.retryAt) return;
    const { hub } = clients[0].subscriptions as Subscriptions;
    if (!hub.servers.isSteady && millis() < this.#until) return;
    const some = fitting(clients);
    const round = new LeavingRound(hub, pool, some, this.#heir);
    rounds.open.push({ round, clients: some });
    round.begin();
  }

  #look(pool: Pool, rounds: PoolRounds): void {
    const over = rounds.open.filter(({ round }) => !round.goesOn());
    if (over.length === 0) return;
    rounds.open = rounds.open.filter((each) => !over.includes(each));
    for (const { round, clients } of over) {
      if (round.failure === null) continue;
      rounds.retryAt = millis() + ROUND_RETRY_MS;
      if (round.isHopeless || millis() >= this.#until) giveUp(pool, round.failure, clients);
    }
  }
}

function isLeaving({ subscriptions }: ClientConnection): boolean {
  return (subscriptions as Subscriptions).leaving !== null;
}

/**
 * Those that go next, one at least: who has failed goes last, and with ever fewer others, so that
 * one that cannot go keeps nobody; who hears little goes before who hears much.
 */
function fitting(clients: readonly ClientConnection[]): ClientConnection[] {
  const all = clients.map((client) => ({ client, ...weightOf(client) }));
  all.sort((one, other) => one.failed - other.failed || one.bytes - other.bytes);
  const [{ failed }] = all;
  const most = ROUND_BYTES / ROUND_RETRY_SHARE ** failed;
  const some: ClientConnection[] = [];
  let bytes = 0;
  for (const each of all) {
    bytes += each.bytes;
    if (some.length > 0 && (bytes > most || each.failed > failed)) break;
    some.push(each.client);
  }
  return some;
}

function weightOf({ subscriptions }: ClientConnection): { failed: number; bytes: number } {
  const { bytes, count, failedRounds } = subscriptions as Subscriptions;
  return { failed: failedRounds, bytes: bytes - count * (SUBSCRIPTION_BYTES - ROUND_NAME_BYTES) };
}

function giveUp(pool: Pool, why: string, clients: readonly ClientConnection[]): void {
  const left = clients.filter(({ leaves }) => !leaves);
  if (left.length === 0) return;
  for (const client of left) client.drain();
  const what = `${left.length} subscribers cannot go along, and are closed`;
  pool.engine.log.write(LOG_WARN, `pool ${pool.config.name}: ${what}: ${why}`);
}
