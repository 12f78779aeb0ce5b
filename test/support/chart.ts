import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

// Renders a Helm chart as far as ours goes: the actions and functions listed here, with the meaning that
// Go's text/template and Helm give them. Anything else is an error, so the chart cannot outgrow it unseen.

type Data = Record<string, unknown>;
type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly code: string }
  | { readonly kind: 'block'; readonly word: string; readonly code: string; readonly body: Node[] };

const BLOCKS = ['if', 'with', 'range', 'define'];

/** The rendered text of each template, by its file's name. */
export function renderChart(folder: string, name: string, values: Data): Map<string, string> {
  const chart = parse(readFileSync(join(folder, 'Chart.yaml'), 'utf8')) as Data;
  const defaults = parse(readFileSync(join(folder, 'values.yaml'), 'utf8')) as Data;
  const root = {
    Values: { ...defaults, ...values },
    Chart: { Name: chart['name'], Version: chart['version'], AppVersion: chart['appVersion'] },
    Release: { Name: name, Service: 'Helm' },
  };
  const files = readdirSync(join(folder, 'templates'));
  const trees = files.map((file) => {
    const text = readFileSync(join(folder, 'templates', file), 'utf8');
    return [file, parseTemplate(text)] as const;
  });
  const defined = new Map<string, Node[]>();
  for (const node of trees.flatMap(([, tree]) => tree)) {
    if (node.kind === 'block' && node.word === 'define') defined.set(unquote(node.code), node.body);
  }
  const renderer = new Renderer(defined);
  const shown = trees.filter(([file]) => !file.startsWith('_'));
  return new Map(shown.map(([file, tree]) => [file, renderer.render(tree, root)]));
}

function parseTemplate(text: string): Node[] {
  const open: { word: string; code: string; body: Node[] }[] = [{ word: '', code: '', body: [] }];
  let at = 0;
  let trim = false;
  const top = () => open[open.length - 1];
  for (const found of text.matchAll(/\{\{(-?)\s*([\s\S]*?)\s*(-?)\}\}/g)) {
    let before = text.slice(at, found.index);
    if (trim) before = before.trimStart();
    if (found[1] === '-') before = before.trimEnd();
    top().body.push({ kind: 'text', text: before });
    at = found.index + found[0].length;
    trim = found[3] === '-';
    const [word] = found[2].split(/\s/, 1);
    const code = found[2].slice(word.length).trim();
    if (BLOCKS.includes(word)) open.push({ word, code, body: [] });
    else if (word === 'end') {
      const done = open.pop();
      if (done === undefined || open.length === 0) throw new Error('end without a beginning');
      top().body.push({ kind: 'block', ...done });
    } else if (word === 'else') {
      const { word: of, code: condition, body } = top();
      if (of !== 'if' || code !== '') throw new Error(`else of ${of}`);
      open.pop();
      top().body.push({ kind: 'block', word: 'if', code: condition, body });
      open.push({ word: 'if', code: `not (${condition})`, body: [] });
    } else top().body.push({ kind: 'print', code: found[2] });
  }
  if (open.length !== 1) throw new Error(`${top().word} without an end`);
  const rest = text.slice(at);
  top().body.push({ kind: 'text', text: trim ? rest.trimStart() : rest });
  return top().body;
}

class Renderer {
  readonly #defined: ReadonlyMap<string, Node[]>;

  constructor(defined: ReadonlyMap<string, Node[]>) {
    this.#defined = defined;
  }

  render(nodes: readonly Node[], data: unknown): string {
    return nodes.map((node) => this.#node(node, data)).join('');
  }

  #node(node: Node, data: unknown): string {
    if (node.kind === 'text') return node.text;
    if (node.kind === 'print') return String(this.#value(node.code, data));
    if (node.word === 'define') return '';
    const value = this.#value(node.code, data);
    if (node.word === 'if') return isTrue(value) ? this.render(node.body, data) : '';
    if (node.word === 'with') return isTrue(value) ? this.render(node.body, value) : '';
    return (value as unknown[]).map((item) => this.render(node.body, item)).join('');
  }

  /** The value of a pipeline: each command gets the value before it as its last operand. */
  #value(code: string, data: unknown): unknown {
    let value: unknown;
    for (const [i, command] of split(code, '|').entries()) {
      const [first, ...rest] = split(command.trim(), ' ').filter((word) => word !== '');
      const operands = rest.map((word) => this.#operand(word, data));
      if (/^[a-zA-Z]\w*$/.test(first)) {
        value = this.#call(first, i === 0 ? operands : [...operands, value]);
      } else value = this.#operand(first, data);
    }
    return value;
  }

  #operand(word: string, data: unknown): unknown {
    if (word.startsWith('(')) return this.#value(word.slice(1, -1), data);
    if (word.startsWith('"')) return unquote(word);
    if (/^\d+$/.test(word)) return Number(word);
    if (!/^\.([A-Za-z]+(\.[A-Za-z]+)*)?$/.test(word)) throw new Error(`not understood: ${word}`);
    let value = data;
    for (const key of word.split('.').filter((part) => part !== '')) {
      if (typeof value !== 'object' || value === null || !(key in value)) {
        throw new Error(`there is no ${word}`);
      }
      value = (value as Data)[key];
    }
    return value;
  }

  #call(name: string, operands: readonly unknown[]): unknown {
    const [a, b] = operands;
    const numbers = operands.map(Number);
    switch (name) {
      case 'include': {
        const body = this.#defined.get(String(a));
        if (body === undefined) throw new Error(`nothing is defined as ${a}`);
        return this.render(body, b);
      }
      case 'toYaml':
        return stringify(a, { lineWidth: 0 }).trimEnd();
      case 'nindent':
        return `\n${String(b).replaceAll(/^/gm, ' '.repeat(Number(a)))}`;
      case 'quote':
        return JSON.stringify(String(a));
      case 'default':
        return isTrue(b) ? b : a;
      case 'printf':
        return operands
          .slice(1)
          .reduce<string>((text, each) => text.replace('%s', `${each}`), `${a}`);
      case 'trunc':
        return String(b).slice(0, Number(a));
      case 'trimSuffix':
        return String(b).endsWith(String(a)) ? String(b).slice(0, -String(a).length) : b;
      case 'contains':
        return String(b).includes(String(a));
      case 'add':
        return numbers.reduce((sum, each) => sum + each, 0);
      case 'div':
        return Math.trunc(numbers[0] / numbers[1]);
      case 'not':
        return !isTrue(a);
      default:
        throw new Error(`no such function here: ${name}`);
    }
  }
}

/** Cut at a character that stands outside of quotes and brackets. */
function split(code: string, at: string): string[] {
  const parts: string[] = [''];
  let depth = 0;
  let quoted = false;
  for (const character of code) {
    if (character === '"') quoted = !quoted;
    else if (!quoted && character === '(') depth++;
    else if (!quoted && character === ')') depth--;
    if (character === at && depth === 0 && !quoted) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}

/** As Go's templates have it: what is empty is not. */
function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function unquote(word: string): string {
  return JSON.parse(word) as string;
}
