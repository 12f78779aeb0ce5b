import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  type CommandWords,
  commandTable,
  helpTexts,
} from '../../packaging/generate/command-table.ts';
import { commandByName } from '../../src/commands/index.ts';
import { COMMAND_NAMES } from '../../src/options.ts';
import { toolFor } from '../support/tools.ts';

function shell(name: string, ...args: string[]): string[] {
  const { stdout, stderr, status } = spawnSync(name, args, { encoding: 'utf8', timeout: 60_000 });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout.split('\n').filter((line) => line !== '');
}

const table = await commandTable();

describe('completions of bash', () => {
  /** Words as readline cuts them. */
  function complete(...words: string[]): string[] {
    const script = [
      'source packaging/completions/ringway.bash',
      'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))',
      // Only readline has it.
      'compopt() { :; }',
      `_ringway; printf '%s\\n' "$\{COMPREPLY[@]}"`,
    ];
    return shell('bash', '-c', script.join('\n'), 'bash', 'ringway', ...words);
  }

  test('commands, options of each, values, files', () => {
    assert.deepEqual(complete('').sort(), [...COMMAND_NAMES].sort());
    assert.deepEqual(complete('ch'), ['check']);
    assert.deepEqual(complete('check', '--k'), ['--keys=']);
    assert.deepEqual(complete('--shut'), ['--shutdown-delay-ms=']);
    assert.deepEqual(complete('--hup', '=', ''), ['reload', 'reopen']);
    assert.deepEqual(complete('--codec', '=', 'wasm-'), ['wasm-scalar']);
    assert.deepEqual(complete('-c', 'package.j'), ['package.json']);
    assert.deepEqual(complete('check', 'package.j'), ['package.json']);
    assert.deepEqual(complete('ctl', 're'), ['ready', 'reload', 'restart']);
    assert.deepEqual(complete('--drain-ms', ''), []);
  });
});

