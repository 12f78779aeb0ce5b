import type { ClientConnection } from '../../client/client-connection.ts';
import type { Pool } from '../../pool/pool.ts';
import { askSiblings } from '../../siblings/question.ts';
import { isNamed } from './hearers.ts';
import { ALL_KEYS } from './lines/push.ts';
import { Mailbox } from './mailbox.ts';
import type { TellAnswer } from './redirect.ts';

/** What a process is asked about a client that hears of keys and has come to another one. */
export interface HearerQuestion {
  /** Name of the pool. */
  readonly pool: string;
  /** Number of the client. */
  readonly hearer: number;
}

/** Whether it is one about who hears in whose place. */
export function isHearerQuestion(question: object): question is HearerQuestion {
  return 'hearer' in question;
}

/** Whether it is to be told of keys in the place of a client of this process. */
export function isHearer(pool: Pool | undefined, { hearer }: HearerQuestion): TellAnswer {
  return { told: pool !== undefined && isNamed(pool, hearer) };
}

/**
 * A client that hears in the place of others has come from another process, and may have missed
 * something: it is to forget all. Not so when nobody is left who has it told of keys; who is
 * between two processes tells it on arrival.
 */
export function tellArrived(client: ClientConnection): void {
  const { pool, session } = client;
  const forget = (): void => Mailbox.of(client).tell(ALL_KEYS);
  if (isNamed(pool, session.number)) {
    forget();
    return;
  }
  const question: HearerQuestion = { pool: pool.config.name, hearer: session.number };
  askSiblings<TellAnswer>(client, question, (answers) => {
    if (answers === null || answers.some(({ told }) => told)) forget();
  });
}
