import type { ClientConnection } from '../../client/client-connection.ts';
import { clientsOf } from '../../client/client-list.ts';
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
  const found = clientsOf(pool).find(({ session }) => session.number === number);
  return found === undefined || found.leaves ? null : found;
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
  readonly #target: ClientConnection | null;
  /** The other client is gone. */
  broken = false;

  /** @param target null = it is in another process */
  constructor(client: ClientConnection, number: number, target: ClientConnection | null) {
    this.#client = client;
    this.#number = number;
    this.#target = target;
  }

  tell(keys: Keys): void {
    if (this.broken || this.#target?.leaves) this.#onBroken();
    else if (this.#target === null) this.#pass(keys);
    else Mailbox.of(this.#target).tell(keys);
  }

  #pass(keys: Keys): void {
    const { siblings, guard } = this.#client.pool.engine;
    if (siblings === null) {
      this.#onBroken();
      return;
    }
    const question: TellQuestion = {
      pool: this.#client.pool.config.name,
      tell: this.#number,
      keys: keys === ALL_KEYS ? null : keys.map((key) => key.toString('base64')),
    };
    const settle = (answers: readonly object[] | null): void => {
      guard.bind(this.#client, () => this.#onAnswers(answers as readonly TellAnswer[] | null))();
    };
    siblings.ask(question).then(settle, () => settle(null));
  }

  /** Where processes take or say no more, it is not known what the other client has heard. */
  #onAnswers(answers: readonly TellAnswer[] | null): void {
    if (this.#client.closed || answers?.some(({ told }) => told)) return;
    this.#onBroken();
  }

  #onBroken(): void {
    this.broken = true;
    const client = this.#client;
    if (client.leaves || laneOf(client).resp === 2) return;
    const text = `>2\r\n$21\r\ntracking-redir-broken\r\n:${this.#number}\r\n`;
    Mailbox.of(client).pushFrame(Buffer.from(text));
  }
}
