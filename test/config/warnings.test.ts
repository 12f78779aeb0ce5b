import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { configWarnings, parseConfig, testConfig } from '../../src/config/index.ts';

const pool = (name: string, port: number, more = '') =>
  `${name}:\n  listen: 127.0.0.1:${port}\n${more}  servers:\n   - 127.0.0.1:6379:1\n`;
const DEPTH = '  redis: true\n  max_reply_depth: 8\n';
const line = (file: string, at: string, name: string) =>
  `warning: ${file}:${at}: ${name}.max_reply_depth: the key has no effect: ` +
  'replies of any depth are passed on; expected a pool without it';

describe('what a file says in vain', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-warnings-'));
  after(() => rmSync(folder, { recursive: true }));

  test('is told with its place, in the order of the file', () => {
    const text = `${pool('z', 1, DEPTH)}${pool('b', 2)}${pool('a', 3, DEPTH)}`;
    assert.deepEqual(configWarnings(parseConfig(Buffer.from(text), 'f.yml')), [
      line('f.yml', '4:3', 'z'),
      line('f.yml', '14:3', 'a'),
    ]);
    assert.deepEqual(configWarnings(parseConfig(Buffer.from(pool('a', 1)), 'f.yml')), []);
  });

  test('stands before the verdict of -t, which stays good', async () => {
    const file = join(folder, 'old.yml');
    writeFileSync(file, pool('p', 1, DEPTH));
    const verdict = `ringway: configuration file '${file}' syntax is ok`;
    const output = `${line(file, '4:3', 'p')}\n${verdict}\n`;
    assert.deepEqual(await testConfig(file), { status: 0, output });
  });
});

describe('servers whose host cannot be meant', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-hosts-'));
  after(() => rmSync(folder, { recursive: true }));

  const tested = async (...servers: string[]): Promise<string[]> => {
    const file = join(folder, 'hosts.yml');
    const list = servers.map((server) => `   - "${server}"\n`).join('');
    writeFileSync(file, `p:\n  listen: 127.0.0.1:1\n  redis: true\n  servers:\n${list}`);
    const { status, output } = await testConfig(file);
    const verdict = `ringway: configuration file '${file}' syntax is ok\n`;
    assert.equal(status, 0);
    assert.ok(output.endsWith(verdict), output);
    return output.slice(0, -verdict.length).split('\n').slice(0, -1);
  };

  const cases: readonly (readonly [server: string, hint: string])[] = [
    ['redis://h:6379:1', '"redis://" is taken for a part of the host; expected h:6379:1'],
    ['rediss://u:pw@h:6379:1 s1', '"rediss://" is taken for a part of the host; expected h:6379:1'],
    ['tcp://:6379:1', '"tcp://" is taken for a part of the host; expected host:port:weight'],
    ['[::1]:6379:1', 'no host is called "[::1]"; expected IPv6 without brackets, ::1:6379:1'],
    ['user@h:6379:1', 'no host is called "user@h"; expected a host name or an address'],
    [
      'nobody.invalid:6379:1',
      'the host "nobody.invalid" has no address (ENOTFOUND); expected one that resolves here',
    ],
  ];
  for (const [server, hint] of cases) {
    test(`${server}: a hint with its place, and the verdict of nutcracker`, async () => {
      const [line, ...more] = await tested(server);
      assert.equal(line.slice(0, 9), 'warning: ');
      const text = line.replace('(EAI_AGAIN)', '(ENOTFOUND)');
      assert.ok(text.endsWith(`hosts.yml:5:6: p.servers: ${hint}`), line);
      assert.deepEqual(more, []);
    });
  }

  test('nothing is said of what can be meant', async () => {
    const good = ['127.0.0.1:1:1', '::1:6379:1', '/tmp/s.sock:1', 'localhost:2:1', ':3:1'];
    assert.deepEqual(await tested(...good, 'fe80::1%lo:6379:1'), []);
  });
});
