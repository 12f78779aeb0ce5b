// docs/api.md: what `import ... from 'ringway'` gives, made of the compiler's declarations.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const DECLARATIONS = 'build/src';
/** Too long to be printed here: what tells of each of their fields. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  PoolKeys:
    'Its fields are the keys of [configuration.md](configuration.md), under the same names.',
  PoolConfig: 'A pool with all its defaults filled in. The editor shows its fields.',
  Status: 'What `/status.json` and `ringway ctl status` send. The editor shows its fields.',
};
const KINDS = ['function', 'class', 'interface', 'type', 'const'];

interface Declared {
  readonly name: string;
  readonly kind: string;
  readonly doc: string;
  readonly code: string;
}

/** Names that index exports, each with the file of its declaration. */
function exportsOf(index: string): (readonly [name: string, file: string])[] {
  const text = readFileSync(join(DECLARATIONS, index), 'utf8');
  const found = text.matchAll(/export (?:type )?\{([^}]*)\} from '\.\/([^']+)\.ts'/g);
  return [...found].flatMap(([, names, path]) =>
    names
      .split(',')
      .map((name) => name.replace(/^\s*type /, '').trim())
      .filter((name) => name !== '')
      .map((name) => [name, `${path}.d.ts`] as const),
  );
}

/** The declaration of a name, in the file or in one that it passes on. */
function declarationOf(name: string, file: string): Declared {
  const text = readFileSync(join(DECLARATIONS, file), 'utf8');
  const pattern = new RegExp(
    `(?:/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n)?export (?:declare )?(${KINDS.join('|')}) ${name}\\b`,
  );
  const found = pattern.exec(text);
  if (found === null) {
    const passed = exportsOf(file).find(([each]) => each === name);
    if (passed === undefined) throw new Error(`no declaration of ${name} in ${file}`);
    return declarationOf(name, join(dirname(file), passed[1]));
  }
  const [whole, doc = '', kind] = found;
  const start = found.index + whole.length - `export ${kind} ${name}`.length;
  const from = text.lastIndexOf('export ', found.index + whole.length);
  const code = text.slice(from, endOf(text, Math.max(start, from)));
  return { name, kind, doc, code: tidy(code) };
}

/** The end of a declaration: its closing bracket, or the semicolon outside of all brackets. */
function endOf(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text.startsWith('/*', i)) i = text.indexOf('*/', i) + 1;
    else if ('{(['.includes(text[i])) depth++;
    else if ('})]'.includes(text[i])) {
      depth--;
      if (depth === 0 && text[i] === '}' && /^\n(?!\s*[|&;])/.test(text.slice(i + 1))) return i + 1;
    } else if (text[i] === ';' && depth === 0) return i + 1;
  }
  return text.length;
}

function tidy(code: string): string {
  return code
    .replace(/^export (declare )?/, '')
    .replaceAll(/\n {4}(?= *#| *private )[^\n]*/g, '')
    .replaceAll(/^( {4})+/gm, (blanks) => ' '.repeat(blanks.length / 2));
}

/** A comment as prose; its tags as a list. */
function prose(doc: string): string {
  const lines = doc.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trim());
  const [text, ...tags] = lines
    .join(' ')
    .trim()
    .split(/ ?@(?=param|throws|returns)/);
  const items = tags.map((tag) => {
    const [, word, rest] = /^(\w+) ([\s\S]*)$/.exec(tag) ?? [];
    if (word !== 'param') return `- ${word}: ${rest}`;
    return `- ${rest.replace(/^(\w+)/, '`$1`:')}`;
  });
  return [text.trim(), ...(items.length > 0 ? ['', ...items] : [])].join('\n').trim();
}

/** The text of docs/api.md. */
export function apiReference(): string {
  const all = exportsOf('index.d.ts').map(([name, file]) => declarationOf(name, file));
  const rank = ({ kind }: Declared): number => (kind === 'function' ? 0 : kind === 'class' ? 1 : 2);
  const sorted = all.toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  const parts = sorted.map(({ name, kind, doc, code }) => {
    const elsewhere = ELSEWHERE[name];
    const body = elsewhere ?? `\`\`\`ts\n${code}\n\`\`\``;
    return [`## ${name}`, prose(doc) || `A ${kind}.`, body].join('\n\n');
  });
  return `# API

What \`import { ... } from 'ringway'\` gives. Made of the declarations in the code by \`npm run generate\`; how to use it is in
[embedding.md](embedding.md). Whatever is not here is internal, and may change with any release.

${parts.join('\n\n')}
`;
}
