import { REDIRECT_LOOK_MAX_MS, REDIRECT_LOOK_MS } from '../../../limits.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { millis } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import { laneOf } from '../../pool/lanes.ts';
import type { Pool } from '../../pool/pool.ts';
import { countNamed, hearerOf, seekHearer } from './hearers.ts';
import { ALL_KEYS, type Keys } from './lines/push.ts';
import { Mailbox } from './mailbox.ts';

/** What a process is asked to tell one of its clients. */
export interface TellQuestion {
  /** Name of the pool. */
  readonly pool: string;
  /** Number of the client. */
  readonly tell: number;
  /** Base64; null = all keys; none = whether it is there. */
  readonly keys: readonly string[] | null;
}

/** What it says to that. */
export interface TellAnswer {
  /** The client is there. */
  readonly told: boolean;
}

/** Whether it is one about what a client is to be told. */
export function isTellQuestion(question: object): question is TellQuestion {
  return 'tell' in question;
}

/** Tells a client of this process, if it is there. */
export function tellHere(pool: Pool | undefined, question: TellQuestion): TellAnswer {
  const { tell: number, keys } = question;
  if (pool === undefined) return { told: false };
  // Who asks whether it is there names it for the first time.
  const isNamed = keys === null || keys.length > 0;
  const client = isNamed ? hearerOf(pool, number) : seekHearer(pool, number);
  if (client === null) return { told: false };
  Mailbox.of(client).tell(keys === null ? ALL_KEYS : keys.map((key) => Buffer.from(key, 'base64')));
  return { told: true };
}

/**
 * Where a client hears of keys in the place of another: here, or in another process. Who is nowhere
 * has gone, or is on its way between two processes and forgets all when it arrives: other processes
 * are asked for it again now and then, not with each key.
 */
export class Redirect implements Timed {
  readonly #client: ClientConnection;
  readonly #number: number;
  #target: ClientConnection | null;
  /** It was on its way to another process when it was to be told. */
  #left: ClientConnection | null = null;
  /** The other client is gone. */
  broken = false;
  /** It was not told of something, and no look that is under way makes up for that. */
  #missed = false;
  /** Other processes are asked to have it forget all. */
  #looking = false;
  /** When they are asked next; 0 = it has missed nothing, or they are being asked. */
  #lookAt = 0;
  #stopped = false;
  #pause = REDIRECT_LOOK_MS;
  timerAt = 0;

  /** @param target null = it is in another process */
  constructor(client: ClientConnection, number: number, target: ClientConnection | null) {
    this.#client = client;
    this.#number = number;
    this.#target = target;
    countNamed(client.pool, number, 1);
  }

  tell(keys: Keys): void {
    if (this.#tellHere(keys)) return;
    if (this.broken) this.#onBroken();
    else this.#pass(keys, (told) => (told ? this.#found() : this.#onBroken()));
  }

  /**
   * Who is not there comes from another process, and is told to forget all when it does; but it may
   * be in one that says nothing now.
   */
  tellIfThere(keys: Keys): void {
    if (this.#tellHere(keys)) return;
    this.#pass(keys, (told) => (told ? this.#found() : this.#onMissed()));
  }

  /** Nobody hears by it any more. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    countNamed(this.#client.pool, this.#number, -1);
    this.#lookAt = 0;
    this.#client.pool.engine.deadlines.forget(this);
  }

  /** @returns whether it is a client of this process: one that goes to another may come back */
  #tellHere(keys: Keys): boolean {
    if (this.#target?.leaves) {
      this.#left = this.#target;
      this.#target = null;
    }
    this.#target ??= hearerOf(this.#client.pool, this.#number);
    if (this.#target === null) return false;
    // Who arrives forgets all; not so one that could not leave.
    const owed = this.#missed && this.#target === this.#left ? ALL_KEYS : keys;
    this.#missed = false;
    this.#left = null;
    this.#found();
    Mailbox.of(this.#target).tell(owed);
    return true;
  }

  /** It hears again: what it has missed it is told now. */
  #found(): void {
    this.broken = false;
    this.#lookAt = 0;
    this.#pause = REDIRECT_LOOK_MS;
    if (this.#missed && !this.#looking) this.#look();
  }

  /** @param settle told whether some process has told it */
  #pass(keys: Keys, settle: (told: boolean) => void): void {
    const { pool } = this.#client;
    const { siblings, guard } = pool.engine;
    const onAnswers = (answers: readonly object[] | null): void => {
      guard.bind(this.#client, () => {
        if (this.#client.closed || this.#stopped) return;
        const isElsewhere = answers?.some((answer) => (answer as TellAnswer).told) ?? false;
        // It may have come here meanwhile.
        settle(isElsewhere || this.#tellHere(keys));
      })();
    };
    if (siblings === null) {
      onAnswers(null);
      return;
    }
    const question: TellQuestion = {
      pool: pool.config.name,
      tell: this.#number,
      keys: keys === ALL_KEYS ? null : keys.map((key) => key.toString('base64')),
    };
    // Where processes take or say no more, it is not known what the other client has heard.
    siblings.ask(question).then(onAnswers, () => onAnswers(null));
  }

  #onBroken(): void {
    this.broken = true;
    this.#onMissed();
    const client = this.#client;
    // Its next process tells who is there to forget all.
    if (client.leaves || client.moving || laneOf(client).resp === 2) return;
    const text = `>2\r\n$21\r\ntracking-redir-broken\r\n:${this.#number}\r\n`;
    Mailbox.of(client).pushFrame(Buffer.from(text));
  }

  #onMissed(): void {
    this.#missed = true;
    const { siblings, deadlines } = this.#client.pool.engine;
    if (siblings === null || this.#looking || this.#lookAt !== 0) return;
    this.#lookAt = millis() + this.#pause;
    this.#pause = Math.min(this.#pause * 2, REDIRECT_LOOK_MAX_MS);
    deadlines.arm(this, this.#lookAt);
  }

  nextDeadline(): number {
    return this.#lookAt;
  }

  onDeadline(): void {
    this.#lookAt = 0;
    if (!this.#client.closed) this.#look();
  }

  /**
   * All keys include what it has missed, but not what changes from now on: it may have forgotten
   * before that, while the answer is under way.
   */
  #look(): void {
    this.#missed = false;
    this.#looking = true;
    this.#pass(ALL_KEYS, (told) => {
      this.#looking = false;
      if (told) this.#found();
      else this.#onMissed();
    });
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }
}
