import { SIBLINGS_MS } from '../../limits.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { millis } from '../engine/clock.ts';
import type { Timed } from '../engine/deadlines.ts';

type Done<T> = (answers: readonly T[] | null) => void;

/**
 * Asks the other processes that serve the same pools, because `client` wants to know.
 * @param question plain data, see ProxyServer.answerSibling() @param done called once: with the
 * answers of those that are there, none when there are no others, or with null when they do not say
 * anything for SIBLINGS_MS
 */
export function askSiblings<T extends object>(
  client: ClientConnection,
  question: object,
  done: Done<T>,
): void {
  const { siblings } = client.pool.engine;
  if (siblings === null) done([]);
  else new Question<T>(client, done).begin(siblings.ask(question));
}

class Question<T extends object> implements Timed {
  readonly #client: ClientConnection;
  readonly #done: Done<T>;
  readonly #until: number = millis() + SIBLINGS_MS;
  #settled = false;
  timerAt = 0;

  constructor(client: ClientConnection, done: Done<T>) {
    this.#client = client;
    this.#done = done;
  }

  begin(answers: Promise<readonly object[]>): void {
    const { guard, deadlines } = this.#client.pool.engine;
    deadlines.arm(this, this.#until);
    const settle = (all: readonly object[] | null): void => {
      guard.bind(this.#client, () => this.#settle(all as readonly T[] | null))();
    };
    answers.then(settle, () => settle(null));
  }

  #settle(answers: readonly T[] | null): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#client.pool.engine.deadlines.forget(this);
    this.#done(answers);
  }

  nextDeadline(): number {
    return this.#settled ? 0 : this.#until;
  }

  onDeadline(): void {
    this.#settle(null);
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }
}
