import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Config, parseConfig } from '../../src/config/index.ts';
import { compareConfigs } from '../../src/proxy/pool/config-changes.ts';
import { certificates } from '../support/certificates.ts';

const page = readFileSync('docs/access-control.md', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'ringway-access-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map(
    ([, text]) => text,
  );
}

function parse(text: string): Config {
  return parseConfig(Buffer.from(text), join(folder, 'ringway.yml'));
}

describe('docs/access-control.md', () => {
  test('has files that can be copied, and that ringway check finds nothing wrong with', () => {
    writeFileSync(join(folder, 'redis.password'), 'x', { mode: 0o600 });
    const [users] = blocks('acl');
    writeFileSync(join(folder, 'users.acl'), users, { mode: 0o600 });
    const { authority, server } = certificates();
    copyFileSync(server.cert, join(folder, 'ringway.pem'));
    copyFileSync(server.key, join(folder, 'ringway.key'));
    copyFileSync(authority.ca, join(folder, 'clients.pem'));
    const files = blocks('yaml');
    assert.ok(files.length >= 2);
    for (const text of files) {
      const config = parse(text);
      const before: Config = { ...config, pools: [] };
      const advice = compareConfigs(before, config).flatMap((change) => change.advice);
      assert.deepEqual(
        advice.filter((line) => !/_timeout|max_auth/.test(line)),
        [],
        text,
      );
    }
  });
});

describe('ringway check', () => {
  const advice = (...users: string[]): string[] => {
    const lines = users.map((user) => `    - "${user}"\n`).join('');
    const head = 'p:\n  listen: 127.0.0.1:1\n  redis: true\n  login_timeout: 1\n';
    const text = `${head}  max_auth_failures: 1\n  users:\n${lines}  servers:\n    - h:1:1\n`;
    const config = parse(text);
    return compareConfigs({ ...config, pools: [] }, config).flatMap((change) => change.advice);
  };

  test('tells of users who may do more than it looks', () => {
    assert.deepEqual(advice('default off', 'a on >x ~a* +@all'), []);
    assert.match(advice('a on >x ~a* +@all').join(), /who does not log in may do everything/);
    assert.match(advice('default off', 'a on nopass ~a* +get').join(), /a needs no password/);
    const open = advice('default off', 'a on >x ~a* +@all +@scripting').join();
    assert.match(open, /a may run scripts: scripts can use every key/);
    const more = advice('default off', 'a on >x ~* &* +@all -flushall').join();
    assert.match(more, /a may run scripts: scripts can call what its rules refuse/);
  });

  test('an item whose rest YAML takes for a comment is a mistake, unless it is quoted', () => {
    const head = 'p:\n  listen: 127.0.0.1:1\n  redis: true\n  users:\n';
    const pool = (line: string): string => `${head}    - ${line}\n  servers:\n    - h:1:1\n`;
    const hash = 'a'.repeat(64);
    assert.throws(
      () => parse(pool(`a on #${hash} ~x`)),
      /ringway.yml:5:7: p.users: what stands behind " #"/,
    );
    assert.throws(() => parse(pool('a on +@all ~x # of the shop')), /p.users: what stands behind/);
    assert.doesNotThrow(() => parse(pool(`"a on #${hash} ~x" # of the shop`)));
  });
});
