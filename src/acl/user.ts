import { splitInline } from '../protocol/redis/scan/inline.ts';
import * as mistakes from './mistakes.ts';
import { hashOf, isAmong, isHash } from './passwords.ts';
import { Selector } from './selector.ts';

/** The user of clients that name none. */
export const DEFAULT_USER = 'default';

/** Whether RESTORE checks its payload, which is the servers' affair: kept to be shown. */
type Sanitizing = 'sanitize-payload' | 'skip-sanitize-payload' | null;

/** A user and its rules; nobody changes them once the configuration is read. */
export class User {
  /** One character per byte. */
  readonly name: string;
  enabled = false;
  noPassword = false;
  sanitizing: Sanitizing = null;
  /** SHA-256 of its passwords, in hexadecimal. */
  readonly passwords: string[] = [];
  readonly root: Selector = new Selector();
  /** Further selectors. */
  readonly others: Selector[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get selectors(): readonly Selector[] {
    return [this.root, ...this.others];
  }

  /** It may do everything. */
  get isFull(): boolean {
    return this.selectors.some((selector) => selector.isFull);
  }

  /** Clients are it without a word. */
  get isOpen(): boolean {
    return this.enabled && this.noPassword;
  }

  /** @param op a rule, one character per byte @returns what is wrong with it, or null */
  apply(op: string): string | null {
    if (op === '') return null;
    switch (op.toLowerCase()) {
      case 'on':
      case 'off':
        this.enabled = op.toLowerCase() === 'on';
        return null;
      case 'skip-sanitize-payload':
      case 'sanitize-payload':
        this.sanitizing = op.toLowerCase() as Sanitizing;
        return null;
      case 'nopass':
      case 'resetpass':
        this.noPassword = op.toLowerCase() === 'nopass';
        this.passwords.length = 0;
        return null;
      case 'clearselectors':
        this.others.length = 0;
        return null;
      case 'reset':
        return this.#reset();
    }
    if ('>#<!'.includes(op[0])) return this.#password(op[0], op.slice(1));
    if (op[0] === '(' && op.endsWith(')')) return this.#addSelector(op);
    return this.root.apply(op);
  }

  #reset(): null {
    const rules = ['resetpass', 'resetkeys', 'resetchannels', 'off', 'sanitize-payload'];
    for (const rule of [...rules, 'clearselectors', '-@all']) this.apply(rule);
    return null;
  }

  #password(kind: string, text: string): string | null {
    const plain = kind === '>' || kind === '<';
    if (!plain && !isHash(text)) return mistakes.NO_HASH;
    const hash = plain ? hashOf(Buffer.from(text, 'latin1')) : text;
    const at = this.passwords.indexOf(hash);
    if (kind === '<' || kind === '!') {
      if (at < 0) return mistakes.NO_SUCH_PASSWORD;
      this.passwords.splice(at, 1);
      return null;
    }
    if (at < 0) this.passwords.push(hash);
    this.noPassword = false;
    return null;
  }

  #addSelector(op: string): string | null {
    const selector = new Selector();
    // Redis takes one whose quotes are not closed for an empty one.
    for (const word of splitInline(Buffer.from(op.slice(1, -1), 'latin1')) ?? []) {
      const mistake = selector.apply(word.toString('latin1'));
      if (mistake !== null) return mistake;
    }
    this.others.push(selector);
    return null;
  }

  /** Whether whoever gives this password is it. */
  accepts(password: Uint8Array): boolean {
    const fits = isAmong(password, this.passwords);
    return this.enabled && (this.noPassword || fits);
  }
}
