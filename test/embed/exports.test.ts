import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from '../support/source-tree.ts';

// Whoever calls a function can name what it takes and gives: its types are exported with it.

const BUILT = join(ROOT, 'build/src');
/** What an editor shows and nobody has to name: parts of views, and what doors have inside. */
const OF_VIEWS = ['AdminActions', 'Moved', 'PoolStatus', 'ProxyState'];
/** Of a pool's configuration, which programs read: `PoolConfig['servers']` names them. */
const OF_POOLS = [
  ...['ClientTls', 'CustomCommand', 'Discovery', 'ListenConfig', 'Position', 'ReadFrom'],
  ...['RenamedCommand', 'ReplicaConfig', 'RingDistribution', 'Secret', 'SentinelConfig'],
  ...['SentinelLogin', 'ServerConfig', 'ServerLogin', 'Users'],
];

/** Names in `{ a, type B }` behind a word. */
function namesIn(text: string, word: string, from: string): (readonly [string, string])[] {
  const lists = text.matchAll(
    new RegExp(`${word} (?:type )?\\{([^}]*)\\} from '(${from})\\.ts'`, 'g'),
  );
  return [...lists].flatMap(([, names, path]) =>
    names
      .split(',')
      .map((name) => name.replace(/^\s*type /, '').trim())
      .filter((name) => name !== '')
      .map((name) => [name, path] as const),
  );
}

interface Declared {
  readonly code: string;
  /** Of the file that it stands in. */
  readonly text: string;
}

/** Where a name that a file exports is declared, there or in a file that it is passed on from. */
function declarationOf(name: string, file: string): Declared {
  const text = readFileSync(join(BUILT, file), 'utf8');
  const start = `export (?:declare )?(?:function|class|interface|type|const) ${name}\\b`;
  const code = new RegExp(`${start}[\\s\\S]*?(?=\\n(?:export|declare|/\\*\\*)|$)`).exec(text);
  if (code !== null) return { code: code[0], text };
  const from = new Map(namesIn(text, 'export', "\\.[^']+")).get(name);
  assert.ok(from !== undefined, `${name} is not declared in ${file}`);
  return declarationOf(name, join(dirname(file), `${from}.d.ts`));
}

/** Types that a declaration names, of the project and not exported with it. */
function hiddenIn(name: string, file: string, exported: ReadonlyMap<string, string>): string[] {
  const { code, text } = declarationOf(name, file);
  const own = [...text.matchAll(/\b(?:interface|type|class) (\w+)/g)].map(([, each]) => each);
  const known = new Set([...own, ...namesIn(text, 'import', "\\.[^']+").map(([each]) => each)]);
  const words = code.replace(/\/\*\*[\s\S]*?\*\//g, '').match(/\b[A-Z]\w+\b/g) ?? [];
  return [...new Set(words)].filter((each) => known.has(each) && !exported.has(each));
}

describe('types of what is exported are exported', () => {
  for (const [index, unnamed] of [
    ['index.d.ts', [...OF_VIEWS, ...OF_POOLS].sort()],
    ['codec/index.d.ts', []],
  ] as const) {
    test(index, () => {
      const text = readFileSync(join(BUILT, index), 'utf8');
      const exported = new Map(namesIn(text, 'export', "[^']+"));
      assert.ok(exported.size > 15);
      const hidden = [...exported].flatMap(([name, path]) =>
        hiddenIn(name, join(dirname(index), `${path}.d.ts`), exported),
      );
      assert.deepEqual([...new Set(hidden)].sort(), unnamed);
    });
  }
});
