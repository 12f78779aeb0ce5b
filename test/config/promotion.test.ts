import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { ConfigError } from '../../src/errors.ts';

interface File {
  readonly keys?: readonly string[];
  readonly replicas?: readonly string[];
  readonly witnesses?: readonly string[];
  readonly more?: string;
}

const WITNESSES = ['w1:1', 'w2:1', 'w3:1:1'];

function textOf(file: File): string {
  const { keys = [], replicas = ['r:6379 a'], witnesses = WITNESSES, more = '' } = file;
  const list = (name: string, items: readonly string[]): string =>
    items.length === 0 ? '' : `  ${name}:\n${items.map((item) => `   - ${item}\n`).join('')}`;
  const all = ['listen: 127.0.0.1:1', 'redis: true', ...keys].map((key) => `  ${key}\n`).join('');
  const lists = [list('replicas', replicas), list('witnesses', witnesses)].join('');
  return `p:\n${all}${lists}${list('servers', ['h:6379:1 a'])}${more}`;
}

function mistakes(file: File): string[] {
  try {
    parseConfig(Buffer.from(textOf({ ...file, keys: file.keys ?? ['promote: true'] })), 'f.yml');
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.split('\n').map((line) => line.replace(/^f\.yml:\d+:\d+: /, ''));
  }
  return [];
}

describe('a pool that promotes replicas', () => {
  test('has witnesses, and waits five seconds unless told otherwise', () => {
    const keys = ['promote: true', 'down_after: 2000', 'promote_unfenced: true'];
    const [pool] = parseConfig(Buffer.from(textOf({ keys })), 'f.yml').pools;
    assert.deepEqual([pool.promote, pool.downAfterMs, pool.promoteUnfenced], [true, 2000, true]);
    assert.deepEqual(
      pool.witnesses.map(({ host, port }) => `${host}:${port}`),
      [...['w1:1', 'w2:1', 'w3:1']],
    );
  });

  const flushed =
    'q:\n  listen: 127.0.0.1:2\n  redis: true\n  allow_flush: true\n  servers:\n   - w2:1:1\n';
  const wrong: readonly (readonly [File, RegExp])[] = [
    [{ keys: [] }, /^p\.witnesses: only pools that promote have it; expected "promote: true"/],
    [{ keys: ['down_after: 2000'], witnesses: [] }, /^p\.down_after: only pools that promote/],
    [{ keys: ['promote: true', 'down_after: 999'] }, /^p\.down_after: .*1000/],
    [{ replicas: [] }, /^p\.promote: "a" has no replica to promote; expected one in "replicas:"/],
    [{ witnesses: ['w1:1', 'w2:1'] }, /^p\.witnesses: there are 2; expected 3 to 15/],
    [{ witnesses: [] }, /^p\.witnesses: there are 0; expected 3 to 15/],
    [{ witnesses: ['w1:1', 'w1:1', 'w3:1'] }, /^p\.witnesses: w1:1 is there twice/],
    [{ witnesses: ['w1:1', 'w2:1', 'r:6379'] }, /^p\.witnesses: r:6379 forgets what it knows/],
    [{ witnesses: ['w1:1', 'w2:1', 'h:6379'] }, /^p\.witnesses: h:6379 forgets what it knows/],
    [{ witnesses: ['w1:1', 'w2:1', 'w3'] }, /^p\.witnesses: "w3" has no port/],
    [
      { keys: ['promote: true', 'allow_flush: true'] },
      /^p\.allow_flush: a witness that is flushed/,
    ],
    [{ keys: ['promote: true', 'cluster: true'] }, /^p\.promote: a cluster replaces its masters/],
    [{ more: flushed }, /^q\.allow_flush: w2:1 is a witness of a pool; expected no allow_flush/],
  ];
  for (const [file, message] of wrong) {
    test(`is not had with ${JSON.stringify(file)}`, () => {
      const found = mistakes(file);
      assert.ok(
        found.some((line) => message.test(line)),
        found.join('\n'),
      );
    });
  }
});
