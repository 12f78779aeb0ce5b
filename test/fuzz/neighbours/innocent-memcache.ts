import type { Random } from '../random.ts';
import { type Conversation, exactly, INCOMPLETE, type Question, WRONG } from './innocent.ts';

const ITEM = /^VALUE (\S{1,250}) (\d{1,10}) (\d{1,7})( \d{1,20})?\r\n/;

/** A reply to a get: each of the wanted items once, in any order, and no other. */
function items(wanted: ReadonlyMap<string, string>, cas: boolean): Question['match'] {
  return (bytes, from) => {
    const missing = new Map(wanted);
    for (let at = from; ; ) {
      if (bytes.length < at + 5) return INCOMPLETE;
      if (bytes.toString('latin1', at, at + 5) === 'END\r\n')
        return missing.size > 0 ? WRONG : at + 5;
      const text = bytes.toString('latin1', at, at + 320);
      const found = ITEM.exec(text);
      if (found === null) return text.includes('\r\n') ? WRONG : INCOMPLETE;
      const [head, key, flags, length, unique] = found;
      const value = missing.get(key);
      if (value === undefined || flags !== '7' || Number(length) !== value.length) return WRONG;
      if (cas !== (unique !== undefined)) return WRONG;
      const begin = at + head.length;
      at = begin + value.length + 2;
      if (bytes.length < at) return INCOMPLETE;
      if (bytes.toString('latin1', begin, at) !== `${value}\r\n`) return WRONG;
      missing.delete(key);
    }
  };
}

const deleted: Question['match'] = (bytes, at) => {
  const end = bytes.indexOf('\r\n', at);
  if (end < 0) return INCOMPLETE;
  return /^(DELETED|NOT_FOUND)$/.test(bytes.toString('latin1', at, end)) ? end + 2 : WRONG;
};

class MemcacheConversation implements Conversation {
  readonly label: string;
  readonly greeting: Question[];
  readonly #id: string;
  readonly #keys: readonly string[];
  readonly #counters: readonly string[];
  readonly #longest: number;
  readonly #values = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  #writes = 0;

  constructor(id: string, keys: readonly string[], counters: readonly string[], longest: number) {
    this.label = `memcached client ${id}`;
    this.#id = id;
    this.#keys = keys;
    this.#counters = counters;
    this.#longest = longest;
    const stored = exactly(Buffer.from('STORED\r\n'));
    this.greeting = [
      ...counters.map((key) => ({
        request: Buffer.from(`set ${key} 0 0 1\r\n0\r\n`),
        match: stored,
      })),
      ...keys.map((key) => ({ request: Buffer.from(`delete ${key}\r\n`), match: deleted })),
    ];
  }

  next(random: Random): Question {
    const key = random.pick(this.#keys);
    const ask = (request: string, reply: string): Question => ({
      request: Buffer.from(request, 'latin1'),
      match: exactly(Buffer.from(reply, 'latin1')),
    });
    switch (random.below(6)) {
      case 0:
      case 1: {
        const size = random.once(25) ? random.below(this.#longest) : random.below(40);
        const value = `${key}|${this.#id}|${++this.#writes}|${'v'.repeat(size)}`;
        this.#values.set(key, value);
        return ask(`set ${key} 7 0 ${value.length}\r\n${value}\r\n`, 'STORED\r\n');
      }
      case 2: {
        const counter = random.pick(this.#counters);
        const count = (this.#counts.get(counter) ?? 0) + 1;
        this.#counts.set(counter, count);
        return ask(`incr ${counter} 1\r\n`, `${count}\r\n`);
      }
      default: {
        const count = random.once(3) ? 1 : 1 + random.below(this.#keys.length);
        const some = new Set(Array.from({ length: count }, () => random.pick(this.#keys)));
        const wanted = new Map<string, string>();
        for (const each of some) {
          const value = this.#values.get(each);
          if (value !== undefined) wanted.set(each, value);
        }
        const cas = random.once(3);
        const request = `${cas ? 'gets' : 'get'} ${[...some].join(' ')}\r\n`;
        return { request: Buffer.from(request), match: items(wanted, cas) };
      }
    }
  }
}

export function innocentMemcache(
  id: string,
  keys: readonly string[],
  counters: readonly string[],
  longest: number,
): Conversation {
  return new MemcacheConversation(id, keys, counters, longest);
}
