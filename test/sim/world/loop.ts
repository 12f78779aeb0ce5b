import type { Random } from '../../fuzz/random.ts';
import type { World } from './world.ts';

type Callback = () => void;

/** A timer of a simulated process; what setTimeout() gives its caller. */
export class SimTimer {
  readonly run: Callback;
  readonly everyMicros: number;
  due: number;
  active = true;
  readonly #loop: Loop;

  constructor(loop: Loop, run: Callback, due: number, everyMicros: number) {
    this.#loop = loop;
    this.run = run;
    this.due = due;
    this.everyMicros = everyMicros;
  }

  cancel(): void {
    this.#loop.clear(this);
  }

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

/** Microseconds of processor time: a turn takes the first, each callback of it the second. */
const TURN_MICROS = 4;
const CALLBACK_MICROS = 2;
/** The system wakes a process this late at most. */
const WAKE_MICROS = 40;
const TIMER_LATE_MICROS = 900;

const TIMERS = 0;
const POLL = 1;
const CHECK = 2;
const CLOSING = 3;
const DONE = 4;

/**
 * The event loop of one simulated process, in the phases of Node's: timers, what the poll found,
 * setImmediate, closed handles. Each turn takes a little time, in which more arrives for the next.
 */
export class Loop {
  readonly name: string;
  readonly random: Random;
  readonly #world: World;
  readonly #timers: Set<SimTimer> = new Set();
  #ready: Callback[] = [];
  #immediates: Callback[] = [];
  #closing: Callback[] = [];
  #phase: number = DONE;
  #batch: Callback[] = [];
  #at = 0;
  #callbacks = 0;
  #busyUntil = 0;
  /** When the next turn is planned, and which of the planned ones counts. */
  #turnAt: number = Number.POSITIVE_INFINITY;
  #plan = 0;
  #frozen = false;
  /** Turns so far. */
  turns = 0;
  /** Microseconds that each callback takes besides: of a process with much to do. */
  busyMicros = 0;

  constructor(world: World, name: string, random: Random) {
    this.#world = world;
    this.name = name;
    this.random = random;
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** The poll of the next turn finds this. */
  io(run: Callback): void {
    this.#ready.push(run);
    this.#planTurn(this.#world.micros + this.random.below(WAKE_MICROS));
  }

  immediate(run: Callback): Callback {
    this.#immediates.push(run);
    this.#planTurn(this.#world.micros);
    return run;
  }

  clearImmediate(run: Callback): void {
    const at = this.#immediates.indexOf(run);
    if (at >= 0) this.#immediates[at] = () => {};
  }

  /** A handle is closed at the end of the turn. */
  closed(run: Callback): void {
    this.#closing.push(run);
    this.#planTurn(this.#world.micros);
  }

  timer(run: Callback, ms: number, repeats = false): SimTimer {
    const wait = Math.max(1, Math.trunc(ms) || 1) * 1000;
    const late = this.random.below(TIMER_LATE_MICROS);
    const timer = new SimTimer(this, run, this.#world.micros + wait + late, repeats ? wait : 0);
    this.#timers.add(timer);
    this.#planTurn(timer.due);
    return timer;
  }

  clear(timer: SimTimer): void {
    timer.active = false;
    this.#timers.delete(timer);
  }

  /** The process stands still: its clock goes on, and its peers see nothing of it. */
  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    this.#turnAt = Number.POSITIVE_INFINITY;
    this.#planTurn(this.#world.micros);
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Nothing of it runs any more: the process has ended. */
  end(): void {
    this.#timers.clear();
    this.#ready = [];
    this.#immediates = [];
    this.#closing = [];
    this.#batch = [];
    this.#plan++;
    this.#turnAt = Number.POSITIVE_INFINITY;
  }

  #planTurn(at: number): void {
    if (this.#phase !== DONE || this.#frozen) return;
    const when = Math.max(at, this.#busyUntil);
    if (when >= this.#turnAt) return;
    this.#turnAt = when;
    const plan = ++this.#plan;
    this.#world.at(when, () => {
      if (plan !== this.#plan || this.#frozen) return;
      this.#turnAt = Number.POSITIVE_INFINITY;
      this.#phase = TIMERS;
      this.#batch = this.#dueTimers();
      this.#at = 0;
      this.#callbacks = 0;
      this.turns++;
      this.#world.runTurn(this);
    });
  }

  #dueTimers(): Callback[] {
    const now = this.#world.micros;
    const due: SimTimer[] = [];
    for (const timer of this.#timers) if (timer.due <= now) due.push(timer);
    due.sort((a, b) => a.due - b.due);
    return due.map((timer) => () => {
      if (!timer.active) return;
      if (timer.everyMicros === 0) this.clear(timer);
      else timer.due += timer.everyMicros;
      timer.run();
    });
  }

  /** @returns the next callback of the turn under way, null at its end */
  next(): Callback | null {
    while (this.#at === this.#batch.length) {
      this.#at = 0;
      this.#batch = this.#batchOf(++this.#phase);
      if (this.#phase === DONE) {
        this.#endTurn();
        return null;
      }
    }
    this.#callbacks++;
    return this.#batch[this.#at++];
  }

  #batchOf(phase: number): Callback[] {
    let batch: Callback[] = [];
    if (phase === POLL) [batch, this.#ready] = [this.#ready, batch];
    else if (phase === CHECK) [batch, this.#immediates] = [this.#immediates, batch];
    else if (phase === CLOSING) [batch, this.#closing] = [this.#closing, batch];
    // The system reports sockets in no order that anybody could rely on.
    if (phase === POLL && batch.length > 1) shuffle(batch, this.random);
    return batch;
  }

  #endTurn(): void {
    const spent = TURN_MICROS + this.#callbacks * (CALLBACK_MICROS + this.busyMicros);
    this.#busyUntil = this.#world.micros + spent + this.random.below(spent);
    const waiting = this.#ready.length + this.#immediates.length + this.#closing.length;
    if (waiting > 0) this.#planTurn(this.#busyUntil);
    let first = Number.POSITIVE_INFINITY;
    for (const { due } of this.#timers) first = Math.min(first, due);
    if (first < Number.POSITIVE_INFINITY) this.#planTurn(first);
  }
}

function shuffle<T>(list: T[], random: Random): void {
  for (let i = list.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [list[i], list[other]] = [list[other], list[i]];
  }
}
