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
import type { Problems } from './problems.ts';
import type { SourceText } from './source-text.ts';
import { checkTokens } from './tokens.ts';

/** A piece of text in the file. Quoting is gone: it never changes the meaning. */
export interface Scalar {
  readonly text: string;
  readonly at: Position;
}

/** One `key: value`, or `key:` with a list. */
export interface Entry {
  readonly key: Scalar;
  readonly values: readonly Scalar[];
  readonly list: boolean;
}

export interface PoolNode {
  readonly name: Scalar;
  readonly entries: readonly Entry[];
}

const REPORTED_BEFORE: ReadonlySet<string> = new Set([
  'BAD_DIRECTIVE',
  'MULTIPLE_DOCS',
  'TAB_AS_INDENT',
]);

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
    return { text, at };
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
      if (!isFlow(pair.value)) {
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
  for (const error of errors) {
    // Tabs and markers have been reported as tokens.
    if (!problems.empty && REPORTED_BEFORE.has(error.code)) continue;
    problems.add(source.position(error.pos[0]), '', `${error.message}; expected block-style YAML`);
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
