import { DATABASES } from '../keyspace.ts';
import {
  type Command,
  type Context,
  integerOf,
  keyOf,
  NOT_AN_INTEGER,
  type Session,
  SYNTAX,
  upper,
} from './command.ts';
import { isSubscriber } from './pubsub.ts';
import { array, bulk, failure, integer, map, status } from './resp.ts';
import { endTransaction } from './transactions.ts';

const OK = status('OK');

function count(words: readonly Buffer[], of: (key: string) => boolean): Buffer {
  return integer(words.slice(1).filter((word) => of(keyOf(word))).length);
}

const remove: Command[1] = (context, words) =>
  count(words, (key) => context.data.remove(context.session.db, key));

const exists: Command[1] = (context, words) =>
  count(words, (key) => context.data.get(context.session.db, key) !== null);

function expire(name: string, unit: bigint): Command {
  return [
    3,
    (context, words) => {
      const amount = integerOf(words[2]);
      if (amount === null) return NOT_AN_INTEGER;
      const { data, session, now } = context;
      const at = amount * unit + BigInt(now);
      if (at > 2n ** 63n - 1n || at < -(2n ** 63n)) {
        return failure(`ERR invalid expire time in '${name}' command`);
      }
      const key = keyOf(words[1]);
      const value = data.get(session.db, key);
      if (value === null) return integer(0);
      if (at <= BigInt(now)) data.remove(session.db, key);
      else data.set(session.db, key, value, Number(at));
      return integer(1);
    },
  ];
}

function timeLeft(unit: number): Command {
  return [
    2,
    ({ data, session, now }, words) => {
      const key = keyOf(words[1]);
      if (data.get(session.db, key) === null) return integer(-2);
      const at = data.expiryOf(session.db, key);
      if (at === 0) return integer(-1);
      return integer(unit === 1 ? at - now : Math.floor((at - now + 500) / 1000));
    },
  ];
}

const WRONG_PASS = failure('WRONGPASS invalid username-password pair or user is disabled.');

function logIn({ session, password }: Context, user: string, given: string): Buffer | null {
  if (user !== 'default' || (password !== null && given !== password)) return WRONG_PASS;
  session.authenticated = true;
  return null;
}

const auth: Command[1] = (context, words) => {
  if (words.length > 3) return SYNTAX;
  if (words.length === 2 && context.password === null) {
    return failure(
      'ERR AUTH <password> called without any password configured for the default user. ' +
        'Are you sure your configuration is correct?',
    );
  }
  const [user, given] =
    words.length === 3 ? [keyOf(words[1]), keyOf(words[2])] : ['default', keyOf(words[1])];
  return logIn(context, user, given) ?? OK;
};

function aboutServer({ session, version }: Context): Buffer {
  const pairs: [string, Buffer][] = [
    ['server', bulk('redis')],
    ['version', bulk(version)],
    ['proto', integer(session.resp)],
    ['id', integer(session.id)],
    ['mode', bulk('standalone')],
    ['role', bulk('master')],
    ['modules', array([])],
  ];
  return map(
    session.resp,
    pairs.flatMap(([name, value]) => [bulk(name), value]),
  );
}

const NO_AUTH_HELLO =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> ' +
  'AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol ' +
  'version at the same time';

const hello: Command[1] = (context, words) => {
  const { session } = context;
  let resp = session.resp;
  let name: string | null = null;
  if (words.length > 1) {
    const wanted = integerOf(words[1]);
    if (wanted === null) return failure('ERR Protocol version is not an integer or out of range');
    if (wanted !== 2n && wanted !== 3n) return failure('NOPROTO unsupported protocol version');
    resp = Number(wanted);
  }
  for (let i = 2; i < words.length; ) {
    const option = upper(words[i]);
    if (option === 'AUTH' && i + 2 < words.length) {
      const refused = logIn(context, keyOf(words[i + 1]), keyOf(words[i + 2]));
      if (refused !== null) return refused;
      i += 3;
    } else if (option === 'SETNAME' && i + 1 < words.length) {
      name = keyOf(words[i + 1]);
      i += 2;
    } else {
      return failure(`ERR Syntax error in HELLO option '${words[i].toString('latin1')}'`);
    }
  }
  if (!session.authenticated) return failure(NO_AUTH_HELLO);
  session.resp = resp;
  if (name !== null) session.name = name;
  return aboutServer(context);
};

const select: Command[1] = ({ session }, words) => {
  const db = integerOf(words[1]);
  if (db === null) return NOT_AN_INTEGER;
  if (db < 0n || db >= BigInt(DATABASES)) return failure('ERR DB index is out of range');
  session.db = Number(db);
  return OK;
};

function forgetAll(session: Session): void {
  session.db = 0;
  session.resp = 2;
  session.name = '';
}

function flush(empty: (context: Context) => void): Command {
  return [
    -1,
    (context, words) => {
      if (words.length > 2 || (words.length === 2 && !/^A?SYNC$/.test(upper(words[1])))) {
        return SYNTAX;
      }
      empty(context);
      return OK;
    },
  ];
}

export const OTHER_COMMANDS: Readonly<Record<string, Command>> = {
  DEL: [-2, remove],
  UNLINK: [-2, remove],
  EXISTS: [-2, exists],
  TOUCH: [-2, exists],
  TYPE: [
    2,
    ({ data, session }, words) => {
      return status(data.get(session.db, keyOf(words[1]))?.type ?? 'none');
    },
  ],
  EXPIRE: expire('expire', 1000n),
  PEXPIRE: expire('pexpire', 1n),
  TTL: timeLeft(1000),
  PTTL: timeLeft(1),
  PERSIST: [
    2,
    ({ data, session }, words) => {
      const key = keyOf(words[1]);
      const value = data.get(session.db, key);
      if (value === null || data.expiryOf(session.db, key) === 0) return integer(0);
      data.set(session.db, key, value);
      return integer(1);
    },
  ],
  DBSIZE: [1, ({ data, session }) => integer(data.size(session.db))],
  FLUSHDB: flush(({ data, session }) => data.flush(session.db)),
  FLUSHALL: flush(({ data }) => data.flushAll()),
  PING: [
    -1,
    ({ session }, words) => {
      if (words.length > 2) return failure("ERR wrong number of arguments for 'ping' command");
      if (isSubscriber(session)) return array([bulk('pong'), bulk(words[1] ?? '')]);
      return words.length === 2 ? bulk(words[1]) : status('PONG');
    },
  ],
  ECHO: [2, (_context, words) => bulk(words[1])],
  AUTH: [-2, auth],
  HELLO: [-1, hello],
  SELECT: [2, select],
  INFO: [-1, ({ version }) => bulk(`# Server\r\nredis_version:${version}\r\n`)],
  CLIENT: [
    -2,
    ({ session }, words) => {
      if (upper(words[1]) !== 'SETNAME' || words.length !== 3) {
        return failure(`ERR unknown subcommand '${keyOf(words[1])}'. Try CLIENT HELP.`);
      }
      session.name = keyOf(words[2]);
      return OK;
    },
  ],
  QUIT: [
    -1,
    ({ session }) => {
      session.closing = true;
      return OK;
    },
  ],
  RESET: [
    1,
    ({ session, password, channels }) => {
      channels.forget(session);
      forgetAll(session);
      endTransaction(session);
      session.authenticated = password === null;
      return status('RESET');
    },
  ],
};
