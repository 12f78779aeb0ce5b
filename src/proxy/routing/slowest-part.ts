import type { SlowRequest } from '../backend/flight/slow-request.ts';
import type { OwnerPool } from '../backend/owner.ts';

/** Which part of a split request its entry in the slow log names; `part.head` is copied. */
export function slowerPart(before: SlowRequest | null, part: SlowRequest): SlowRequest {
  if (before !== null && before.totalMicros >= part.totalMicros) return before;
  return { ...part, head: Buffer.from(part.head) };
}

/** All parts of a request are answered or lost: the slowest one's entry is the request's. */
export function logSlowest({ engine, slowLog }: OwnerPool, slowest: SlowRequest): void {
  try {
    slowLog?.add(slowest);
  } catch (error) {
    engine.guard.note('a request is not in the slow log', error);
  }
}