describe('completions of fish', () => {
  const file = 'packaging/completions/ringway.fish';

  test('each line says when, and what; nothing of a command is missing', () => {
    const lines = readFileSync(file, 'utf8').split('\n');
    const told = lines.filter((line) => line.startsWith('complete '));
    const what = / -f| -r| -F| -x| -a (?:[a-z]+|'[^']*')| -l [\w-]+| -s '\w'| -d '[^']*'/.source;
    const form = new RegExp(`^complete -c ringway -n '__fish_ringway_[a-z_]+[ \\w]*'(?:${what})+$`);
    for (const line of told) assert.match(line, form);
    for (const { name, options } of table) {
      const when = name === '' ? '__fish_ringway_no_command' : `__fish_ringway_command ${name}`;
      for (const { long } of options) {
        const count = told.filter((line) => line.includes(`-n '${when}' -l ${long} `)).length;
        assert.equal(count, 1, `${name} --${long}`);
      }
    }
  });

  if (toolFor('fish', 'fish') === undefined) return;
  const complete = (line: string): string[] =>
    shell('fish', '--no-config', '-c', `source ${file}; complete -C '${line}'`).map(
      (found) => found.split('\t')[0],
    );

  test('commands, options of each, values, files', () => {
    assert.deepEqual(complete('ringway ch'), ['check']);
    assert.deepEqual(complete('ringway check --k'), ['--keys']);
    assert.deepEqual(complete('ringway --codec=wasm-'), ['--codec=wasm-scalar']);
    assert.ok(complete('ringway ctl dr').includes('drain'));
    assert.deepEqual(complete('ringway -c package.j'), ['package.json']);
    assert.deepEqual(complete('ringway doctor package.j'), ['package.json']);
    assert.deepEqual(complete('ringway bench package.j'), []);
    assert.deepEqual(complete('ringway bench --protocol m'), ['memcached']);
  });

  test('a command is the first word, not a value that is called so', () => {
    assert.deepEqual(complete('ringway -c check --hu'), ['--hup']);
    assert.deepEqual(complete('ringway explain ctl --po'), ['--pool']);
    assert.deepEqual(complete('ringway -c a.yml ch'), []);
  });
});

/** Types lines into an interactive zsh, each with Tab behind it. */
const ZSH_DRIVER = String.raw`
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= fpath=($PWD/packaging/completions \$fpath); stty cols 200 rows 200
autoload -Uz compinit; compinit -D -u
told() { print -r -- \"<told>\$BUFFER<end>\"; BUFFER= }; zle -N told
bindkey '^X' told; bindkey '^I' complete-word; print '<rea''dy>'"
await() { local all= part; while [[ $all != *$1* ]]; do zpty -r shell part || exit 1; all+=$part; done; REPLY=$all; }
await '<ready>'
for line; do
  zpty -w -n shell "$line"$'\t\x18'
  await '<end>'
  print -r -- $REPLY
done
zpty -d shell
`;

describe('completions of zsh', () => {
  const file = 'packaging/completions/_ringway';

  test('each option has its form; nothing of a command is missing', () => {
    const text = readFileSync(file, 'utf8');
    const named = /--[\w-]+=?|\(-\w --[\w-]+\)'\{-\w\+?,--[\w-]+=?\}'/.source;
    const value = /:value:(?:_files| |\([a-z -]+\))/.source;
    const form = new RegExp(`^ {8}'(?:${named})\\[[^'[\\]:]+\\](?:${value})?' \\\\$`);
    const specs = text.split('\n').filter((line) => /^ +'\(?-/.test(line));
    for (const line of specs) assert.match(line, form);
    assert.equal(specs.length, table.flatMap(({ options }) => options).length);
  });

  if (toolFor('zsh', 'zsh') === undefined) return;
  /** What a line becomes when Tab is pressed behind it. */
  const complete = (...lines: string[]): string[] =>
    Array.from(
      shell('zsh', '-f', '-c', ZSH_DRIVER, 'zsh', ...lines)
        .join('\n')
        .matchAll(/<told>(.*?)<end>/g),
      ([, line]) => line,
    );

  test('commands, options of each, values, files', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['ringway ch', 'ringway check '],
      ['ringway check --k', 'ringway check --keys='],
      ['ringway top --on', 'ringway top --once '],
      ['ringway --wat', 'ringway --watch '],
      ['ringway --codec=wasm-', 'ringway --codec=wasm-scalar '],
      ['ringway --conf-file=package.j', 'ringway --conf-file=package.json '],
      ['ringway -c package.j', 'ringway -c package.json '],
      ['ringway bench --protocol=m', 'ringway bench --protocol=memcached '],
      ['ringway bench package.j', 'ringway bench package.j'],
      ['ringway doctor package.j', 'ringway doctor package.json '],
      ['ringway ctl rel', 'ringway ctl reload '],
    ];
    assert.deepEqual(
      complete(...cases.map(([line]) => line)),
      cases.map(([, whole]) => whole),
    );
  });
});

test('each option that is offered is one that its command takes', async () => {
  const bash = readFileSync('packaging/completions/ringway.bash', 'utf8');
  for (const name of COMMAND_NAMES) {
    const options = new RegExp(`^ {4}${name}\\) options='([^']*)'`, 'm').exec(bash)?.[1] ?? '';
    assert.notEqual(options, '', name);
    for (const option of options.split(' ')) {
      let said = '';
      const out = { write: (text: string) => void (said += text) };
      // The value is no file and no address: it is told what is wrong, not that the option is.
      await commandByName(name)?.([option.replace(/=$/, '=/dev/null/x'), '--help'], out, out);
      assert.match(said, /^Usage: /, `${name} ${option}: ${said}`);
    }
  }
});

test('each option that a help text names is offered', async () => {
  for (const [name, text] of await helpTexts()) {
    const { options } = table.find((command) => command.name === name) as CommandWords;
    // Of other commands, and with words of COMMAND in ctl.
    const named = [...text.matchAll(/(?:^ {2}(?:-\w, )?|; )--([\w-]+)/gm)].map(([, long]) => long);
    const missing = named.filter((long) => !options.some((option) => option.long === long));
    assert.deepEqual(missing, [], name);
  }
});
