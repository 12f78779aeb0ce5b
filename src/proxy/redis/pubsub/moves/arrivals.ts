import { ROUNDS_OPEN } from '../../../../limits.ts';
import type { ClientConnection } from '../../../client/client-connection.ts';
import type { SavedSubscriptions } from '../../../client/session/subscriptions.ts';
import { laneOf } from '../../../pool/lanes.ts';
import type { Pool } from '../../../pool/pool.ts';
import { sharedHubFor } from '../hub/hubs.ts';
import { Subscriptions } from '../subscriptions.ts';
import { ArrivingRound, resume } from './arriving-round.ts';
import type { RoundAnswer, RoundEnd, RoundQuestion } from './questions.ts';

const rounds: WeakMap<Pool, Map<string, ArrivingRound>> = new WeakMap();

function roundsOf(pool: Pool): Map<string, ArrivingRound> {
  const known = rounds.get(pool) ?? new Map<string, ArrivingRound>();
  rounds.set(pool, known);
  return known;
}

/** Hears what clients hear that will come from another process, or is told that all have come. */
export function expectSubscribers(
  pools: readonly Pool[],
  question: RoundQuestion | RoundEnd,
): Promise<RoundAnswer> {
  const pool = pools.find(({ config }) => config.name === question.pool && config.redis);
  if ('over' in question) {
    if (pool !== undefined) roundsOf(pool).get(question.over)?.end();
    return Promise.resolve({ refusal: null });
  }
  if (pool === undefined) return Promise.resolve({ refusal: 'the pool is gone' });
  return new Promise((resolve) => {
    begin(pool, question, (refusal) => resolve({ refusal }));
  });
}

function begin(
  pool: Pool,
  question: RoundQuestion,
  answer: (refusal: string | null) => void,
): void {
  const known = roundsOf(pool);
  const hub = sharedHubFor(pool);
  if (hub === null || known.size >= ROUNDS_OPEN) {
    answer(hub === null ? 'subscribers have connections of their own' : 'too many come at once');
    return;
  }
  const { round: id } = question;
  const round = new ArrivingRound(hub, pool, question, answer, () => known.delete(id));
  known.set(id, round);
  round.begin();
}

/** A client has come that has subscriptions. */
export function resumeSubscriptions(client: ClientConnection, saved: SavedSubscriptions): void {
  const { pool } = client;
  const hub = sharedHubFor(pool);
  const round = roundsOf(pool).get(saved.round);
  // What it was to hear was not heard here.
  if (hub === null || (round === undefined && hub.closesLosers)) {
    client.drain();
    return;
  }
  const subscriptions = new Subscriptions(client, hub);
  subscriptions.resp = laneOf(client).resp;
  client.subscriptions = subscriptions;
  if (round !== undefined) {
    round.add(client, subscriptions, saved);
    return;
  }
  resume(client, subscriptions, saved);
}
