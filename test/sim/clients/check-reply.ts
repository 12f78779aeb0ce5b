import type { ChannelKind, Op, ScriptName } from '../cases/case.ts';
import type { Value } from '../servers/keyspace.ts';
import { shaOf } from '../servers/redis/scripts.ts';
import { type History, type Place, writeName } from './history.ts';
import type { Reply } from './reply-stream.ts';
import { channelName, keysOf, SCRIPT_TEXTS, textOf } from './requests.ts';
import { halfName, isWhole, keyName, labelOf } from './values.ts';

/** A value that a key was given, as its client was told. */
export interface Written {
  readonly db: number;
  readonly key: string;
  readonly id: number;
}

/** What a reply is checked against. */
export interface Asked {
  readonly op: Op;
  /** Microseconds: sent, and answered. */
  readonly from: number;
  readonly to: number;
  /** The database that the client is in. */
  readonly db: number;
  /** What the same connection has written since it asked last which replicas have that. */
  readonly written: readonly Written[];
  /** Where the last write of a key stands that the same connection made before, and was told of. */
  behind(key: string): Place | null;
  /** Replicas may be without some of its keys, as these are on the move. */
  readonly mayBeHalf: boolean;
  /** Whether something is wrong that it may fail of, with this error. */
  mayFail(text: string): boolean;
  /** Errors that may always come. */
  readonly refusals: readonly string[];
}

function isExplained({ op, mayFail, refusals }: Asked, text: string): boolean {
  if (op.op === 'exec' && text.startsWith('EXECABORT '))
    return refusals.length > 0 || mayFail(text);
  return refusals.includes(text) || (isFailure(text) && mayFail(text));
}

/** Error replies that ringway or a server gives when something fails, and their reasons. */
const FAILURES: readonly string[] = [
  'ERR Connection refused',
  'ERR Connection reset by peer',
  'ERR Connection timed out',
  'ERR Broken pipe',
  'ERR Host is down',
  'ERR unknown',
  'ERR out of memory storing object',
  'ERR out of memory writing get response',
  'LOADING Redis is loading the dataset in memory',
  "READONLY You can't write against a read only replica.",
  'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
  'ERR its server is no longer the master',
  'ERR the server is not a master',
  'CLUSTERDOWN Hash slot not served',
  'CLUSTERDOWN The cluster is down',
  'TRYAGAIN Multiple keys request during rehashing of slot',
];

const NOT_DONE = /^([A-Z]+) \S+ did not do it: (.*)$/;
/** Of a server that has left the ring. */
const EJECTED = 'it is ejected';
const IN_A_SCRIPT = / script: [0-9a-f]{40}, on @user_script:1\.$/;
const MOVING = /^TRYAGAIN slot \d+ is moving$/;
const NO_LEASE = /^ERR no connection to \S+ is free \(max_leased_connections\)$/;

export function isFailure(text: string): boolean {
  const said = text.replace(IN_A_SCRIPT, '');
  if (FAILURES.includes(said) || NO_LEASE.test(said) || MOVING.test(said)) return true;
  const [, word, why] = NOT_DONE.exec(said) ?? [];
  if (why === EJECTED) return true;
  return why !== undefined && FAILURES.some((each) => each === why || each === `${word} ${why}`);
}

/** Errors that a time limit of the pool gives by itself, or what is behind such a one. */
const OF_TIME = /Connection timed out|^EXECABORT Transaction discarded because of previous errors/;

/** Whether nothing need be wrong for it but that an answer takes its time. */
export function isOfTime(text: string): boolean {
  return OF_TIME.test(text);
}

const SHOWN_BYTES = 40;

/** A reply as people read it. */
export function shown(reply: Reply): string {
  if (reply.kind === 'bulk') {
    const { length } = reply.bytes;
    const text = JSON.stringify(reply.bytes.toString('latin1', 0, SHOWN_BYTES));
    return length > SHOWN_BYTES ? `${text} and ${length - SHOWN_BYTES} bytes more` : text;
  }
  if ('items' in reply) return `[${reply.items.map(shown).join(', ')}]`;
  if (reply.kind === 'null') return 'nothing';
  if (reply.kind === 'integer') return `integer ${reply.value}`;
  return `${reply.kind} ${reply.text}`;
}

/** Whether something was true of a key between asking and answer, behind one's own last write. */
function held(
  history: History,
  { db, from, to, behind }: Asked,
  key: string,
  holds: (value: Value | null) => boolean,
): boolean {
  return history.held(db, key, from, to, holds, behind(key));
}

