import { CATEGORIES } from '../../src/acl/categories.ts';
import { ACL_COMMANDS, type AclCommand } from '../../src/acl/commands.ts';

// Random users and random requests for them, the same for the same seed.

/** Numbers from 0 below 1 (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const COMMANDS = ACL_COMMANDS.filter(({ original }) => original);
const PATTERNS = [
  'a*',
  'b',
  'c?',
  '[ab]x*',
  '*z',
  'a*z',
  '{t}*',
  'x\\*y',
  '*',
  '',
  'k[^1]',
  'dest',
];
const KEYS = ['a', 'ab', 'az', 'b', 'c1', 'ax1', 'bx', 'zz', '{t}k', 'x*y', 'k1', 'k2', 'dest', ''];
const OPTIONS = ['GET', 'STORE', 'STOREDIST', 'BY', 'LIMIT', 'STREAMS', 'GROUP', 'COUNT', 'BLOCK'];
const VALUES = ['0', '1', '2', '3', '-1', '2x', ' 1', 'EX', 'get', 'NX', 'incrby', 'overflow', 'm'];

export class RandomRules {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = randomNumbers(seed);
  }

  below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  #commandRule(): string {
    const sign = this.of(['+', '+', '-']);
    if (this.below(3) === 0) return `${sign}@${this.of(CATEGORIES)}`;
    const { name } = this.of(COMMANDS);
    return this.below(12) === 0
      ? `${sign}${name}|${this.of([...KEYS, ...VALUES]).trim()}`
      : sign + name;
  }

  #rule(): string {
    switch (this.below(9)) {
      case 0:
      case 1:
        return `~${this.of(PATTERNS)}`;
      case 2:
        return `%${this.of(['R', 'W', 'RW', 'w', 'RR', 'X'])}~${this.of(PATTERNS)}`;
      case 3:
        return `&${this.of(PATTERNS)}`;
      case 4:
        return this.of(['+@all', '-@all', 'allkeys', 'resetkeys', 'allchannels', 'resetchannels']);
      default:
        return this.#commandRule();
    }
  }

  #rules(most: number): string[] {
    const first = this.of(['+@all', '+@read', '+@write', '-@all', '+@all']);
    return [first, ...Array.from({ length: this.below(most) }, () => this.#rule())];
  }

  /** Rules of a user that is on and needs no password. */
  user(): string[] {
    const rules = ['on', 'nopass', ...this.#rules(8)];
    for (let i = this.below(3); i > 0; i--) rules.push(`(${this.#rules(4).join(' ')})`);
    return rules;
  }

  /** A request with as many words as its command wants, or some more. */
  request(command: AclCommand = this.of(COMMANDS)): string[] {
    const names = command.name.split('|');
    const least = Math.abs(command.arity);
    const most = command.arity > 0 ? least : least + this.below(6);
    const words = [...names];
    while (words.length < most) {
      words.push(this.of([KEYS, KEYS, VALUES, OPTIONS][this.below(4)]));
    }
    return words;
  }
}
