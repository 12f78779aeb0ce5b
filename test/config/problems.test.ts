import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { editDistance, nearest } from '../../src/config/keys/suggest.ts';
import { ConfigError, ERROR_CODES, RingwayError } from '../../src/errors.ts';
import { HASH_NAMES } from '../../src/hash/names.ts';

function linesOf(text: string | Uint8Array): string[] {
  try {
    parseConfig(Buffer.from(text as string), 'f.yml');
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.split('\n');
  }
  return [];
}

const SERVERS = '  servers:\n   - 127.0.0.1:6379:1 s1\n';
const HEAD = 'alpha:\n  listen: 127.0.0.1:1\n';

describe('the mistakes of a file', () => {
  test('are all reported at once, each with its place, key and what was expected', () => {
    const text = [
      'alpha:',
      '  listen: 127.0.0.1:99999',
      '  hash: fnv1a64',
      '  timout: 400',
      '  redis: yes',
      '  servers:',
      '   - 127.0.0.1:6379:1 a',
      '   - 127.0.0.1:6380:0 b',
      '   - 127.0.0.1:6381:1 a',
      'beta:',
      '  redis_auth: x',
      '  servers:',
      '',
    ].join('\n');
    assert.deepEqual(linesOf(text), [
      'f.yml:2:11: alpha.listen: "99999" is not a port; expected 1 to 65535',
      'f.yml:3:9: alpha.hash: "fnv1a64" is not known (did you mean fnv1a_64?); expected one of ' +
        HASH_NAMES.join(', '),
      'f.yml:4:3: alpha.timout: the key is unknown; did you mean timeout? ' +
        'expected a key of the reference in docs/configuration.md',
      'f.yml:5:10: alpha.redis: "yes" is not a boolean; expected true or false',
      'f.yml:8:6: alpha.servers: "0" is not a weight; expected a number from 1',
      'f.yml:9:6: alpha.servers: the ring name "a" is taken by line 7; expected another name',
      'f.yml:10:1: beta.listen: the key is missing; expected "host:port" or "/path"',
      'f.yml:11:3: beta.redis_auth: only Redis pools have it; expected "redis: true" as well',
      'f.yml:12:3: beta.servers: there is no list; expected a "- server" line for each one',
      'f.yml:12:11: beta.servers: the value is empty; expected some text',
    ]);
  });

  test('a list of commands, as a branch of nutcracker has it, is told once', () => {
    const head = 'alpha:\n  listen: 127.0.0.1:1\n  redis: true\n';
    assert.deepEqual(
      linesOf(`${head}  command:\n   - module_get\n   - module_mget 1\n${SERVERS}`),
      [
        'f.yml:4:3: alpha.command: the key is unknown; did you mean custom_commands? ' +
          'expected a key of the reference in docs/configuration.md',
      ],
    );
  });

  test('a password that no login has room for', () => {
    const text = (length: number): string =>
      `alpha:\n  listen: 127.0.0.1:1\n  redis: true\n  redis_auth: ${'p'.repeat(length)}\n${SERVERS}`;
    assert.deepEqual(linesOf(text(16_001)), [
      'f.yml:4:3: alpha.redis_auth: the password has 16001 bytes; expected at most 16000, the ' +
        'room for a login',
    ]);
    assert.deepEqual(linesOf(text(16_000)), []);
  });

  test('are placed by characters, also in files with CRLF and a byte order mark', () => {
    const [line] = linesOf(`\ufeff"äöü😀": x\r\n`);
    assert.match(line!, /^f\.yml:1:1: äöü😀: the pool has no keys/);
    const text = `\ufeffalpha:\r\n  listen: 127.0.0.1:1\r\n  "hash": 'ä' \r\n${SERVERS}`;
    assert.match(linesOf(text)[0]!, /^f\.yml:3:11: alpha\.hash: "ä" is not known/);
    assert.match(linesOf(`${HEAD}  foo\u{1f600}: !x 1\n${SERVERS}`)[0]!, /^f\.yml:3:3: alpha\.foo/);
    assert.match(linesOf(`${HEAD}  foo\u{1f600}: !x 1\n${SERVERS}`)[1]!, /^f\.yml:3:9: a tag/);
  });

  for (const [what, yaml, where] of [
    ['anchor', `alpha: &a\n  listen: 127.0.0.1:1\n${SERVERS}`, '1:8: an anchor'],
    ['alias', `${HEAD}  hash: *a\n${SERVERS}`, '3:9: an alias'],
    ['tag', `${HEAD}  hash: !!str md5\n${SERVERS}`, '3:9: a tag'],
    ['directive', `%YAML 1.1\n${HEAD}${SERVERS}`, '1:1: a % directive'],
    ['document start', `---\n${HEAD}${SERVERS}`, '1:1: document start'],
    ['document end', `${HEAD}${SERVERS}...\n`, '5:1: document end'],
    ['flow mapping', `${HEAD}  hash_tag: {}\n${SERVERS}`, '3:13: flow style {}'],
    ['flow list', `${HEAD}  servers: [a, b]\n`, '3:12: flow style []'],
    ['tab as indentation', `${HEAD}\thash: md5\n${SERVERS}`, '3:1: a tab'],
    ['tab before a comment', `${HEAD}\t# c\n${SERVERS}`, '3:1: a tab'],
    ['tab behind a dash', `${HEAD}  servers:\n   -\t127.0.0.1:1:1\n`, '4:5: a tab'],
    ['colon on its own line', `${HEAD}  hash\n   : md5\n${SERVERS}`, '4:4: the ":"'],
    ['control character', `${HEAD}  hash: md5\x07\n${SERVERS}`, '3:12: control character U+0007'],
    ['nested list', `${HEAD}  servers:\n   - - 127.0.0.1:1:1\n`, '4:6: alpha.servers: the item is'],
    ['nested key', `${HEAD}  ? - a\n  : b\n${SERVERS}`, '3:5: alpha: the key is nested'],
  ] as const) {
    test(`include any ${what}`, () => {
      assert.ok(linesOf(yaml)[0]?.startsWith(`f.yml:${where}`), linesOf(yaml).join('\n'));
    });
  }

  test('name the first byte that is no UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('alpha:\n  x: '), Buffer.from([0xff, 0x0a])]);
    assert.deepEqual(linesOf(bytes), [
      'f.yml:2:6: the file is not valid UTF-8; expected UTF-8 text',
    ]);
  });

  test('do not include what libyaml takes', () => {
    const body = '  servers: |-\n   127.0.0.1:1:1\n  hash:\n  - "m\\x645"#c\n';
    assert.deepEqual(linesOf(`? alpha\n: listen:\t127.0.0.1:1\t# c\n${body}`), []);
    assert.deepEqual(linesOf(`${HEAD}${SERVERS}`.replaceAll('\n', '\r')), []);
  });
});

describe('suggestions', () => {
  test('count edits', () => {
    assert.equal(editDistance('kitten', 'sitting'), 3);
    assert.equal(editDistance('', 'abc'), 3);
    assert.equal(editDistance('abc', 'abc'), 0);
  });

  test('are near words only', () => {
    const words = ['timeout', 'hash', 'hash_tag'];
    assert.equal(nearest('Hash-Tag', words), 'hash_tag');
    assert.equal(nearest('tiemout', words), 'timeout');
    assert.equal(nearest('completely_else', words), null);
    assert.equal(nearest('x'.repeat(100_000), words), null);
  });
});

describe('errors', () => {
  test('carry a code of the closed list and their cause', () => {
    const cause = new Error('why');
    const error = new RingwayError('RINGWAY_LISTEN', 'no', { cause });
    assert.equal(error.cause, cause);
    assert.ok(ERROR_CODES.includes(error.code));
    assert.equal(new Set(ERROR_CODES).size, ERROR_CODES.length);
    assert.equal(String(error), 'RingwayError: no');
  });
});