/** A value that a key may have held between asking and answer. */
function isValueOf(history: History, asked: Asked, key: string, reply: Reply): boolean {
  // A part of the answer may fail alone: partial_failure, multiget_failure.
  if (asked.op.op === 'mget' && reply.kind === 'error') return isExplained(asked, reply.text);
  if (reply.kind === 'null') return held(history, asked, key, (value) => value === null);
  if (reply.kind !== 'bulk' || !isWhole(reply.bytes)) return false;
  return held(history, asked, key, (value) => {
    return value?.type === 'string' && value.bytes.equals(reply.bytes);
  });
}

/** Both keys of a pair as one transaction has left them. */
function isPair(history: History, asked: Asked, key: number, reply: Reply): boolean {
  if (reply.kind !== 'array' || reply.items.length !== 2) return false;
  const [a, b] = reply.items;
  if (!isValueOf(history, asked, halfName(key, 'a'), a)) return false;
  if (!isValueOf(history, asked, halfName(key, 'b'), b)) return false;
  const idOf = (half: Reply) => (half.kind === 'bulk' ? labelOf(half.bytes)?.id : half.kind);
  const isGone = (half: Reply, other: Reply, name: string): boolean => {
    if (half.kind !== 'null' || other.kind !== 'bulk') return false;
    return history.gone.has(writeName(labelOf(other.bytes)?.id ?? 0, name));
  };
  if (isGone(a, b, halfName(key, 'a')) || isGone(b, a, halfName(key, 'b'))) return true;
  return idOf(a) === idOf(b) || asked.mayBeHalf;
}

const NO_SCRIPT = 'NOSCRIPT No matching script. Please use EVAL.';

/** A script that was called by its digest, and that the server of its key did not have. */
function isMissing(
  history: History,
  { op, from, to }: Asked,
  key: string,
  script: ScriptName,
  reply: Reply,
): boolean {
  if (!('by' in op) || op.by !== 'digest') return false;
  if (reply.kind !== 'error' || reply.text !== NO_SCRIPT) return false;
  return history.lacked(shaOf(SCRIPT_TEXTS[script]), key, from, to);
}

/** What a register held when write `id` replaced it. */
function isReplaced(history: History, id: number, reply: Reply): boolean {
  const before = history.replaced(id);
  if (reply.kind === 'null') return before === null;
  return (
    reply.kind === 'bulk' && before?.type === 'string' && before.bytes.equals(reply.bytes) === true
  );
}

/** As many replicas as it says have all that was written. */
function isConfirmed(history: History, { written }: Asked, least: number, reply: Reply): boolean {
  if (reply.kind !== 'integer' || reply.value < least) return false;
  if (reply.value === 0) return true;
  return written.every(({ db, key, id }) => history.copiesOf(db, key, id) > reply.value);
}

/** Nobody has so many listeners. */
const MOST_HEARERS = 1_000;

function isCount(
  reply: Reply,
  most: number,
): reply is { readonly kind: 'integer'; readonly value: number } {
  return reply.kind === 'integer' && reply.value >= 0 && reply.value <= most;
}

/** What PUBSUB NUMSUB and its kin count; null = it is not answered as it should be. */
export function countIn(kind: ChannelKind, channel: string, reply: Reply): number | null {
  if (kind === 'pattern') return isCount(reply, MOST_HEARERS) ? reply.value : null;
  if (reply.kind !== 'array' || reply.items.length !== 2) return null;
  const [name, count] = reply.items;
  if (name.kind !== 'bulk' || name.bytes.toString('latin1') !== channel) return null;
  return isCount(count, MOST_HEARERS) ? count.value : null;
}

