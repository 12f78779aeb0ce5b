import type { Pool } from '../../pool/pool.ts';
import { Tracker } from './tracker.ts';

const trackers: WeakMap<object, Tracker> = new WeakMap();

/** The tracker of a pool, made when the first client tracks. */
export function trackerOf(pool: Pool): Tracker {
  let tracker = trackers.get(pool);
  if (tracker === undefined) {
    tracker = new Tracker(pool);
    trackers.set(pool, tracker);
  }
  return tracker;
}

/** As trackerOf(), of a pool in which nobody may have tracked yet. */
export function knownTrackerOf(pool: object): Tracker | undefined {
  return trackers.get(pool);
}
