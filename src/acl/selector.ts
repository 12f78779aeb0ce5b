import { READS, READS_AND_WRITES, WRITES } from './access.ts';
import { categoryBit } from './categories.ts';
import {
  ACL_COMMANDS,
  type AclCommand,
  findAclCommand,
  SCRIPTING,
  subcommandsOf,
} from './commands.ts';
import * as mistakes from './mistakes.ts';
import { Pattern } from './pattern.ts';

/** What isspace() of C takes, and NUL. */
const SPACES = /[ \t\n\v\f\r\0]/;

/** Whether a pattern or name has what neither may have. */
export function hasSpaces(text: string): boolean {
  return SPACES.test(text);
}

/** A set of permissions: commands, keys and channels that go together. */
export class Selector {
  allKeys = false;
  allChannels = false;
  /** Nothing was taken away since `+@all`. */
  allCommands = false;
  /** Commands too that nobody knows yet. */
  future = false;
  /** By id: 1 where the command is allowed. */
  readonly allowed: Uint8Array = new Uint8Array(ACL_COMMANDS.length);
  /** First arguments with which a command is allowed that is not, by its id. */
  readonly firstArguments: Map<number, string[]> = new Map();
  readonly keys: Pattern[] = [];
  readonly channels: Pattern[] = [];
  /** Scripting commands that were allowed by name, or as a category. */
  readonly #meant: Set<number> = new Set();

  /** @param op a rule, one character per byte @returns what is wrong with it, or null */
  apply(op: string): string | null {
    const word = op.toLowerCase();
    switch (word) {
      case 'allkeys':
      case '~*':
        return this.#setKeys(true);
      case 'resetkeys':
        return this.#setKeys(false);
      case 'allchannels':
      case '&*':
        return this.#setChannels(true);
      case 'resetchannels':
        return this.#setChannels(false);
      case 'allcommands':
      case '+@all':
        return this.#setAllCommands(true);
      case 'nocommands':
      case '-@all':
        return this.#setAllCommands(false);
    }
    if (word[0] === '~' || word[0] === '%') return this.#addKeys(op);
    if (word[0] === '&') return this.#addChannels(op.slice(1));
    if (word[0] !== '+' && word[0] !== '-') return mistakes.SYNTAX;
    const allow = word[0] === '+';
    if (word[1] === '@') return this.#setCategory(word.slice(2), allow);
    return allow && word.includes('|') ? this.#allowPart(op.slice(1)) : this.#set(word, allow);
  }

  #setKeys(all: boolean): null {
    this.allKeys = all;
    this.keys.length = 0;
    return null;
  }

  #setChannels(all: boolean): null {
    this.allChannels = all;
    this.channels.length = 0;
    return null;
  }

  #setAllCommands(allow: boolean): null {
    this.allowed.fill(allow ? 1 : 0);
    this.allCommands = allow;
    this.future = allow;
    this.firstArguments.clear();
    if (!allow) this.#meant.clear();
    return null;
  }

  #addKeys(op: string): string | null {
    if (this.allKeys) return mistakes.AFTER_ALL_KEYS;
    let access = READS_AND_WRITES;
    let at = 1;
    if (op[0] === '%') {
      access = 0;
      for (; at < op.length; at++) {
        const letter = op[at].toUpperCase();
        if (letter === 'R' && (access & READS) === 0) access |= READS;
        else if (letter === 'W' && (access & WRITES) === 0) access |= WRITES;
        else if (letter === '~') break;
        else return mistakes.SYNTAX;
      }
      at++;
    }
    const text = op.slice(at);
    if (hasSpaces(text) || access === 0) return mistakes.SYNTAX;
    const known = this.keys.find((each) => each.text === text);
    if (known === undefined) this.keys.push(new Pattern(text, access));
    else known.access |= access;
    return null;
  }

  #addChannels(text: string): string | null {
    if (this.allChannels) return mistakes.AFTER_ALL_CHANNELS;
    if (hasSpaces(text)) return mistakes.SYNTAX;
    if (this.channels.every((each) => each.text !== text)) {
      this.channels.push(new Pattern(text, READS_AND_WRITES));
    }
    return null;
  }

  #setCategory(name: string, allow: boolean): string | null {
    const bit = categoryBit(name);
    if (bit === 0) return mistakes.UNKNOWN;
    for (const command of ACL_COMMANDS) {
      if ((command.categories & bit) !== 0) this.#change(command, allow, bit === SCRIPTING);
    }
    return null;
  }

  #set(word: string, allow: boolean): string | null {
    const command = findAclCommand(word.slice(1));
    if (command === undefined) return mistakes.UNKNOWN;
    this.#change(command, allow, true);
    return null;
  }

  /** `command|subcommand`, or the first argument of a command without subcommands. */
  #allowPart(word: string): string | null {
    const bar = word.lastIndexOf('|');
    const command = findAclCommand(word.slice(0, bar));
    if (command === undefined) return mistakes.UNKNOWN;
    if (command.isSubcommand) return mistakes.PART_OF_SUBCOMMAND;
    const part = word.slice(bar + 1);
    if (part === '') return mistakes.SYNTAX;
    if (subcommandsOf(command).length > 0) return this.#set(`+${word}`, true);
    const parts = this.firstArguments.get(command.id) ?? [];
    const same = (each: string): boolean => each.toLowerCase() === part.toLowerCase();
    if (!parts.some(same)) this.firstArguments.set(command.id, [...parts, part]);
    return null;
  }

  /** @param meant the rule names it, or its category */
  #change(command: AclCommand, allow: boolean, meant: boolean): void {
    for (const each of [command, ...subcommandsOf(command)]) {
      this.allowed[each.id] = allow ? 1 : 0;
      if (!allow) this.#meant.delete(each.id);
      else if (meant && (each.categories & SCRIPTING) !== 0) this.#meant.add(each.id);
    }
    this.firstArguments.delete(command.id);
    if (!allow) this.allCommands = false;
  }

  /** A request of this command may be allowed, if its words are. */
  mayRun({ id, open }: AclCommand): boolean {
    return this.allCommands || open || this.allowed[id] === 1;
  }

  /**
   * Scripts call what they like, and the servers know nothing of the rules: where there are some
   * for keys or channels, they must be allowed on purpose.
   */
  closeScripts(): void {
    if (this.allKeys && this.allChannels) return;
    for (const command of ACL_COMMANDS) {
      if ((command.categories & SCRIPTING) === 0 || this.#meant.has(command.id)) continue;
      if (this.allowed[command.id] === 1) this.#change(command, false, false);
    }
  }

  /** Scripts were allowed on purpose that get around its rules. */
  get hasOpenScripts(): boolean {
    return !(this.allKeys && this.allChannels) && this.#meant.size > 0;
  }

  /** It forbids commands, and lets scripts run, which call what they like. */
  get runsScriptsForMore(): boolean {
    if (this.allCommands) return false;
    return ACL_COMMANDS.some(
      ({ id, categories }) => (categories & SCRIPTING) !== 0 && this.allowed[id] === 1,
    );
  }

  /** It forbids nothing. */
  get isFull(): boolean {
    return this.allKeys && this.allChannels && this.allCommands;
  }
}