function isRight(history: History, asked: Asked, reply: Reply): boolean {
  const { op, db, from, to } = asked;
  const is = (text: string): boolean => reply.kind === 'status' && reply.text === text;
  const claims = (key: string, what: string) => history.claim(db, key, from, to, what);
  const absent = (key: string) => history.held(db, key, from, to, (value) => value === null);
  switch (op.op) {
    case 'set':
      return is('OK') && claims(keyName('register', op.key), `write ${op.id}`);
    case 'mset':
      return is('OK') && op.keys.every((key) => claims(keyName('register', key), `write ${op.id}`));
    case 'get':
      return isValueOf(history, asked, keyName('register', op.key), reply);
    case 'mget':
      return (
        reply.kind === 'array' &&
        reply.items.length === op.keys.length &&
        op.keys.every((key, i) =>
          isValueOf(history, asked, keyName('register', key), reply.items[i]),
        )
      );
    case 'strlen': {
      if (reply.kind !== 'integer') return false;
      const key = keyName('register', op.key);
      return held(history, asked, key, (value) => {
        return (value?.type === 'string' ? value.bytes.length : 0) === reply.value;
      });
    }
    case 'exists': {
      if (!isCount(reply, 1)) return false;
      const wanted = reply.kind === 'integer' && reply.value === 1;
      const key = keyName('register', op.key);
      return held(history, asked, key, (value) => (value !== null) === wanted);
    }
    case 'del': {
      const keys = op.keys.map((key) => keyName('register', key));
      const [least, most] = history.removed(db, keys, from, to);
      return isCount(reply, most) && reply.value >= least && keys.every(absent);
    }
    case 'add': {
      if (!isCount(reply, 1)) return false;
      const key = keyName('counter', op.key);
      const wasThere = reply.kind === 'integer' && reply.value === 0;
      return history.held(db, key, from, to, (value) => (value !== null) === wasThere);
    }
    case 'incr':
      if (reply.kind === 'null') return absent(keyName('counter', op.key));
      return reply.kind === 'integer' && claims(keyName('counter', op.key), `incr ${reply.value}`);
    case 'push':
      return reply.kind === 'integer' && claims(keyName('queue', op.key), `write ${op.id}`);
    case 'await':
    case 'pop': {
      const key = keyName('queue', op.key);
      if (reply.kind === 'null') return absent(key);
      const element = op.op === 'await' && reply.kind === 'array' ? reply.items[1] : reply;
      if (element?.kind !== 'bulk' || !isWhole(element.bytes)) return false;
      const label = labelOf(element.bytes);
      return label?.key === key && label.db === db && claims(key, `pop ${label.id}`);
    }
    case 'half': {
      const key = halfName(op.key, op.half);
      return is('OK') && claims(key, `write ${op.id}`);
    }
    case 'both':
      return is('OK') && keysOf(op).every((key) => claims(key, `write ${op.id}`));
    case 'swap':
      return is('OK') && claims(keyName('swapped', op.key), `write ${op.id}`);
    case 'look':
      return isValueOf(history, asked, keyName('swapped', op.key), reply);
    case 'one':
      return isValueOf(history, asked, halfName(op.key, op.half), reply);
    case 'pair':
      return isPair(history, asked, op.key, reply);
    case 'publish': {
      const channel = channelName(op.isShard, op.channel);
      return isCount(reply, MOST_HEARERS) && claims(channel, `write ${op.id}`);
    }
    case 'count':
      return countIn(op.kind, channelName(op.kind === 'shard', op.channel), reply) !== null;
    case 'load':
      return (
        reply.kind === 'bulk' && reply.bytes.toString('latin1') === shaOf(SCRIPT_TEXTS[op.script])
      );
    case 'bump': {
      const key = keyName('counter', op.key);
      if (isMissing(history, asked, key, 'bump', reply)) return true;
      return reply.kind === 'integer' && claims(key, `incr ${reply.value}`);
    }
    case 'put': {
      const key = keyName('register', op.key);
      if (isMissing(history, asked, key, 'put', reply)) return true;
      return isReplaced(history, op.id, reply) && claims(key, `write ${op.id}`);
    }
    case 'watch':
    case 'multi':
      return is('OK');
    case 'queued':
      return is('QUEUED');
    case 'exec':
      if (reply.kind === 'null') return op.watched;
      return (
        reply.kind === 'array' &&
        reply.items.length === op.of.length &&
        op.of.every((each, i) => isRight(history, { ...asked, op: each }, reply.items[i]))
      );
    case 'confirm':
      return isConfirmed(history, asked, op.least ?? 0, reply);
    case 'ping':
      return is('PONG');
    case 'select':
    case 'auth':
      return is('OK');
    case 'hello':
      return reply.kind === (op.resp === 3 ? 'map' : 'array');
    case 'unknown':
      return reply.kind === 'error' && reply.text.startsWith("ERR unknown command 'NONSUCH'");
    case 'arity':
      return reply.kind === 'error' && reply.text.startsWith('ERR wrong number of arguments');
  }
}

/** @returns what is wrong with a reply, null when nothing is */
export function complaintAbout(history: History, asked: Asked, reply: Reply): string | null {
  const { op } = asked;
  const isOwnError = op.op === 'unknown' || op.op === 'arity';
  if (reply.kind === 'error' && !isOwnError && isExplained(asked, reply.text)) return null;
  if (isRight(history, asked, reply)) return null;
  return `is answered ${shown(reply)} to ${textOf(op)} in database ${asked.db}`;
}
