import type { Random } from '../../../fuzz/random.ts';

/**
 * What a client likes to do. Each case has a few clients that do some things very often: what takes
 * two rare things together is not met by clients that do all of them now and then.
 */
export interface Personality {
  /** Requests of one burst, at most. */
  readonly depth: number;
  /** One burst in so many is sent in pieces. */
  readonly piecewise: number;
  /** Milliseconds between the pieces, at most. */
  readonly pieceMs: number;
  /** One in so many: changes of the database, whole transactions, WATCH, BLPOP. */
  readonly hops: number;
  readonly transacts: number;
  readonly swaps: number;
  readonly awaits: number;
  /** One burst in so many is waited for, or followed by a pause. */
  readonly waits: number;
  readonly pauses: number;
  /** One burst in so many is followed by one of these. */
  readonly rude: number;
  readonly rudeness: readonly Rudeness[];
}

export type Rudeness = 'deaf' | 'leave' | 'half' | 'break';

const POLITE: Personality = {
  depth: 4,
  piecewise: 6,
  pieceMs: 1,
  hops: 10,
  transacts: 4,
  swaps: 5,
  awaits: 8,
  waits: 2,
  pauses: 2,
  rude: 0,
  rudeness: ['deaf', 'leave', 'half', 'break'],
};

const KINDS: readonly ((random: Random) => Partial<Personality>)[] = [
  () => ({}),
  () => ({ rude: 4 }),
  /** Goes from database to database with requests under way. */
  () => ({ hops: 2, waits: 4, transacts: 12, swaps: 12 }),
  /** Asks for much and does not read. */
  (random) => ({
    ...{ rude: 2, rudeness: ['deaf'], waits: 8, pauses: 4 },
    ...{ piecewise: random.pick([1, 3, 6]), pieceMs: random.pick([1, 40]) },
  }),
  /** Leaves in the middle of what it sends. */
  () => ({ rude: 2, rudeness: ['break', 'leave'], pieceMs: 4 }),
  /** Takes its time for each request. */
  (random) => ({ piecewise: 1, pieceMs: random.pick([20, 150]), waits: 3 }),
  () => ({ transacts: 1, swaps: 1, waits: 6, pauses: 8 }),
  /** One request at a time. */
  () => ({ depth: 1, waits: 1, transacts: 30, swaps: 30, awaits: 30, piecewise: 40 }),
  /** Much at once. */
  () => ({ depth: 100, waits: 6, pauses: 4, transacts: 10, awaits: 30 }),
];

export function personality(random: Random): Personality {
  return { ...POLITE, depth: random.pick([1, 4, 20, 60]), ...random.pick(KINDS)(random) };
}
