import { ASSERTS, assert } from '../../assert.ts';
import { LATE_TIMER_MS, STALE_TIMERS } from '../../limits.ts';
import { exactMillis, millis } from './clock.ts';
import { TimerBuckets } from './timers/timer-buckets.ts';

/** Something that may run out of time. */
export interface Timed {
  /** Millisecond for which the wheel holds it, 0 = not held. Owned by the wheel. */
  timerAt: number;
  /** When it runs out, in milliseconds of the clock; 0 = it waits for nothing. */
  nextDeadline(): number;
  onDeadline(now: number): void;
  /** One of these went wrong. */
  onException(error: unknown): void;
}

const BUCKETS = 1024;
const MASK = BUCKETS - 1;

/**
 * The process's one timer wheel: a bucket per millisecond, shared by all times that fall on it. An
 * item is held once, for the earliest deadline it was known to have; when that comes it is asked
 * again, so a deadline that has moved on costs nothing until then, and a request never starts or
 * stops a timer.
 *
 * An item that is forgotten, or armed for something earlier, leaves a stale entry: it is dropped
 * when its bucket comes, or when there are more of those than of others.
 */
export class Deadlines {
  readonly #buckets: TimerBuckets<Timed> = new TimerBuckets(BUCKETS);
  #held = 0;
  /** Every bucket before this millisecond is done. */
  #done: number = millis();
  #timer: NodeJS.Timeout | null = null;
  #wakeAt = 0;
  /** When the timer should come. */
  #expected = 0;
  /** A bucket is gone through. */
  #expiring = false;
  /** It came late: sockets are read before anybody is told. */
  #looking: NodeJS.Immediate | null = null;
  readonly #fire = (): void => this.#onTimer();
  readonly #look = (): void => {
    this.#looking = null;
    this.#expireAll();
  };

  /** Entries of the wheel, stale ones too. */
  get entries(): number {
    return this.#buckets.count;
  }

  /** `item` waits until `due`, or for something earlier that it is already held for. */
  arm(item: Timed, due: number): void {
    if (ASSERTS) assert(Number.isInteger(due), 'a bucket of the wheel is a whole millisecond');
    if (item.timerAt !== 0 && item.timerAt <= due) return;
    const at = Math.max(due, this.#done + 1);
    if (item.timerAt !== 0) this.#held--;
    item.timerAt = at;
    this.#held++;
    this.#buckets.push(at & MASK, item, at);
    if (this.#wakeAt === 0 || at < this.#wakeAt) this.#sleepUntil(at);
    this.#dropStale();
  }

  /** The item waits for nothing any more; what the wheel still holds of it is stale. */
  forget(item: Timed): void {
    if (item.timerAt === 0) return;
    item.timerAt = 0;
    this.#held--;
    this.#dropStale();
  }

  /** What was forgotten long before its time must not be kept until then. */
  #dropStale(): void {
    const stale = this.#buckets.count - this.#held;
    if (stale > this.#held + STALE_TIMERS && !this.#expiring) this.#buckets.dropStale();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#looking !== null) clearImmediate(this.#looking);
    this.#looking = null;
    this.#wakeAt = 0;
    this.#buckets.clear();
    this.#held = 0;
  }

  #sleepUntil(at: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#wakeAt = at;
    const now = exactMillis();
    const wait = Math.max(1, Math.ceil(at - now));
    this.#expected = now + wait;
    this.#timer = setTimeout(this.#fire, wait);
    this.#timer.unref();
  }

  /** A process that stood still finds replies that have come in time behind their deadlines. */
  #onTimer(): void {
    const isLate = exactMillis() - this.#expected >= LATE_TIMER_MS;
    this.#timer = null;
    this.#wakeAt = 0;
    if (!isLate) this.#expireAll();
    else if (this.#looking === null) this.#looking = setImmediate(this.#look);
  }

  #expireAll(): void {
    const now = millis();
    const from = Math.max(this.#done + 1, now - BUCKETS + 1);
    this.#done = now;
    this.#expiring = true;
    try {
      for (let at = from; at <= now; at++) this.#expire(at & MASK, now);
    } finally {
      this.#expiring = false;
      this.#buckets.item = null;
    }
    if (this.#held > 0) this.#sleepUntil(this.#nextBusy(now));
  }

  /** Asks every item of a bucket whose time has come; those of a later round stay. */
  #expire(index: number, now: number): void {
    const buckets = this.#buckets;
    const last = buckets.lastOf(index);
    for (let entry = -1; entry !== last; ) {
      entry = buckets.shift(index);
      const { item, at } = buckets;
      if (item === null || item.timerAt !== at) continue;
      if (at > now) {
        buckets.push(index, item, at);
        continue;
      }
      item.timerAt = 0;
      this.#held--;
      this.#ask(item, now);
    }
  }

  #ask(item: Timed, now: number): void {
    try {
      const due = item.nextDeadline();
      if (due === 0) return;
      if (due <= now) item.onDeadline(now);
      const next = item.nextDeadline();
      if (next !== 0) this.arm(item, next);
    } catch (error) {
      item.onException(error);
    }
  }

  /** The next bucket with something in it, which may be of a later round. */
  #nextBusy(now: number): number {
    for (let ahead = 1; ahead <= BUCKETS; ahead++) {
      if (this.#buckets.lastOf((now + ahead) & MASK) >= 0) return now + ahead;
    }
    return now + BUCKETS;
  }
}
