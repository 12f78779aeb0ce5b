import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml';
import type { Position } from '../types.ts';
import { explainLayout } from './layout.ts';
import type { Problems } from './problems.ts';
import type { SourceText } from './source-text.ts';
import { checkTokens } from './tokens.ts';

/** A piece of text in the file. Quoting is gone: it never changes the meaning. */
export interface Scalar {
  readonly text: string;
  readonly at: Position;
  /** Without quotes, and with a comment in the line where it ends. */
  readonly cut: boolean;
}

/** One `key: value`, or `key:` with a list. */
export interface Entry {
  readonly key: Scalar;
  readonly values: readonly Scalar[];
  readonly list: boolean;
}

/** One pool of the document: its name and its entries, as they stand there. */
export interface PoolNode {
  readonly name: Scalar;
  readonly entries: readonly Entry[];
}

/** What the parser's errors mean here, by code: its own words are about YAML that nobody wrote. */
const MEANING: Readonly<Record<string, string>> = {
  BAD_DQ_ESCAPE: 'an escape between "" is unknown; expected \\\\ for a backslash, or single quotes',
  BAD_INDENT: 'the indentation is not that of the lines above; expected the same number of blanks',
  BAD_SCALAR_START: 'a value cannot begin with this; expected quotes around the value',
  BLOCK_AS_IMPLICIT_KEY: 'a ":" stands inside a value; expected quotes around the value',
  DUPLICATE_KEY: 'the key is there twice; expected it once',
  MISSING_CHAR: 'something is not closed, or a ":" is missing; expected "key: value"',
  MULTILINE_IMPLICIT_KEY: 'there is no ":" behind the key; expected "key: value"',
  RESOURCE_EXHAUSTION: 'the file is nested too deep; expected pools, keys and lists',
  TAB_AS_INDENT: 'a tab is not allowed here; expected blanks',
};
const NOT_UNDERSTOOD = 'this is not understood; expected "pool:", "key: value" and "- item" lines';

/** Further behind a value nobody would look for a comment. */
const LONGEST_BLANK = 4096;

const POOLS = 'expected "pool name:" with indented keys below it';

class Walker {
  readonly source: SourceText;
  readonly problems: Problems;

  constructor(source: SourceText, problems: Problems) {
    this.source = source;
    this.problems = problems;
  }

  at(node: unknown, fallback: Position): Position {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    return range ? this.source.position(range[0]!) : fallback;
  }

  /** The text of a scalar; null when it is empty or no scalar, which is reported. */
  scalar(node: unknown, path: string, what: string, fallback: Position): Scalar | null {
    const at = this.at(node, fallback);
    if (node !== null && !isScalar(node)) {
      if (!isFlow(node)) this.problems.add(at, path, `${what} is nested; expected plain text`);
      return null;
    }
    const text = String(node?.value ?? '');
    if (text === '') {
      this.problems.add(at, path, `${what} is empty; expected some text`);
      return null;
    }
    return { text, at, cut: this.#isCut(node) };
  }

  #isCut(node: unknown): boolean {
    if (!isScalar(node) || node.type !== 'PLAIN') return false;
    const end = node.range?.[1] ?? 0;
    return /^[^\n]*#/.test(this.source.text.slice(end, end + LONGEST_BLANK));
  }

  entry(pair: Pair, pool: Scalar): Entry | null {
    const key = this.scalar(pair.key, pool.text, 'the key', pool.at);
    if (key === null) return null;
    const path = `${pool.text}.${key.text}`;
    if (isMap(pair.value)) {
      if (!isFlow(pair.value)) {
        const message = 'keys are nested too deep; expected a value or a list of values';
        this.problems.add(this.at(pair.value, key.at), path, message);
      }
      return { key, values: [], list: false };
    }
    const list = isSeq(pair.value);
    if (list && isFlow(pair.value)) return { key, values: [], list };
    const nodes: unknown[] = isSeq(pair.value) ? pair.value.items : [pair.value];
    const what = list ? 'the item' : 'the value';
    const values = nodes.map((node) => this.scalar(node, path, what, key.at));
    return { key, values: values.filter((value) => value !== null), list };
  }

  pool(pair: Pair): PoolNode | null {
    const name = this.scalar(pair.key, '', 'the pool name', { line: 1, column: 1 });
    if (name === null) return null;
    if (!isMap(pair.value)) {
      const lines = isScalar(pair.value) && pair.value.value !== '';
      if (!isFlow(pair.value) && !(lines && explainLayout(this.source, this.problems))) {
        this.problems.add(name.at, name.text, 'the pool has no keys; expected indented keys');
      }
      return null;
    }
    if (isFlow(pair.value)) return null;
    const entries = (pair.value as YAMLMap).items.map((item) => this.entry(item as Pair, name));
    return { name, entries: entries.filter((entry) => entry !== null) };
  }
}

/** libyaml takes a comment right behind a closing quote. */
function isError(error: YAMLParseError): boolean {
  return !error.message.startsWith('Comments must be separated');
}

/** Flow collections, aliases: refused as tokens, so nothing more is said about their inside. */
function isFlow(node: unknown): boolean {
  if (isMap(node) || isSeq(node)) return node.flow === true;
  return node !== null && !isScalar(node);
}

/**
 * The pools of a file as the text they hold. Reports everything that is not the small part of YAML
 * nutcracker accepts; what is left can still be checked further.
 */
export function readDocument(source: SourceText, problems: Problems): PoolNode[] {
  checkTokens(source, problems);
  const parsed = parseAllDocuments(source.text, {
    schema: 'failsafe',
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: new LineCounter(),
  });
  const documents = Array.isArray(parsed) ? parsed : [];
  const errors = documents.flatMap((document) => document.errors.filter(isError));
  // Where a token is refused, the parser only stumbles over the rest of it.
  const told = !problems.empty || (errors.length > 0 && explainLayout(source, problems));
  if (errors.length > 0 && !told) {
    const [{ code, pos }] = errors;
    problems.add(source.position(pos[0]), '', MEANING[code] ?? NOT_UNDERSTOOD);
  }
  if (errors.length > 0) return [];
  const contents = documents[0]?.contents ?? null;
  if (contents === null || (isScalar(contents) && contents.value === '')) {
    problems.add({ line: 1, column: 1 }, '', `the file holds no pools; ${POOLS}`);
    return [];
  }
  const walker = new Walker(source, problems);
  if (!isMap(contents)) {
    const at = walker.at(contents, { line: 1, column: 1 });
    if (!isFlow(contents)) problems.add(at, '', `the file does not hold pools by name; ${POOLS}`);
    return [];
  }
  if (contents.flow === true) return [];
  const pools = contents.items.map((pair) => walker.pool(pair as Pair));
  return pools.filter((pool) => pool !== null);
}
