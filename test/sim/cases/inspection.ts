import type { Action, Case, Op } from './case.ts';
import { lastMessages } from './generate/messages.ts';
import { isImpatient } from './patience.ts';

// What is asked when nothing is wrong any more: everything, in every database.

const GETS = Array.from({ length: 20 }, (_, key): Op => ({ op: 'get', key }));
const COUNTS = [0, 1, 2].map((key): Op => ({ op: 'incr', key }));

function inDatabase(): Action[] {
  const pops = [0, 1, 2].flatMap((key): Op[] => [
    { op: 'incr', key },
    { op: 'pop', key },
    { op: 'pair', key },
  ]);
  return [{ do: 'send', pieces: 1, ops: [...GETS, ...pops] }, { do: 'wait' }];
}

/** @param proxy the one that is asked */
export function inspection(given: Case, proxy: number): Action[] {
  const { memcache, availability, cluster, listeners } = given;
  if (memcache === true) return [{ do: 'send', pieces: 1, ops: [...GETS, ...COUNTS] }];
  const told: Action[] =
    listeners === undefined ? [] : [{ do: 'send', pieces: 1, ops: lastMessages(proxy) }];
  const dbs = cluster === undefined ? [0, 1, 2] : [];
  const rest = dbs.flatMap((db): Action[] => [
    { do: 'send', ops: [{ op: 'select', db }], pieces: 1 },
    { do: 'wait' },
    ...inDatabase(),
  ]);
  const asked = [...told, ...(cluster === undefined ? rest : inDatabase())];
  // By then each shard has its replicas again. A server that has timed out is not asked for a
  // while, and WAIT ends with what it said before: perhaps no replica had told it anything yet.
  const mayFail = !given.calm && given.pools.some(isImpatient);
  const last: Op = { op: 'confirm', replicas: 1, ms: 5_000, least: mayFail ? 0 : 1 };
  if (availability !== undefined) asked.push({ do: 'send', ops: [last], pieces: 1 });
  return [...asked, { do: 'wait' }];
}
