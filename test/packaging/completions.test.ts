import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { generatedFiles } from '../../packaging/generate/files.ts';
import { commandByName } from '../../src/commands/index.ts';
import { COMMAND_NAMES } from '../../src/options.ts';
import { ensureDebianPackage, findBinary } from '../support/real-servers.ts';

test('what is made of the program is what the program says now', async () => {
  for (const [path, text] of await generatedFiles()) {
    assert.equal(readFileSync(path, 'utf8'), text, `npm run generate writes ${path} anew`);
  }
});

function shell(name: string, ...args: string[]): string[] {
  if (findBinary([name]) === undefined) ensureDebianPackage(name);
  const { stdout, stderr, status } = spawnSync(name, args, { encoding: 'utf8', timeout: 30_000 });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout.split('\n').filter((line) => line !== '');
}

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
  const complete = (line: string): string[] =>
    shell(
      'fish',
      '--no-config',
      '-c',
      `source packaging/completions/ringway.fish; complete -C '${line}'`,
    ).map((found) => found.split('\t')[0]);

  test('commands, options of each, values', () => {
    assert.deepEqual(complete('ringway ch'), ['check']);
    assert.deepEqual(complete('ringway check --k'), ['--keys']);
    assert.deepEqual(complete('ringway --codec=wasm-'), ['--codec=wasm-scalar']);
    assert.ok(complete('ringway ctl dr').includes('drain'));
  });
});

describe('completions of zsh', () => {
  /** What is offered, as its own functions would be told. */
  function complete(...words: string[]): string {
    const script = [
      '_arguments() { print -rl -- "$@" }',
      '_describe() { print -rl -- $commands }',
      'words=(ringway "$@") CURRENT=$#words',
      'source packaging/completions/_ringway',
    ];
    return shell('zsh', '-f', '-c', script.join('\n'), 'zsh', ...words).join('\n');
  }

  test('commands, options of each, values', () => {
    shell('zsh', '-n', 'packaging/completions/_ringway');
    for (const name of COMMAND_NAMES) assert.match(complete(''), new RegExp(`^${name}:`, 'm'));
    assert.match(complete('check', '--k'), /^--keys=\[.*\]:value:_files$/m);
    assert.match(complete('--c'), /^--codec=\[.*\]:value:\(auto wasm wasm-scalar js\)$/m);
    assert.match(complete('--c'), /^\(-c --conf-file\)-c\[.*\]:value:_files$/m);
    assert.match(complete('ctl', ''), /^\*:command:\(.*\breload\b.*\)$/m);
  });
});

test('each option that is offered is one that its command takes', async () => {
  const table = readFileSync('packaging/completions/ringway.bash', 'utf8');
  for (const name of COMMAND_NAMES) {
    const options = new RegExp(`^ {4}${name}\\) options='([^']*)'`, 'm').exec(table)?.[1] ?? '';
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
