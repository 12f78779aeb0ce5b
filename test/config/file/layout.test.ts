import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../../src/config/index.ts';
import { ConfigError } from '../../../src/errors.ts';

const HEAD = 'alpha:\n  listen: 127.0.0.1:1\n';
const SERVERS = '  servers:\n   - 127.0.0.1:6379:1 s1\n';

function linesOf(text: string): string[] {
  try {
    parseConfig(Buffer.from(text), 'f.yml');
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.split('\n');
  }
  return [];
}

const CASES: readonly (readonly [what: string, yaml: string, line: string])[] = [
  [
    'a key that is indented less',
    `alpha:\n  listen: 127.0.0.1:1\n redis: true\n${SERVERS}`,
    '3:2: the line is indented less (1) than the key in line 2; expected 2 blanks before it',
  ],
  [
    'a key that is indented more',
    `alpha:\n  listen: 127.0.0.1:1\n    redis: true\n${SERVERS}`,
    '3:5: the line is indented more (4) than the key in line 2; expected 2 blanks before it',
  ],
  [
    'no blank behind the colon',
    `${HEAD}  hash:fnv1a_64\n${SERVERS}`,
    '3:7: there is no blank behind the ":"; expected "hash: fnv1a_64"',
  ],
  [
    'the same in the last line',
    `${HEAD}${SERVERS}  hash:fnv1a_64\n`,
    '5:7: there is no blank behind the ":"; expected "hash: fnv1a_64"',
  ],
  [
    'an equals sign',
    'alpha:\n  listen = 127.0.0.1:1\n',
    '2:9: there is no ":" behind the key; expected "listen: 127.0.0.1:1"',
  ],
  [
    'a pool without its colon',
    `alpha\n  listen: 127.0.0.1:1\n${SERVERS}`,
    '1:1: there is no ":" behind "alpha"; expected "pool name:"',
  ],
  [
    'brackets around an address',
    `${HEAD}  servers:\n   - [::1]:6379:1 s1\n`,
    '4:6: an IPv6 address has no brackets here; expected ::1:6379:1',
  ],
  ['a tab', `alpha:\n\tlisten: 127.0.0.1:1\n`, '2:1: a tab is not allowed here; expected blanks'],
  [
    'a list left of its key',
    `${HEAD}  servers:\n- 127.0.0.1:6379:1\n`,
    '4:1: the line is indented less (0) than its key in line 3; expected 2 blanks before it',
  ],
  [
    'a server without its dash',
    `${HEAD}  servers:\n   - 127.0.0.1:6379:1 a\n   127.0.0.1:6380:1 b\n`,
    '5:4: an item begins with "- "; expected "- host:port:weight [name]"',
  ],
  [
    'a quote that stays open',
    `${HEAD}  redis_auth: "abc\n${SERVERS}`,
    '3:15: the quote is not closed; expected " at the end of the value',
  ],
  [
    'text behind a quote',
    `${HEAD}  redis_auth: 'it's'\n${SERVERS}`,
    "3:19: text follows the closing '; expected one quoted text",
  ],
  [
    'a colon and a blank in a value',
    `${HEAD}  redis_auth: a: b\n${SERVERS}`,
    '3:15: a ":" ends in a blank; expected quotes around the value',
  ],
  [
    'a value that YAML takes for something else',
    `${HEAD}  redis_auth: @abc\n${SERVERS}`,
    '3:15: a value cannot begin with @; expected quotes around it',
  ],
  [
    'an escape that there is not',
    `${HEAD}  redis_auth: "a\\qb"\n${SERVERS}`,
    '3:17: an escape between "" is unknown; expected \\\\ for a backslash, or single quotes',
  ],
];

describe('a file that is not laid out as it must be', () => {
  for (const [what, yaml, line] of CASES) {
    test(`${what} is said in one line, at its place`, () => {
      assert.deepEqual(linesOf(yaml), [`f.yml:${line}`]);
    });
  }

  test('a list without blanks behind its dashes', () => {
    const [line] = linesOf(`${HEAD}  servers:\n   -127.0.0.1:6379:1 a\n`);
    assert.match(line, /^f\.yml:3:3: alpha\.servers: there is no list; expected a "- server" line/);
  });

  test('many mistakes are not said more often than a person reads', () => {
    const lines = linesOf(`${HEAD}${'  hash:md5\n'.repeat(1000)}${SERVERS}`);
    assert.ok(lines.length >= 1 && lines.length <= 5, String(lines.length));
  });

  test('a password is not told, however its line is wrong', () => {
    for (const line of [
      'redis_auth hunter2',
      'redis_auth = hunter2',
      'redis_auth:hunter2',
      'redis_auht hunter2',
      'redis auth: hunter2',
      'Redis-Auth:hunter2',
      'password hunter2',
      '-redis_auth:hunter2',
      '- redis_auth:hunter2',
      'redis_auth: "hunter2',
      "redis_auth: 'hunter2' hunter2",
      'redis_auth: [hunter2]',
      'redis_auth: &hunter2 hunter2',
      'redis_auth: *hunter2',
      'redis_auth: !hunter2 x',
      'redis_auth: hunter2\n  redis_auth: hunter2',
      'redis_auth:\n    - hunter2\n    - hunter2',
      'redis_auth: hunter2: hunter2',
      'redis_auths: hunter2',
    ]) {
      for (const indent of ['', ' ', '  ', '    ', '\t']) {
        const lines = linesOf(`${HEAD}  redis: true\n${indent}${line}\n${SERVERS}`);
        assert.ok(lines.length > 0, line);
        assert.doesNotMatch(lines.join('\n'), /hunter2/, `${indent}${line}`);
      }
    }
  });

  test('whatever the file holds, nothing of the YAML library is shown', () => {
    const piece = fc.constantFrom(
      'alpha',
      ':',
      ' ',
      '  ',
      '\n',
      '- ',
      '"',
      "'",
      '{',
      '[',
      '#',
      'x',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        for (const line of linesOf(pieces.join(''))) {
          assert.match(line, /; expected |cannot be read/);
          assert.doesNotMatch(line, /implicit|mapping|scalar|collection|sequence|token/i);
        }
      }),
      { numRuns: 2000, seed: 11 },
    );
  });
});
