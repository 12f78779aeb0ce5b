import type { PoolConfig } from '../../config/index.ts';
import { LOOK_INTERVAL_MS, LOOK_LEAST_MS } from '../../limits.ts';
import { exactMillis } from '../engine/clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { ReplyReceiver } from '../engine/receiver.ts';
import { AwaitedReturn } from './awaited-return.ts';
import type { Breaker } from './breaker.ts';
import { Lookout, type Question } from './lookout.ts';

/** One failure of a connection to the server. */
export interface LostConnection {
  /** It was one that looked for the server. */
  readonly looked: boolean;
  /** The server could not be reached, or said nothing. */
  readonly away: boolean;
}

/**
 * Finds out that a server is back, so that no client's request has to: it is looked for at the end
 * of the breaker's wait, and once a second where no breaker has tripped. A look is a question on a
 * connection of its own; any answer closes the breaker, an error too, since its words are then what
 * clients are told. Requests that come while one is under way wait for its end.
 */
export class Recovery<T extends Question> {
  readonly #breaker: Breaker;
  readonly #lookout: Lookout<T>;
  readonly #awaited: AwaitedReturn;

  /** @param ask puts the question @param onException told what a look ended with */
  constructor(
    breaker: Breaker,
    engine: Engine,
    ask: () => T,
    onException: (error: unknown) => void,
  ) {
    this.#breaker = breaker;
    this.#awaited = new AwaitedReturn(engine.turn, engine.deadlines, onException);
    this.#lookout = new Lookout(() => {
      engine.readClock(); // the question's time begins now, not with the last chunk
      const question = ask();
      if (breaker.tripped) this.#awaited.begin(exactMillis());
      return question;
    }, onException);
  }

  /** Whether it will be known in a moment if a server that is left alone is back. */
  get awaited(): boolean {
    return this.#breaker.tripped && this.#awaited.full;
  }

  /** The client goes on when that is known. */
  waitFor(client: ReplyReceiver): void {
    this.#awaited.waitFor(client);
  }

  /** The breaker is as the pool wants it. */
  follow({ autoEjectHosts, breakerFailures, breakerMaxWaitMs }: PoolConfig): void {
    // Ejection is a breaker of its own, and must count every failure.
    this.configure(autoEjectHosts ? 0 : breakerFailures, breakerMaxWaitMs);
  }

  /** @param limit failures in a row that trip it, 0 = never @param maxMs its longest wait */
  configure(limit: number, maxMs: number): void {
    this.#breaker.configure(limit, maxMs);
    if (!this.#breaker.tripped) this.#awaited.end();
  }

  /** @param now in milliseconds @param wanted the server is still one of the pool's */
  onFailure(now: number, { looked, away }: LostConnection, wanted: boolean): void {
    const breaker = this.#breaker;
    // A look that was taken and closed has found nobody either.
    if (away || (looked && breaker.tripped)) {
      breaker.onFailure(now);
      const left = Math.max(LOOK_LEAST_MS, Math.ceil(breaker.left(now)));
      if (wanted) this.#lookout.start(breaker.tripped ? left : LOOK_INTERVAL_MS);
    }
    if (looked) this.#awaited.end();
  }

  /** It has answered. */
  onAnswer(): void {
    this.#breaker.onSuccess();
    this.stop();
  }

  /** Nobody wants to know any more. */
  stop(): void {
    this.#lookout.stop();
    this.#awaited.end();
  }
}
