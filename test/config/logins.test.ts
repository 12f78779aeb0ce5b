import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Config, configWarnings, parseConfig, readPassword } from '../../src/config/index.ts';
import { ConfigError } from '../../src/errors.ts';
import { compareConfigs } from '../../src/proxy/pool/config-changes.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-logins-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function parse(keys: Record<string, string>, redis = true): Config {
  const lines = Object.entries(keys).map(([key, value]) => `  ${key}: ${value}\n`);
  const head = `p:\n  listen: 127.0.0.1:1\n  redis: ${redis}\n`;
  const text = `${head}${lines.join('')}  servers:\n  - h:1:1\n`;
  return parseConfig(Buffer.from(text), join(folder, 'f.yml'));
}

function problems(keys: Record<string, string>, redis = true): string[] {
  try {
    parse(keys, redis);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

/** User, password of the servers, and of clients. */
function logins(keys: Record<string, string>): (string | null)[] {
  const [pool] = parse(keys).pools;
  const { serverLogin = null, clientAuth = null } = pool ?? {};
  const text = (bytes: Buffer | undefined) => bytes?.toString() ?? null;
  return [serverLogin?.user ?? null, text(serverLogin?.password.bytes), text(clientAuth?.bytes)];
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return name;
}

describe('passwords', () => {
  test('are one for both sides, unless the file says otherwise', () => {
    assert.deepEqual(logins({}), [null, null, null]);
    assert.deepEqual(logins({ redis_auth: 'a' }), [null, 'a', 'a']);
    assert.deepEqual(logins({ redis_auth: 'a', client_auth: 'b' }), [null, 'a', 'b']);
    assert.deepEqual(logins({ client_auth: 'b' }), [null, null, 'b']);
    const open = { redis_user: 'u', redis_auth: 'a', client_auth_required: 'false' };
    assert.deepEqual(logins(open), ['u', 'a', null]);
  });

  test('come from files, without the line end, and from the environment', () => {
    process.env['RINGWAY_TEST_LOGIN'] = 'from outside ';
    const keys = {
      redis_auth_file: file('a', ' in file \r\n'),
      client_auth_env: 'RINGWAY_TEST_LOGIN',
    };
    assert.deepEqual(logins(keys), [null, ' in file ', 'from outside ']);
    assert.equal(parse(keys).pools[0]?.serverLogin?.file, join(folder, 'a'));
  });

  test('that are missing, empty, too long or given twice are mistakes', () => {
    const cases: readonly (readonly [keys: Record<string, string>, message: RegExp])[] = [
      [{ redis_auth_file: 'none' }, /^p\.redis_auth_file: the file "none" cannot be read: ENOENT/],
      [{ client_auth_env: 'NO_SUCH_THING' }, /environment has no "NO_SUCH_THING"; expected one/],
      [{ redis_auth_file: file('empty', '\n') }, /the password is empty; expected some text/],
      [
        { redis_auth_file: file('long', 'x'.repeat(16_001)) },
        /has 16001 bytes; expected at most 16000/,
      ],
      [{ redis_auth: 'a', redis_auth_file: file('b', 'b') }, /there is `redis_auth` as well/],
      [{ redis_user: 'u' }, /a user needs a password; expected `redis_auth` as well/],
      [{ client_auth: 'a', client_auth_required: 'false' }, /there is a password for clients/],
    ];
    for (const [keys, message] of cases) {
      const found = problems(keys);
      assert.equal(found.length, 1, found.join());
      assert.match(found[0] ?? '', message);
    }
  });

  test('are read again by the rules of the first time', () => {
    const read = (text: string): string => {
      const found = readPassword(join(folder, file('again', text)));
      return 'problem' in found ? `! ${found.problem}` : found.bytes.toString('latin1');
    };
    assert.equal(read('one'), 'one');
    assert.equal(read(' two \r\n'), ' two ');
    assert.equal(read('three\n\n'), 'three\n');
    assert.equal(read('x'.repeat(16_000)).length, 16_000);
    for (const text of ['', '\n', '\r\n']) assert.match(read(text), /^! the password is empty/);
    assert.match(
      read('x'.repeat(16_001)),
      /^! the password has 16001 bytes; expected at most 16000/,
    );
    assert.match(read('x'.repeat(1_000_000)), /^! the password has 1000000 bytes/);
    assert.match(read('x'.repeat(2_000_000)), /^! the file has 2000000 bytes; expected at most/);
    mkdirSync(join(folder, 'folder'));
    for (const [name, problem] of [
      ['folder', 'the file is not a regular file'],
      ['gone', 'the file cannot be read: ENOENT: no such file or directory'],
    ] as const) {
      const found = readPassword(join(folder, name));
      assert.ok('problem' in found && found.problem.startsWith(problem), name);
    }
  });

  test('are for Redis pools only', () => {
    const found = problems({ redis_user: 'u', redis_auth: 'a', client_auth: 'b' }, false);
    assert.deepEqual(
      found.map((line) => line.split(':')[0]),
      ['p.redis_user', 'p.redis_auth', 'p.client_auth'],
    );
  });

  test('and users are: memcached has neither, which is told with its place', () => {
    const own = 'p:\n  listen: 127.0.0.1:1\n';
    const rest = '  servers:\n    - h:1:1\n';
    const only = 'only Redis pools have it; expected "redis: true" as well';
    const mistake = (lines: string): string => {
      try {
        parseConfig(Buffer.from(`${own}${lines}${rest}`), 'f.yml');
      } catch (error) {
        return (error as Error).message;
      }
      return 'no mistake';
    };
    const keys: Readonly<Record<string, string>> = {
      users: '\n    - default on nopass',
      users_file: ' none.acl',
      logins: ' ringway',
      tls_user_from_cert: ' off',
      login_timeout: ' 1000',
      max_auth_failures: ' 3',
      allow_monitor: ' false',
      read_only: ' false',
      deny_commands: ' GET',
      rename_commands: '\n    - GET other',
      rate_action: ' wait',
      redis_user: ' u',
      redis_auth_file: ' none',
      redis_auth_env: ' NONE',
      client_auth: ' a',
      client_auth_file: ' none',
      client_auth_env: ' NONE',
      client_auth_required: ' false',
      audit_log: ' a.log',
      audit_sample: ' 1',
      audit_size: ' 1',
      audit_files: ' 1',
    };
    for (const [key, value] of Object.entries(keys)) {
      for (const redis of ['', '  redis: false\n']) {
        const line = redis === '' ? 3 : 4;
        const said = mistake(`${redis}  ${key}:${value}\n`);
        assert.ok(said.includes(`f.yml:${line}:3: p.${key}: ${only}`), `${key}: ${said}`);
      }
    }
    const both = mistake('  users:\n    - default on nopass\n  users_file: none.acl\n');
    assert.ok(both.includes(`f.yml:3:3: p.users: ${only}`), both);
    assert.ok(both.includes(`f.yml:5:3: p.users_file: ${only}`), both);
  });

  test('that change are told as such, and not shown', () => {
    const change = (before: Record<string, string>, after: Record<string, string>) =>
      compareConfigs(parse(before), parse(after), [])[0]?.differences;
    assert.deepEqual(change({ redis_auth: 'a' }, { redis_auth: 'b' }), ['redis_auth is another']);
    const own = { redis_auth: 'a', client_auth: 'b' };
    assert.deepEqual(change(own, { ...own, client_auth: 'c' }), ['client_auth is another']);
    assert.deepEqual(change(own, { ...own, redis_user: 'u' }), ['redis_auth is another']);
  });

  test('in a file that everybody may read get a warning', () => {
    const name = file('open', 'x');
    chmodSync(join(folder, name), 0o644);
    const [line] = configWarnings(parse({ client_auth_file: name }));
    assert.match(line ?? '', /client_auth_file: everybody on this machine may read the file/);
  });
});

describe('addresses of clients', () => {
  test('are single ones and networks, of both families', () => {
    const [pool] = parse({ allow_clients: '10.0.0.7,  192.168.0.0/16 ,fd00::/8, ::1' }).pools;
    const wanted = ['10.0.0.7/32', '192.168.0.0/16', 'fd00::/8', '::1/128'];
    assert.deepEqual(pool?.allowClients, wanted);
  });

  test('that are none are mistakes', () => {
    for (const text of ['10.0.0', '10.0.0.1/33', '::1/129', 'localhost', '10.0.0.1/', '1.1.1.1,']) {
      const [line] = problems({ deny_clients: `"${text}"` });
      assert.match(
        line ?? '',
        /^p\.deny_clients: ".*" is no address; expected addresses like/,
        text,
      );
    }
    const [line] = problems({ allow_clients: Array(1025).fill('1.1.1.1').join() });
    assert.match(line ?? '', /there are 1025 addresses; expected at most 1024/);
  });

  test('doors that anybody may enter get advice from ringway check', () => {
    const text = (host: string, more: string, redis: boolean) =>
      `p:\n  listen: ${host}:1\n  redis: ${redis}\n${more}  servers:\n  - h:1:1\n`;
    const advice = (host: string, more = '', redis = true) => {
      const config = parseConfig(Buffer.from(text(host, more, redis)), 'f.yml');
      return compareConfigs(config, config, [])[0]?.advice;
    };
    assert.match(advice('0.0.0.0')?.join() ?? '', /^listen: 0.0.0.0:1 lets in whoever reaches it/);
    assert.deepEqual(advice('127.0.0.1'), []);
    assert.deepEqual(advice('0.0.0.0', '  allow_clients: 10.0.0.0/8\n'), []);
    assert.deepEqual(advice('0.0.0.0', '  protected_mode: true\n'), []);
    assert.match(advice('0.0.0.0', '', true)?.join() ?? '', /client_auth, tls_ca_file, allow_/);
    assert.match(advice('0.0.0.0', '', false)?.join() ?? '', /it: tls_ca_file, allow_clients or/);
  });
});

describe('commands that are refused', () => {
  test('are named in any case, subcommands by both names', () => {
    const [pool] = parse({ deny_commands: 'keys, Config|Set,my.module_cmd' }).pools;
    assert.deepEqual(pool?.denyCommands, ['KEYS', 'CONFIG|SET', 'MY.MODULE_CMD']);
    for (const text of ['KEYS,', 'A B', 'A|B|C', '|X', '1X']) {
      const [line] = problems({ deny_commands: `"${text}"` });
      assert.match(line ?? '', /is no command; expected names like KEYS or CONFIG\|SET/, text);
    }
    for (const name of ['auth', 'Hello', 'QUIT', 'RESET']) {
      const [line] = problems({ deny_commands: `KEYS, ${name}` });
      assert.match(line ?? '', /deny_commands: [A-Z]+ is never refused: clients log in with it/);
    }
    const found = problems({ deny_commands: 'KEYS', read_only: 'true' }, false);
    assert.deepEqual(
      found.map((line) => line.split(':')[0]),
      ['p.deny_commands', 'p.read_only'],
    );
  });

  test('get advice when nobody knows them', () => {
    const scripts = 'EVAL, EVALSHA, FCALL';
    const advice = (deny: string) => {
      const config = parse({
        deny_commands: `${deny}, ${scripts}`,
        custom_commands: 'MYWIPE none',
      });
      return compareConfigs(config, config, [])[0]?.advice;
    };
    for (const name of ['FLUSHAL', 'CONFIG|SETT', 'GET|x']) {
      const line = `deny_commands: ${name.toUpperCase()} is no command that ringway knows; is it written right?`;
      assert.deepEqual(advice(name), [line]);
    }
    for (const name of [
      'flushall',
      'Config|set',
      'slowlog|get',
      'mywipe',
      'MYWIPE|NOW',
      'json.get',
    ]) {
      assert.deepEqual(advice(name), [], name);
    }
  });

  test('parameters that clients may set are named in any case, each once', () => {
    const [pool] = parse({
      allow_config_set: 'maxmemory,Notify-Keyspace-Events , maxmemory',
    }).pools;
    assert.deepEqual(pool?.allowConfigSet, ['maxmemory', 'notify-keyspace-events']);
    for (const text of ['dir', 'requirepass', 'maxmemory,', '*', 'maxmemory;dir']) {
      const [line] = problems({ allow_config_set: `"${text}"` });
      assert.match(line ?? '', /cannot be allowed; expected some of busy-reply-threshold, /, text);
    }
    const [line] = problems({ allow_config_set: 'maxmemory' }, false);
    assert.match(line ?? '', /^p.allow_config_set: only Redis pools have it/);
  });

  test('get advice when scripts may call them', () => {
    const advice = (deny: string) => {
      const config = parse({ deny_commands: deny });
      return compareConfigs(config, config, [])[0]?.advice;
    };
    assert.match(advice('KEYS, EVAL')?.join() ?? '', /^deny_commands without EVALSHA, FCALL: /);
    assert.deepEqual(advice('KEYS, EVAL, EVALSHA, FCALL'), []);
  });
});
