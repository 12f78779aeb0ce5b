import { Random } from '../../fuzz/random.ts';
import { Loop } from './loop.ts';
import { EventQueue } from './queue.ts';
import { Trace } from './trace.ts';

/** Events after which the real event loop gets a turn: for signals and for what is printed. */
const BREATH = 4096;

/** A number for a name: what one party draws must not change with what others draw. */
export function seedOf(seed: number, name: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

/**
 * A world with a clock of its own: processes with their event loops, and what happens between them.
 * One callback runs at a time, and all that follows from it at once (process.nextTick, promises) is
 * done before the next. The same seed gives the same world, event by event.
 */
export class World {
  readonly seed: number;
  readonly trace: Trace;
  /** Microseconds since the world began. */
  micros = 0;
  /** The process whose callback runs; null between callbacks and for what no process does. */
  current: Loop | null = null;
  /** Errors that nobody caught. */
  readonly uncaught: { readonly error: unknown; readonly where: string }[] = [];
  /** Looked at after each turn of a process. */
  afterTurn: (loop: Loop) => void = () => {};
  readonly #queue: EventQueue = new EventQueue();
  #turn: Loop | null = null;
  #events = 0;

  constructor(seed: number, keepsLines: boolean) {
    this.seed = seed;
    this.trace = new Trace(this, keepsLines);
  }

  get events(): number {
    return this.#events;
  }

  /** The sequence of random numbers of one party. */
  randomOf(name: string): Random {
    return new Random(seedOf(this.seed, name));
  }

  process(name: string): Loop {
    return new Loop(this, name, this.randomOf(`loop ${name}`));
  }

  at(micros: number, run: () => void): void {
    this.#queue.add(Math.max(micros, this.micros), run);
  }

  after(micros: number, run: () => void): void {
    this.at(this.micros + micros, run);
  }

  /** A process begins a turn: its callbacks come before anything else happens. */
  runTurn(loop: Loop): void {
    this.#turn = loop;
  }

  /**
   * Lets time go on until `isDone()` (asked between events), until nothing is left to happen, or
   * up to `untilMicros`.
   */
  run(untilMicros: number, isDone: () => boolean = () => false): Promise<void> {
    return new Promise((resolve) => {
      let untilBreath = BREATH;
      const step = (): void => {
        if (this.#turn === null) {
          const done = isDone();
          if (done || this.#queue.nextAt > untilMicros) {
            if (!done) this.micros = Math.max(this.micros, untilMicros);
            this.current = null;
            resolve();
            return;
          }
          this.#takeEvent();
        } else {
          this.#takeCallback(this.#turn);
        }
        this.#events++;
        // Ticks run before microtasks: behind the first of these all is done that followed.
        if (--untilBreath > 0) queueMicrotask(again);
        else {
          untilBreath = BREATH;
          realImmediate(step);
        }
      };
      const again = (): void => process.nextTick(step);
      process.nextTick(step);
    });
  }

  #takeEvent(): void {
    const event = this.#queue.take();
    this.micros = event.at;
    this.current = null;
    this.#guarded(event.run, 'the world');
  }

  #takeCallback(loop: Loop): void {
    const callback = loop.next();
    if (callback === null) {
      this.#turn = null;
      this.current = null;
      this.afterTurn(loop);
      return;
    }
    this.current = loop;
    this.#guarded(callback, loop.name);
  }

  #guarded(run: () => void, where: string): void {
    try {
      run();
    } catch (error) {
      this.uncaught.push({ error, where });
    }
  }
}

const realImmediate = setImmediate;
