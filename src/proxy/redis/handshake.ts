import { LOG_INFO, LOG_WARN } from '../../log.ts';
import { FLAG_FIRST, FLAG_LAST, WHOLE } from '../../protocol/frame-table.ts';
import { encodeText } from '../../protocol/redis/replies/encode.ts';
import { loginRefusal, passwordOf } from '../../protocol/redis/replies/login-refusal.ts';
import { withoutAttributes } from '../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { FAILURE_INVALID, failureOf, failureText, reasonText } from '../backend/failure.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import { PURPOSE_ORDER, PURPOSE_SHARED } from '../backend/owned-connection.ts';
import { EXECUTED } from '../backend/server-protocol.ts';
import { loginOf, type RefusedConnection } from './server-login.ts';
import type { Tracker } from './tracking/tracker.ts';
import { knownTrackerOf } from './tracking/trackers.ts';

const ERROR_TYPE = 0x2d; // '-'
const LF = 0x0a;
/** What AUTH and SELECT are granted with. */
const STATUS_TYPE: ReadonlySet<number> = new Set(Buffer.from('+'));
/** What HELLO tells about the server in; some give it as an array. */
const HELLO_TYPES: ReadonlySet<number> = new Set(Buffer.from('%*'));
/** Errors of HELLO that only say that the server is too old for RESP3: its RESP2 is valid RESP3. */
const TOO_OLD = /^(ERR unknown command|NOPROTO)/i;

/** How the answer to a greeting must begin. */
interface WantedAnswer {
  readonly begin: Buffer;
  /** What is wrong with a server that answers otherwise. */
  readonly otherwise: string;
}

/** Something that a new connection says first. */
interface Greeting {
  /** How the log names it. */
  readonly what: string;
  readonly bytes: Buffer;
  /** Types of the replies that grant it. */
  readonly grants: ReadonlySet<number>;
  /** Errors that change nothing; null = each does. */
  readonly harmless: RegExp | null;
  readonly isLogin: boolean;
  /** It asks whether the server can serve: one that cannot may do so later. */
  readonly asks: boolean;
  /** What stands behind the first line of the reply that grants it; null = anything. */
  readonly answer: WantedAnswer | null;
  /** It is refused, and nothing more comes of that. */
  readonly onRefused?: (connection: BackendConnection) => void;
}

const RESP3: Greeting = {
  what: 'HELLO 3',
  bytes: encodeText('HELLO', '3'),
  grants: HELLO_TYPES,
  harmless: TOO_OLD,
  isLogin: false,
  asks: false,
  answer: null,
};

const ROLE: Greeting = {
  what: 'ROLE',
  bytes: encodeText('ROLE'),
  grants: new Set(Buffer.from('*')),
  harmless: null,
  isLogin: false,
  asks: true,
  answer: { begin: Buffer.from('$6\r\nmaster\r\n'), otherwise: 'the server is not a master' },
};

const CLUSTER_STATE: Greeting = {
  what: 'CLUSTER INFO',
  bytes: encodeText('CLUSTER', 'INFO'),
  grants: new Set(Buffer.from('$')),
  harmless: null,
  isLogin: false,
  asks: true,
  answer: {
    begin: Buffer.from('cluster_state:ok'),
    otherwise: 'CLUSTERDOWN The cluster is down',
  },
};

/** A replica of a cluster answers only whoever says so. */
const READ_ONLY: Greeting = {
  what: 'READONLY',
  bytes: encodeText('READONLY'),
  grants: STATUS_TYPE,
  harmless: null,
  isLogin: false,
  asks: true,
  answer: null,
};

