import { LAYOUT_MISTAKES } from '../../limits.ts';
import type { Position } from '../types.ts';
import type { Problems } from './problems.ts';
import { mayHoldPassword } from './secrets.ts';
import type { SourceText } from './source-text.ts';

// What people get wrong in the three kinds of lines of a configuration - `pool:`, `key: value`,
// `- item` - said in those terms. Only looked for when the parser refuses a file: what it says then
// is about YAML, and often about another line.

interface Line {
  readonly number: number;
  readonly indent: number;
  /** Without indentation, and without a comment that stands alone. */
  readonly text: string;
}

function splitLines(source: SourceText): Line[] {
  const lines: Line[] = [];
  source.text.split('\n').forEach((raw, i) => {
    const text = raw.trim();
    if (text === '' || text.startsWith('#')) return;
    lines.push({ number: i + 1, indent: raw.length - raw.trimStart().length, text });
  });
  return lines;
}

/** Reads lines from the top, with the indentation that those before them have set. */
class Layout {
  readonly #problems: Problems;
  #said = 0;
  #pool: Line | null = null;
  #key: Line | null = null;
  #firstKey: Line | null = null;
  #firstItem: Line | null = null;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  get said(): boolean {
    return this.#said > 0;
  }

  #say(line: Line, offset: number, message: string): void {
    if (this.#said++ >= LAYOUT_MISTAKES) return;
    const at: Position = { line: line.number, column: line.indent + offset + 1 };
    this.#problems.add(at, '', message);
  }

  take(line: Line): void {
    if (line.text.startsWith('-')) this.#item(line);
    else if (this.#pool === null || line.indent <= this.#pool.indent) this.#poolName(line);
    else this.#keyOrItem(line);
  }

  #poolName(line: Line): void {
    if (this.#pool !== null && line.indent < this.#pool.indent) {
      const { indent, number } = this.#pool;
      this.#say(
        line,
        0,
        `${less(line)} than the pool in line ${number}; expected ${blanks(indent)}`,
      );
    }
    if (!/:(\s|$)/.test(line.text)) {
      const [name] = line.text.split(mayHoldPassword(line.text) ? /[\s:=]/ : /\s/);
      this.#say(line, 0, `there is no ":" behind "${name}"; expected "pool name:"`);
    }
    this.#pool = line;
    this.#key = null;
    this.#firstKey = null;
    this.#firstItem = null;
  }

  #keyOrItem(line: Line): void {
    const first = this.#firstKey;
    if (first !== null && line.indent !== first.indent) {
      if (line.indent > first.indent && this.#firstItem !== null && !hasColon(line)) {
        this.#say(line, 0, 'an item begins with "- "; expected "- host:port:weight [name]"');
        return;
      }
      const how = line.indent < first.indent ? less(line) : more(line);
      const { indent, number } = first;
      this.#say(line, 0, `${how} than the key in line ${number}; expected ${blanks(indent)}`);
    }
    this.#firstKey ??= line;
    this.#key = line;
    this.#firstItem = null;
    this.#checkPair(line);
  }

  #checkPair(line: Line): void {
    const found = /^([\w-]+)(\s*)(:?)(\s*)(.*)$/.exec(line.text);
    if (found === null) return;
    const [, key, before, colon, after, value] = found;
    if (colon === '') {
      const rest = shown(line, value.replace(/^=\s*/, ''));
      this.#say(line, key.length, `there is no ":" behind the key; expected "${key}: ${rest}"`);
    } else if (after === '' && value !== '') {
      const message = `there is no blank behind the ":"; expected "${key}: ${shown(line, value)}"`;
      this.#say(line, key.length + before.length, message);
    } else {
      this.#checkValue(line, value, line.text.length - value.length);
    }
  }

  #item(line: Line): void {
    const key = this.#key;
    if (!/^-(\s|$)/.test(line.text)) {
      const rest = shown(line, line.text.slice(1));
      const message = `there is no blank behind the "-"; expected "- ${rest}"`;
      this.#say(line, 0, message);
    } else if (key === null) {
      this.#say(line, 0, 'the item belongs to no key; expected "servers:" in a line before it');
    } else if (line.indent < key.indent) {
      const { indent, number } = key;
      this.#say(
        line,
        0,
        `${less(line)} than its key in line ${number}; expected ${blanks(indent)}`,
      );
    } else if (this.#firstItem !== null && line.indent !== this.#firstItem.indent) {
      const { indent, number } = this.#firstItem;
      const how = line.indent < indent ? less(line) : more(line);
      this.#say(line, 0, `${how} than the item in line ${number}; expected ${blanks(indent)}`);
    } else {
      const value = line.text.replace(/^-\s*/, '');
      this.#checkValue(line, value, line.text.length - value.length);
    }
    this.#firstItem ??= line;
  }

  #checkValue(line: Line, value: string, offset: number): void {
    const [first] = value;
    if (first === '"' || first === "'") this.#checkQuotes(line, value, offset);
    else if (first !== undefined && '@`%?'.includes(first)) {
      this.#say(line, offset, `a value cannot begin with ${first}; expected quotes around it`);
    } else if (/:(\s|$)/.test(value)) {
      this.#say(line, offset, 'a ":" ends in a blank; expected quotes around the value');
    }
  }

  #checkQuotes(line: Line, value: string, offset: number): void {
    const quote = value[0];
    let end = 1;
    while (end < value.length && value[end] !== quote) end += value[end] === '\\' ? 2 : 1;
    if (end >= value.length) {
      this.#say(line, offset, `the quote is not closed; expected ${quote} at the end of the value`);
    } else if (/^\s*[^\s#]/.test(value.slice(end + 1))) {
      const message = `text follows the closing ${quote}; expected one quoted text`;
      this.#say(line, offset + end + 1, message);
    }
  }
}

function shown({ text }: Line, value: string): string {
  return mayHoldPassword(text) ? '...' : value;
}

function hasColon(line: Line): boolean {
  return /:(\s|$)/.test(line.text);
}

function blanks(count: number): string {
  return count === 0 ? 'no blank before it' : `${count} blank${count === 1 ? '' : 's'} before it`;
}

function less({ indent }: Line): string {
  return `the line is indented less (${indent})`;
}

function more({ indent }: Line): string {
  return `the line is indented more (${indent})`;
}

/** Reports what is wrong with the lines of a file. @returns whether anything was found */
export function explainLayout(source: SourceText, problems: Problems): boolean {
  const layout = new Layout(problems);
  for (const line of splitLines(source)) layout.take(line);
  return layout.said;
}
