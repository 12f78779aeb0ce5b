import type { Random } from '../random.ts';
import { type Conversation, exactly, type Question } from './innocent.ts';
import { multibulk } from './redis-requests.ts';

// Its values name their key, database and writer, so that a value of another can be told.

export interface InnocentOptions {
  readonly id: string;
  readonly db: number;
  readonly resp3: boolean;
  readonly password: string | null;
  /** Keys of healthy servers that nobody else uses. */
  readonly keys: readonly string[];
  readonly counters: readonly string[];
  readonly longest: number;
}

const bulk = (text: string | undefined, nil: string): string =>
  text === undefined ? nil : `$${text.length}\r\n${text}\r\n`;

const OK = exactly(Buffer.from('+OK\r\n'));
/** HELLO's map: the last of its fields is the empty list of modules. */
const HELLO_END = Buffer.from('modules\r\n*0\r\n');

class RedisConversation implements Conversation {
  readonly label: string;
  readonly greeting: Question[] = [];
  readonly #options: InnocentOptions;
  readonly #values = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  #writes = 0;

  constructor(options: InnocentOptions) {
    this.#options = options;
    this.label = `Redis client ${options.id}, database ${options.db}`;
    if (options.password !== null) {
      this.greeting.push({ request: multibulk(['AUTH', options.password]), match: OK });
    }
    if (options.resp3) {
      this.greeting.push({
        request: multibulk(['HELLO', '3']),
        match: (bytes, at) => {
          if (bytes.length > at && bytes[at] !== 0x25) return -2;
          const end = bytes.indexOf(HELLO_END, at);
          return end < 0 ? -1 : end + HELLO_END.length;
        },
      });
    }
    this.greeting.push({ request: multibulk(['SELECT', String(options.db)]), match: OK });
    // What an earlier round left under these names.
    for (const key of [...options.keys, ...options.counters]) {
      this.greeting.push({
        request: multibulk(['DEL', key]),
        match: (bytes, at) => {
          if (bytes.length < at + 4) return -1;
          return /^:[01]\r\n/.test(bytes.toString('latin1', at, at + 4)) ? at + 4 : -2;
        },
      });
    }
  }

  #value(random: Random, key: string): string {
    const { id, db, longest } = this.#options;
    const size = random.once(25) ? random.below(longest) : random.below(40);
    return `${key}|db${db}|${id}|${++this.#writes}|${'v'.repeat(size)}`;
  }

  next(random: Random): Question {
    const { keys, resp3 } = this.#options;
    const key = random.pick(keys);
    const nil = resp3 ? '_\r\n' : '$-1\r\n';
    const reply = (words: string[], text: string): Question => ({
      request: multibulk(words),
      match: exactly(Buffer.from(text, 'latin1')),
    });
    switch (random.below(8)) {
      case 0:
      case 1: {
        const value = this.#value(random, key);
        this.#values.set(key, value);
        return reply(['SET', key, value], '+OK\r\n');
      }
      case 2: {
        const counter = random.pick(this.#options.counters);
        const count = (this.#counts.get(counter) ?? 0) + 1;
        this.#counts.set(counter, count);
        return reply(['INCR', counter], `:${count}\r\n`);
      }
      case 3: {
        const some = Array.from({ length: 1 + random.below(8) }, () => random.pick(keys));
        const items = some.map((each) => bulk(this.#values.get(each), nil));
        return reply(['MGET', ...some], `*${some.length}\r\n${items.join('')}`);
      }
      case 4: {
        const some = Array.from({ length: 1 + random.below(4) }, () => random.pick(keys));
        const words = some.flatMap((each) => {
          const value = this.#value(random, each);
          this.#values.set(each, value);
          return [each, value];
        });
        return reply(['MSET', ...words], '+OK\r\n');
      }
      case 5:
        return reply(['STRLEN', key], `:${this.#values.get(key)?.length ?? 0}\r\n`);
      default:
        return reply(['GET', key], bulk(this.#values.get(key), nil));
    }
  }
}

export function innocentRedis(options: InnocentOptions): Conversation {
  return new RedisConversation(options);
}
