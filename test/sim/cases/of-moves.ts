import { subjectsOf } from '../clients/requests.ts';
import type { Case, Op } from './case.ts';
import { numberOf } from './default-keys.ts';
import { leastStreamed } from './patience.ts';

// Which errors slots that move may explain.

const TRY_AGAIN = /^(EXECABORT Transaction discarded because of: )?TRYAGAIN /;
const WITH_WATCH = /^TRYAGAIN |^EXECABORT Transaction discarded because of previous errors/;
/** A slot with one key lies open so long, when its operator is interrupted. */
const OPEN_MS = 12_000;

/** WATCH waits where its slot was, for `failover_wait` at most; its transaction fails with it. */
function isWatchedBriefly({ pools }: Case, op: Op): boolean {
  const isWatched = op.op === 'watch' || (op.op === 'exec' && op.watched);
  return isWatched && pools.some((keys) => numberOf(keys, 'failover_wait') < OPEN_MS);
}

/** What was redirected goes no more when a reply behind it is too large to be kept for its client. */
function mayBeHeldUp({ pools }: Case): boolean {
  return pools.some((keys) => keys['client_output_limit'] !== undefined);
}

/**
 * Whether it is one of several keys, was passed on, is watched, or stood before a reply that is not
 * kept.
 * @param text of the error
 */
export function mayBeOfMoves(given: Case, op: Op | null, text: string | null): boolean {
  if (op === null || text === null) return false;
  if (WITH_WATCH.test(text) && isWatchedBriefly(given, op)) return true;
  const isPassedOn = 'size' in op && op.size >= leastStreamed(given);
  const isSplit = (subjectsOf(op) ?? []).length > 1;
  return TRY_AGAIN.test(text) && (isPassedOn || isSplit || mayBeHeldUp(given));
}
