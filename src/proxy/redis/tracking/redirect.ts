import type { ClientConnection } from '../../client/client-connection.ts';
import { allClients } from '../../client/client-list.ts';
import { laneOf } from '../../pool/lanes.ts';
import type { Pool } from '../../pool/pool.ts';
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

/** A client of this process that may be told in the place of another: one that does not leave. */
export function hearerOf(pool: Pool, number: number): ClientConnection | null {
  const found = allClients(pool.engine).find(
    (each) => each.pool === pool && each.session.number === number && !each.leaves,
  );
  if (found === undefined) return null;
  found.session.hears = true;
  return found;
}

/** Tells a client of this process, if it is there. */
export function tellHere(pool: Pool | undefined, question: TellQuestion): TellAnswer {
  const { tell: number, keys } = question;
  if (pool === undefined) return { told: false };
  const client = hearerOf(pool, number);
  if (client === null) return { told: false };
  Mailbox.of(client).tell(keys === null ? ALL_KEYS : keys.map((key) => Buffer.from(key, 'base64')));
  return { told: true };
}

/** Where a client hears of keys in the place of another: here, or in another process. */
export class Redirect {
  readonly #client: ClientConnection;
  readonly #number: number;
  #target: ClientConnection | null;
  /** The other client is gone. */
  broken = false;

  /** @param target null = it is in another process */
  constructor(client: ClientConnection, number: number, target: ClientConnection | null) {
    this.#client = client;
    this.#number = number;
    this.#target = target;
  }

  tell(keys: Keys): void {
    if (this.#tellHere(keys)) return;
    this.#pass(keys, (told) => {
      if (told) this.broken = false;
      else this.#onBroken();
    });
  }

  /** Who is not there comes from another process, and is told to forget all when it does. */
  tellIfThere(keys: Keys): void {
    if (!this.#tellHere(keys)) this.#pass(keys, () => {});
  }

  /** @returns whether it is a client of this process: one that goes to another may come back */
  #tellHere(keys: Keys): boolean {
    if (this.#target?.leaves) this.#target = null;
    if (this.#target === null) return false;
    Mailbox.of(this.#target).tell(keys);
    return true;
  }

  /** @param settle told whether some process has told it */
  #pass(keys: Keys, settle: (told: boolean) => void): void {
    const { pool } = this.#client;
    const { siblings, guard } = pool.engine;
    const onAnswers = (answers: readonly object[] | null): void => {
      guard.bind(this.#client, () => {
        if (this.#client.closed) return;
        const isElsewhere = answers?.some((answer) => (answer as TellAnswer).told) ?? false;
        settle(isElsewhere || this.#cameHere(keys));
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

  /** @returns whether it has come from another process, and is told */
  #cameHere(keys: Keys): boolean {
    this.#target = hearerOf(this.#client.pool, this.#number);
    if (this.#target === null) return false;
    this.broken = false;
    return this.#tellHere(keys);
  }

  #onBroken(): void {
    this.broken = true;
    const client = this.#client;
    // Its next process tells who is there to forget all.
    if (client.leaves || client.moving || laneOf(client).resp === 2) return;
    const text = `>2\r\n$21\r\ntracking-redir-broken\r\n:${this.#number}\r\n`;
    Mailbox.of(client).pushFrame(Buffer.from(text));
  }
}