/** @param id number at the server of the connection that is told of keys that were read */
function tracking(id: string): Greeting {
  return {
    what: 'CLIENT TRACKING',
    bytes: encodeText('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id),
    grants: STATUS_TYPE,
    // Whoever reads is told at once to forget it.
    harmless: /^/,
    isLogin: false,
    asks: false,
    answer: null,
    onRefused: (connection) => trackerOfLane(connection)?.onGreetingRefused(connection),
  };
}

function trackerOfLane({ owner }: BackendConnection): Tracker | undefined {
  return knownTrackerOf(owner.pool);
}

const PING: Greeting = {
  what: 'PING',
  bytes: encodeText('PING'),
  grants: STATUS_TYPE,
  harmless: null,
  isLogin: false,
  asks: true,
  answer: null,
};

function loginWith(bytes: Buffer): Greeting {
  const common = { grants: STATUS_TYPE, harmless: null, asks: false, answer: null };
  return { what: 'AUTH', bytes, isLogin: true, ...common };
}

function selecting(db: number): Greeting {
  const bytes = encodeText('SELECT', String(db));
  const common = { grants: STATUS_TYPE, harmless: null, asks: false, answer: null };
  return { what: `SELECT ${db}`, bytes, isLogin: false, ...common };
}

/** The reply to one of them: swallowed, an error is logged. */
class GreetingReply implements ReplyTarget {
  readonly distrusts = false;
  readonly claim = null;
  readonly #connection: BackendConnection;
  readonly #greeting: Greeting;
  readonly #last: boolean;
  /** What it asks for must be granted before anything else is sent. */
  readonly #strict: boolean;
  #failed = false;
  /** Something was said against it, which later pieces of the reply only repeat. */
  #refused = false;

  /** @param last nothing is greeted with behind it */
  constructor(connection: BackendConnection, greeting: Greeting, last: boolean) {
    this.#connection = connection;
    this.#greeting = greeting;
    this.#last = last;
    const { lane, owner } = connection;
    this.#strict = lane.index > 0 || owner.pool.config.followsMaster;
  }

  onReply(start: number, length: number, info: number): void {
    const { owner } = this.#connection;
    const { config, engine, protocol } = owner.pool;
    const { what, bytes, harmless, isLogin, asks } = this.#greeting;
    const text = this.#refused ? null : this.#objection(start, length, info);
    this.#refused ||= text !== null;
    if (text !== null && asks) {
      this.#failed = true;
      this.#connection.refuse(text.replace(/^ERR /, ''), true);
    } else if (text !== null) {
      const where = `${config.name} | ${owner.name}`;
      const own = this.#connection.lane.login !== null;
      owner.log(own ? LOG_INFO : LOG_WARN, `${what} failed on ${where}: ${text}`, {
        event: 'not-granted',
      });
      // Nothing may run in another database than the client asked for.
      this.#failed = this.#strict && !harmless?.test(text);
      this.#greeting.onRefused?.(this.#connection);
      if (isLogin && !own) loginOf(owner.pool).onRefused(refusedOf(this.#connection, bytes));
      const away = protocol.refusal(engine.memory, start, length) !== EXECUTED;
      if (this.#failed) this.#connection.refuse(text.replace(/^ERR /, ''), away);
    }
    if (!this.#failed && this.#last && (info & FLAG_LAST) !== 0 && this.#strict) {
      this.#connection.handshakeDone();
    }
  }

  /** What a reply, or a piece of one, says against the connection; null when it grants it. */
  #objection(start: number, length: number, info: number): string | null {
    const type = info & 0xff;
    const { memory } = this.#connection.owner.pool.engine;
    const { grants, answer, bytes, isLogin } = this.#greeting;
    if (grants.has(type)) {
      if (answer === null || (info & FLAG_FIRST) === 0) return null;
      const at = memory.indexOf(LF, start) + 1;
      const { begin, otherwise } = answer;
      const isRight = memory.compare(begin, 0, begin.length, at, at + begin.length) === 0;
      return isRight ? null : otherwise;
    }
    if (type !== ERROR_TYPE || (info & WHOLE) !== WHOLE)
      return failureText(failureOf(FAILURE_INVALID));
    const line = withoutAttributes(Buffer.from(memory.subarray(start, start + length)));
    const said = line.toString('latin1', 1, line.length - 2);
    return reasonText(isLogin ? loginRefusal(said, passwordOf(bytes)) : said);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(): void {}
}

/** What a server grants while it is busy with a script: the rest it would refuse. */
function briefly({ lane }: BackendConnection): readonly Greeting[] {
  return lane.resp === 3 ? [RESP3] : [];
}

/** What is said behind the login. */
function fully(connection: BackendConnection): readonly Greeting[] {
  const { lane } = connection;
  const greetings: Greeting[] = [];
  const { followsMaster, cluster } = connection.owner.pool.config;
  // Before RESP3, in which the answer has another form.
  if (cluster) greetings.push(CLUSTER_STATE);
  if (lane.resp === 3) greetings.push(RESP3);
  if (lane.db > 0) greetings.push(selecting(lane.db));
  const note = lane.tracking ? lineToName(connection) : null;
  if (note !== null) greetings.push(tracking(note));
  const { forReads } = connection.owner;
  if (cluster && forReads) greetings.push(READ_ONLY);
  const isMaster = !cluster && !forReads;
  if (followsMaster) greetings.push(...(isMaster ? [ROLE, PING] : [PING]));
  return greetings;
}

function refusedOf(connection: BackendConnection, login: Buffer): RefusedConnection {
  return {
    login,
    get closed() {
      return connection.closed;
    },
    renew: () => {
      // What is in flight on a shared one is answered; nobody would come to close one at rest.
      const shared = connection.purpose === PURPOSE_SHARED;
      if (shared && connection.inFlight.count > 0) connection.owner.retire(connection);
      else connection.refuse('the login is another now');
    },
  };
}

/** @returns the number of the connection that is told of keys; null = nobody is */
function lineToName(connection: BackendConnection): string | null {
  // What one client reads over a connection of its own it is told to forget.
  if (connection.purpose !== PURPOSE_SHARED) return null;
  return trackerOfLane(connection)?.greet(connection) ?? null;
}

/**
 * Queues what a new connection must say first: AUTH, HELLO for RESP3, SELECT. Their replies are
 * swallowed. Lane 0 sends requests right behind, as nutcracker does; on other lanes they wait until
 * all of it is granted. So they do where servers are followed: there each must say that it is a
 * master, unless it is only read, and answer a PING, which one that still loads its data does not.
 */
export function handshake(connection: BackendConnection): void {
  const { lane } = connection;
  const login = lane.login?.request ?? loginOf(connection.owner.pool).request;
  const { followsMaster } = connection.owner.pool.config;
  const further = connection.purpose === PURPOSE_ORDER ? briefly(connection) : fully(connection);
  const greetings = login === null ? further : [loginWith(login), ...further];
  if (greetings.length === 0) return;
  const { now } = connection.owner.pool.engine;
  const bytes = Buffer.concat(greetings.map((greeting) => greeting.bytes));
  greetings.forEach((greeting, i) => {
    const last = i === greetings.length - 1;
    connection.inFlight.pushTarget(new GreetingReply(connection, greeting, last), now);
  });
  if (lane.index === 0 && !followsMaster) connection.out.append(bytes);
  else connection.greeting = bytes;
}
