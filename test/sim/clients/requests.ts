import type { Op, ScriptCall, ScriptName } from '../cases/case.ts';
import { BUMP, PUT, shaOf } from '../servers/redis/scripts.ts';
import { halfName, keyName, valueText } from './values.ts';

/** A request on the wire. */
export function encode(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${word.length}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`, 'latin1');
}

const SHOWN = 24;

/** A word as people read it. */
export function shownWord(word: string | Buffer): string {
  const text = word.toString('latin1').replace(/[^ -~]/g, '.');
  if (text.length <= SHOWN) return text === '' ? "''" : text;
  const unit = text.length < 100 ? '…' : `… ${text.length} bytes`;
  return text.slice(0, SHOWN) + unit;
}

/** A request as people read it. */
export function textOf(op: Op): string {
  if (op.op === 'queued') return `(queued) ${textOf(op.of)}`;
  if (op.op === 'exec') return `EXEC [${op.of.map(textOf).join(', ')}]`;
  if (op.op === 'add') return `ADD ${keyName('counter', op.key)}`;
  if (op.op === 'load') return `SCRIPT LOAD (${op.script})`;
  const words = wordsOf('id' in op ? { ...op, size: 0 } : op, 0, 0, '***');
  if (!('id' in op)) return words.map(shownWord).join(' ');
  // Each value of a write says only whose it is.
  const keys = words.filter((word) => !word.includes('@')).map(shownWord);
  return `${keys.join(' ')} (write ${op.id}, ${op.size} bytes)`;
}

export const SCRIPT_TEXTS: Readonly<Record<ScriptName, string>> = { bump: BUMP, put: PUT };

function callWords(by: ScriptCall, script: ScriptName): string[] {
  const text = SCRIPT_TEXTS[script];
  return by === 'text' ? ['EVAL', text] : ['EVALSHA', shaOf(text)];
}

export function channelName(isShard: boolean, channel: number): string {
  return keyName(isShard ? 'shard' : 'channel', channel);
}

/** The registers that a write changes. */
export function keysOf(op: Op): string[] {
  switch (op.op) {
    case 'set':
    case 'put':
      return [keyName('register', op.key)];
    case 'mset':
      return op.keys.map((key) => keyName('register', key));
    case 'half':
      return [halfName(op.key, op.half)];
    case 'both':
      return [halfName(op.key, 'a'), halfName(op.key, 'b')];
    case 'swap':
      return [keyName('swapped', op.key)];
    default:
      return [];
  }
}

/** What a request is about, by which its server is found; null: it may be any. */
export function subjectsOf(op: Op): string[] | null {
  switch (op.op) {
    case 'exec': {
      const all = op.of.map(subjectsOf);
      const isKnown = all.length > 0 && all.every((each) => each !== null);
      return isKnown ? (all as string[][]).flat() : null;
    }
    case 'queued':
      return subjectsOf(op.of);
    case 'get':
    case 'strlen':
    case 'exists':
      return [keyName('register', op.key)];
    case 'mget':
    case 'del':
      return op.keys.map((key) => keyName('register', key));
    case 'incr':
    case 'add':
    case 'bump':
      return [keyName('counter', op.key)];
    case 'push':
    case 'pop':
    case 'await':
      return [keyName('queue', op.key)];
    case 'pair':
      return [halfName(op.key, 'a'), halfName(op.key, 'b')];
    case 'one':
      return [halfName(op.key, op.half)];
    case 'watch':
    case 'look':
      return [keyName('swapped', op.key)];
    default: {
      const keys = keysOf(op);
      return keys.length > 0 ? keys : null;
    }
  }
}

/** A request as words, of a client that is in that database. */
export function wordsOf(op: Op, db: number, client: number, password: string): string[] {
  const register = (key: number): string => keyName('register', key);
  switch (op.op) {
    case 'set': {
      const key = register(op.key);
      return ['SET', key, valueText(key, db, client, op.id, op.size)];
    }
    case 'mset': {
      const pairs = op.keys.flatMap((number) => {
        const key = register(number);
        return [key, valueText(key, db, client, op.id, op.size)];
      });
      return ['MSET', ...pairs];
    }
    case 'get':
    case 'strlen':
    case 'exists':
      return [op.op.toUpperCase(), register(op.key)];
    case 'mget':
    case 'del':
      return [op.op.toUpperCase(), ...op.keys.map(register)];
    case 'add':
      throw new Error('Redis needs no add');
    case 'incr':
      return ['INCR', keyName('counter', op.key)];
    case 'push': {
      const key = keyName('queue', op.key);
      return ['RPUSH', key, valueText(key, db, client, op.id, op.size)];
    }
    case 'await':
      return ['BLPOP', keyName('queue', op.key), String(op.ms / 1000)];
    case 'pop':
      return ['LPOP', keyName('queue', op.key)];
    case 'confirm':
      return ['WAIT', String(op.replicas), String(op.ms)];
    case 'ping':
      return ['PING'];
    case 'auth':
      return ['AUTH', password];
    case 'unknown':
      return ['NONSUCH', 'a'];
    case 'arity':
      return ['GET'];
    case 'half': {
      const key = halfName(op.key, op.half);
      return ['SET', key, valueText(key, db, client, op.id, op.size)];
    }
    case 'pair':
      return ['MGET', halfName(op.key, 'a'), halfName(op.key, 'b')];
    case 'one':
      return ['GET', halfName(op.key, op.half)];
    case 'both': {
      const pairs = keysOf(op).flatMap((key) => [key, valueText(key, db, client, op.id, op.size)]);
      return ['MSET', ...pairs];
    }
    case 'watch':
      return ['WATCH', keyName('swapped', op.key)];
    case 'look':
      return ['GET', keyName('swapped', op.key)];
    case 'swap': {
      const key = keyName('swapped', op.key);
      return ['SET', key, valueText(key, db, client, op.id, op.size)];
    }
    case 'publish': {
      const channel = channelName(op.isShard, op.channel);
      const message = valueText(channel, db, client, op.id, op.size);
      return [op.isShard ? 'SPUBLISH' : 'PUBLISH', channel, message];
    }
    case 'count':
      if (op.kind === 'pattern') return ['PUBSUB', 'NUMPAT'];
      return op.kind === 'shard'
        ? ['PUBSUB', 'SHARDNUMSUB', channelName(true, op.channel)]
        : ['PUBSUB', 'NUMSUB', channelName(false, op.channel)];
    case 'load':
      return ['SCRIPT', 'LOAD', SCRIPT_TEXTS[op.script]];
    case 'bump':
      return [...callWords(op.by, 'bump'), '1', keyName('counter', op.key)];
    case 'put': {
      const key = register(op.key);
      return [...callWords(op.by, 'put'), '1', key, valueText(key, db, client, op.id, op.size)];
    }
    case 'multi':
      return ['MULTI'];
    case 'queued':
      return wordsOf(op.of, db, client, password);
    case 'exec':
      return ['EXEC'];
    case 'select':
      return ['SELECT', String(op.db)];
    case 'hello':
      return ['HELLO', String(op.resp)];
  }
}
