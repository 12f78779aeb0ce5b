import { TRACED_PARTS } from '../../limits.ts';
import type { NotedRequest } from '../backend/flight/noted-request.ts';
import type { OwnerPool } from '../backend/owner.ts';

/** What is noted of the shares that servers have of one request. */
export class NotedParts {
  /** The slowest one, which names the request in the slow log. */
  slowest: NotedRequest;
  /** What is traced. */
  readonly traced: NotedRequest[] = [];

  constructor(first: NotedRequest) {
    this.slowest = first;
  }

  /** @param part with a head of its own */
  add(part: NotedRequest): void {
    const { slowest } = this;
    const isSlower = part.failure === null && part.totalMicros > slowest.totalMicros;
    if (slowest.failure !== null || isSlower) this.slowest = part;
    if (part.traced && this.traced.length < TRACED_PARTS) this.traced.push(part);
  }

  /** They are parts of a larger request. */
  give(whole: { onNoted(part: NotedRequest): void }): void {
    if (!this.slowest.traced) whole.onNoted(this.slowest);
    for (const part of this.traced) whole.onNoted(part);
  }
}

/** Adds a part, whose head is copied, to what is noted of its request. */
export function notePart(before: NotedParts | null, part: NotedRequest): NotedParts {
  const own = { ...part, head: Buffer.from(part.head) };
  const noted = before ?? new NotedParts(own);
  noted.add(own);
  return noted;
}

/**
 * All parts of a request are answered or lost: it is noted once.
 * @param head the beginning of the client's request, when the parts have others
 */
export function endParts({ engine, notes }: OwnerPool, parts: NotedParts, head?: Buffer): void {
  const { slowest, traced } = parts;
  try {
    notes?.add(head === undefined ? slowest : { ...slowest, head }, traced);
  } catch (error) {
    engine.guard.note('a request is not noted', error);
  }
}
