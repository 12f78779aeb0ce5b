import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Config, effectiveConfig, parseConfig } from '../../src/config/index.ts';
import { ConfigError } from '../../src/errors.ts';
import { compareConfigs } from '../../src/proxy/pool/config-changes.ts';

function parse(lines: readonly string[], more = 'redis: true'): Config {
  const list = lines.map((line) => `    - ${line}\n`).join('');
  const head = `p:\n  listen: 127.0.0.1:1\n  ${more}\n  rename_commands:\n${list}`;
  return parseConfig(Buffer.from(`${head}  servers:\n    - h:1:1\n`), 'f.yml');
}

function problem(...lines: string[]): string {
  try {
    parse(lines);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
  }
  return '';
}

test('commands and their new names are read in any case', () => {
  const [pool] = parse(['flushall Empty-it', 'CONFIG  settings', 'GETEX a.b_c9']).pools;
  assert.deepEqual(pool?.renameCommands, [
    { command: 'FLUSHALL', name: 'EMPTY-IT' },
    { command: 'CONFIG', name: 'SETTINGS' },
    { command: 'GETEX', name: 'A.B_C9' },
  ]);
  assert.equal(effectiveConfig(parse(['KEYS x']))[0]?.given['rename_commands'], 'set');
});

test('what makes no sense is told with its line', () => {
  const cases: Record<string, RegExp> = {
    FLUSHALL: /"" can be no name of a command/,
    'FLUSHALL a b': /has too many words/,
    'NOPE x': /"NOPE" is no command/,
    'CONFIG|SET x': /"CONFIG\|SET" is no command/,
    'AUTH x': /AUTH must keep its name: clients log in with it/,
    'GET set': /SET is a command/,
    'GET 1x': /"1X" can be no name/,
    'GET post': /POST is a word of HTTP/,
    [`GET ${'x'.repeat(65)}`]: /can be no name/,
  };
  for (const [line, expected] of Object.entries(cases)) {
    assert.match(problem(line), expected, line);
    assert.match(problem(line), /^p\.rename_commands: .*; expected "COMMAND NAME"/, line);
  }
  assert.match(problem('GET x', 'GET y'), /GET is renamed twice/);
  assert.match(problem('GET x', 'SET X'), /"X" is there twice/);
  assert.throws(() => parse(['GET x'], 'redis: false'), /only Redis pools have it/);
  assert.throws(
    () => parse(['GET own'], 'redis: true\n  custom_commands: OWN none'),
    /OWN is a command/,
  );
});

test('a change of them is told without a name', () => {
  const [change] = compareConfigs(parse(['GET hidden']), parse(['GET secret']), []);
  assert.deepEqual(change?.differences, ['rename_commands are others']);
});
