import { BLOCKS, type Command, type Context, keyOf, type Session } from './command.ts';
import { array, failure, noArray, status } from './resp.ts';

// MULTI, EXEC, DISCARD, WATCH and UNWATCH, as far as they are commands: queueing is execute.ts.

const OK = status('OK');
export const QUEUED: Buffer = status('QUEUED');
/** What is carried out between MULTI and EXEC. */
export const NOT_QUEUED = ['EXEC', 'DISCARD', 'MULTI', 'WATCH', 'QUIT', 'RESET'];

export function endTransaction(session: Session): void {
  session.queue = null;
  session.failed = false;
  session.watched.clear();
}

/** An EXEC that is itself refused ends its transaction. */
export function abort(session: Session, refusal: Buffer): Buffer {
  endTransaction(session);
  const why = refusal
    .toString('latin1')
    .replace(/^-(ERR )?/, '')
    .trimEnd();
  return failure(`EXECABORT Transaction discarded because of: ${why}`);
}

function isUntouched({ data, session }: Context): boolean {
  for (const [name, version] of session.watched) if (data.versionOf(name) !== version) return false;
  return true;
}

/** Nothing waits in a transaction. */
function orNothing(reply: Buffer, resp: number): Buffer {
  return reply === BLOCKS ? noArray(resp) : reply;
}

function exec(context: Context): Buffer {
  const { session } = context;
  const { queue, failed, resp } = session;
  if (queue === null) return failure('ERR EXEC without MULTI');
  const untouched = isUntouched(context);
  endTransaction(session);
  if (failed) {
    return failure('EXECABORT Transaction discarded because of previous errors.');
  }
  if (!untouched) return noArray(resp);
  return array(queue.map((run) => orNothing(run(), resp)));
}

export const TRANSACTION_COMMANDS: Readonly<Record<string, Command>> = {
  MULTI: [
    1,
    ({ session }) => {
      if (session.queue !== null) return failure('ERR MULTI calls can not be nested');
      session.queue = [];
      return OK;
    },
  ],
  EXEC: [1, exec],
  DISCARD: [
    1,
    ({ session }) => {
      if (session.queue === null) return failure('ERR DISCARD without MULTI');
      endTransaction(session);
      return OK;
    },
  ],
  WATCH: [
    -2,
    ({ data, session }, words) => {
      if (session.queue !== null) return failure('ERR WATCH inside MULTI is not allowed');
      for (const word of words.slice(1)) {
        const name = `${session.db} ${keyOf(word)}`;
        if (!session.watched.has(name)) session.watched.set(name, data.versionOf(name));
      }
      return OK;
    },
  ],
  UNWATCH: [
    1,
    ({ session }) => {
      session.watched.clear();
      return OK;
    },
  ],
};
