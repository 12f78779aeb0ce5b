import { Random } from '../../fuzz/random.ts';

/** A process that accepts connections one after the other, as Redis does. */
export interface Door {
  /** Microseconds for each. */
  readonly costMicros: number;
  /** Connections that wait at most; the system drops the SYN of one more, which comes again. */
  readonly backlog: number;
}

/** What became of connections that came about the same time. */
export interface Herd {
  /** Milliseconds from the first arrival until half, and all, were served. */
  readonly halfMs: number;
  readonly lastMs: number;
  /** The most that waited at once. */
  readonly longest: number;
  /** SYNs that were dropped. */
  readonly dropped: number;
}

/** A system sends a SYN again after one second, then two more, then four. */
const SYN_AGAIN_MICROS = 1_000_000;

interface Arrival {
  readonly at: number;
  readonly wait: number;
}

/** @param arrivals microseconds */
export function herdAt({ costMicros, backlog }: Door, arrivals: readonly number[]): Herd {
  const waiting: Arrival[] = arrivals.map((at) => ({ at, wait: SYN_AGAIN_MICROS }));
  waiting.sort((a, b) => a.at - b.at);
  const first = waiting[0]?.at ?? 0;
  /** When each that waits is served, the first first. */
  const served: number[] = [];
  const queue: number[] = [];
  let busyUntil = 0;
  let longest = 0;
  let dropped = 0;
  while (waiting.length > 0) {
    const { at, wait } = waiting.shift() as Arrival;
    while (queue.length > 0 && queue[0] <= at) queue.shift();
    if (queue.length >= backlog) {
      dropped++;
      const again = { at: at + wait, wait: wait * 2 };
      const place = waiting.findIndex((other) => other.at > again.at);
      waiting.splice(place < 0 ? waiting.length : place, 0, again);
      continue;
    }
    busyUntil = Math.max(busyUntil, at) + costMicros;
    queue.push(busyUntil);
    served.push(busyUntil);
    longest = Math.max(longest, queue.length);
  }
  served.sort((a, b) => a - b);
  const ms = (micros: number): number => Math.round((micros - first) / 100) / 10;
  return {
    halfMs: ms(served[served.length >> 1] ?? 0),
    lastMs: ms(served[served.length - 1] ?? 0),
    longest,
    dropped,
  };
}

/** So many arrivals, evenly at random within a time. */
export function within(count: number, micros: number): number[] {
  const random = new Random(count);
  return Array.from({ length: count }, () => random.below(micros + 1));
}
