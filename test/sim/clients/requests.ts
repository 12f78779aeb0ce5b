import type { Op, ScriptCall, ScriptName } from '../cases/case.ts';
import { BUMP, PUT, shaOf } from '../servers/redis/scripts.ts';
import { halfName, keyName, valueText } from './values.ts';

/** A request on the wire. */
export function encode(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${word.length}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`, 'latin1');
}

/** A request as people read it. */
export function textOf(op: Op): string {
  const { op: name, ...rest } = op;
  return [name, ...Object.entries(rest).map(([key, value]) => `${key} ${value}`)].join(' ');
}

export const SCRIPT_TEXTS: Readonly<Record<ScriptName, string>> = { bump: BUMP, put: PUT };

function callWords(by: ScriptCall, script: ScriptName): string[] {
  const text = SCRIPT_TEXTS[script];
  return by === 'text' ? ['EVAL', text] : ['EVALSHA', shaOf(text)];
}

export function channelName(isShard: boolean, channel: number): string {
  return keyName(isShard ? 'shard' : 'channel', channel);
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
