import type { Pool } from './pool/pool.ts';
import { isClientOrder, obeyOrder } from './redis/clients/client-orders.ts';
import { type CountQuestion, countHere } from './redis/pubsub/counts.ts';
import { isHearer, isHearerQuestion } from './redis/tracking/arrived.ts';
import { isTellQuestion, tellHere } from './redis/tracking/redirect.ts';
import { countedHere, isCountersQuestion } from './siblings/pool-counts.ts';

/** What this process says to a question of another one that serves the same clients. */
export function answerSibling(pools: readonly Pool[], question: object): object {
  if (isCountersQuestion(question)) {
    return countedHere(pools.find(({ config }) => config.name === question.countersOf));
  }
  const { pool: name } = question as CountQuestion;
  const pool = pools.find(({ config }) => config.name === name && config.redis);
  if (isClientOrder(question)) return obeyOrder(pool, question);
  if (isTellQuestion(question)) return tellHere(pool, question);
  if (isHearerQuestion(question)) return isHearer(pool, question);
  return countHere(pool, question as CountQuestion);
}
