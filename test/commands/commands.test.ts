import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCli } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, shards, startChild } from '../support/ringway.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-commands-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function pools(servers: readonly string[], more = ''): string {
  const list = servers.map((server) => `   - ${server}\n`).join('');
  return `alpha:\n  listen: 127.0.0.1:22121\n  redis: true\n${more}  servers:\n${list}`;
}

describe('a running proxy', () => {
  let redis: RealServer[];
  let ringway: ChildRingway;
  let http: string;
  const socket = join(folder, 'admin.sock');

  before(async () => {
    redis = await startRedisSet(3);
    http = String(await freePort());
    ringway = await startChild(
      {
        name: 'alpha',
        auto_eject_hosts: true,
        server_failure_limit: 1,
        server_retry_timeout: 60000,
        servers: shards(redis.map(({ port }) => port)),
      },
      { args: ['--http-addr', http, '--admin-socket', socket] },
    );
  });

  after(async () => {
    await ringway?.stop();
    await Promise.all((redis ?? []).map((server) => server.stop()));
  });

  test('explain names the server that really has the key', async () => {
    const client = await RespClient.open(ringway.port);
    for (const key of ['a', 'user:1001', 'ключ', 'x y']) {
      await client.command('SET', key, 'here');
      const { stdout, status } = await runCli(['explain', key, '-c', ringway.file, '--json']);
      assert.equal(status, 0);
      const [found] = JSON.parse(stdout);
      const index = redis.findIndex(({ port }) => found.server.address.endsWith(`:${port}`));
      const direct = await RespClient.open(redis[index].port);
      assert.equal(await direct.text('GET', key), 'here', key);
      direct.close();
    }
    client.close();
  });

  test('explain --live leaves ejected servers out, and goes where explain said', async () => {
    const client = await RespClient.open(ringway.port);
    await client.command('SET', 'wanders', '1');
    const offline = await runCli(['explain', 'wanders', '-c', ringway.file, '--json']);
    const [{ server, fallback }] = JSON.parse(offline.stdout);
    const victim = redis.find(({ port }) => server.address.endsWith(`:${port}`)) as RealServer;
    await victim.stop();
    await client.command('GET', 'wanders');
    await client.command('GET', 'wanders');
    const live = ['--live', '--http-addr', http];
    const { stdout } = await runCli(['explain', 'wanders', '-c', ringway.file, ...live]);
    assert.match(stdout, new RegExp(`ejected now +${server.name}\n`));
    assert.match(stdout, new RegExp(`server +${fallback.name}, `));
    client.close();
  });

  test('top prints one view when it has no terminal', async () => {
    const { stdout, status } = await runCli(['top', '--http-addr', http]);
    assert.equal(status, 0);
    assert.match(stdout, /^ringway \d/);
    assert.match(stdout, /POOL +req\/s/);
    assert.match(stdout, /shard2/);
    const bySocket = await runCli(['top', '--admin-socket', socket]);
    assert.match(bySocket.stdout, /shard2/);
  });

  test('top as JSON, of one pool', async () => {
    const { stdout } = await runCli(['top', '--json', '--pool=alpha', '--http-addr', http]);
    const { pools } = JSON.parse(stdout) as { pools: { name: string; servers: object[] }[] };
    assert.deepEqual(
      pools.map((pool) => [pool.name, pool.servers.length]),
      [['alpha', 3]],
    );
    const none = await runCli(['top', '--once', '--pool=beta', '--http-addr', http]);
    assert.equal(none.status, 1);
    assert.match(none.stderr, /there is no pool "beta"; the pools are alpha/);
    const never = await runCli(['top', '--interval=soon', '--http-addr', http]);
    assert.equal(never.status, 0, 'without a terminal there is no interval');
  });

  test('the admin socket is for its owner only, and answers in JSON', async () => {
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    const stats = await runCli(['ctl', '--admin-socket', socket, 'stats']);
    assert.equal(JSON.parse(stats.stdout).stats.service, 'nutcracker');
    const unknown = await runCli(['ctl', '--admin-socket', socket, 'destroy']);
    assert.equal(unknown.status, 1);
    assert.match(unknown.stderr, /^ringway: unknown command 'destroy'; expected one of /);
  });

  test('a drain ends it with status 0', async () => {
    const { stdout } = await runCli(['ctl', '--admin-socket', socket, 'drain']);
    assert.equal(JSON.parse(stdout).draining, true);
    assert.equal(await ringway.gone(), 0);
  });
});

describe('check of one file', () => {
  test('says what is open, weak, or gets around rules for keys', async () => {
    const users = join(folder, 'users.acl');
    const lines = ['user default off', 'user app on >x ~app:* +@all +@scripting'];
    writeFileSync(users, `${lines.join('\n')}\n`);
    chmodSync(users, 0o644);
    const open = pools(['127.0.0.1:6379:1 a']).replace('127.0.0.1:22121', '0.0.0.0:22121');
    const ruled = pools(['127.0.0.1:6379:1 a'], '  users_file: users.acl\n').replace(
      'alpha',
      'beta',
    );
    const { stderr, status } = await runCli(['check', fileOf('open.yml', `${open}${ruled}`)]);
    assert.equal(status, 0);
    assert.match(stderr, /warning: .*users_file: everybody on this machine may read the file/);
    assert.match(stderr, /advice: pool alpha: listen: 0\.0\.0\.0:22121 lets in whoever reaches it/);
    assert.match(
      stderr,
      /advice: pool beta: users: app may run scripts: scripts can use every key/,
    );
    const closed = pools(['127.0.0.1:6379:1 a']);
    assert.equal((await runCli(['check', fileOf('closed.yml', closed)])).stderr, '');
  });

  const four = ['127.0.0.1:1:1 a', '127.0.0.1:2:1 b', '127.0.0.1:3:1 c', '127.0.0.1:4:2 d'];
  const balance = async (more: string, ...args: string[]) => {
    const file = fileOf('one.yml', pools(four, more));
    const { stdout } = await runCli(['check', file, ...args, '--json']);
    return JSON.parse(stdout)[0];
  };

  test('fnv1a_64 puts a to z on one server, murmur on all; each form adds up', async () => {
    const bad = await balance('');
    const parts = bad.servers.map(({ keys }: { keys: Keys }) => keys['a to z']);
    assert.ok(parts.includes(1), String(parts));
    assert.match(bad.advice[0], /\(a to z.*hash: murmur/);
    const good = await balance('  hash: murmur\n');
    assert.deepEqual(good.advice, []);
    for (const form of Object.keys(good.servers[0].keys)) {
      const sum = good.servers.reduce((all: number, { keys }: Server) => all + keys[form], 0);
      assert.ok(Math.abs(sum - 1) < 1e-9, form);
      assert.ok(good.servers.every(({ keys }: Server) => keys[form] > 0));
    }
    assert.deepEqual([good.servers[3].weight, good.servers[3].fair], [2, 0.4]);
  });

  test('explain names the slot of a key where a cluster has the keys', async () => {
    const pool =
      'listen: 127.0.0.1:1\n  redis: true\n  cluster: true\n  servers:\n    - 127.0.0.1:1:1';
    writeFileSync(join(folder, 'cluster.yml'), `alpha:\n  ${pool}\n`);
    const about = ['explain', '{user1000}.following', '-c', join(folder, 'cluster.yml')];
    const [{ slot }] = JSON.parse((await runCli([...about, '--json'])).stdout);
    // As CLUSTER KEYSLOT user1000 says it.
    assert.equal(slot, 3443);
    const { stdout } = await runCli(about);
    assert.match(stdout, /^slot +3443$/m);
    assert.match(stdout, /^server +the node that has the slot: ctl topology lists them$/m);
  });

  test('keys of a file, as explain places them; random has none to show', async () => {
    const keys = fileOf('own', 'one\ntwo\n');
    const { servers } = await balance('', `--keys=${keys}`);
    for (const key of ['one', 'two']) {
      const { stdout } = await runCli(['explain', key, '-c', join(folder, 'one.yml'), '--json']);
      const [{ server }] = JSON.parse(stdout);
      assert.ok(servers.find(({ name }: Server) => name === server.name).keys['your keys'] > 0);
    }
    assert.deepEqual((await balance('  distribution: random\n')).servers[0].keys, {});
    const none = fileOf('none', '');
    assert.deepEqual((await balance('', `--keys=${none}`)).advice, []);
  });

  type Keys = Readonly<Record<string, number>>;
  interface Server {
    readonly name: string;
    readonly keys: Keys;
  }
});

describe('check', () => {
  const four = ['127.0.0.1:1:1 a', '127.0.0.1:2:1 b', '127.0.0.1:3:1 c', '127.0.0.1:4:1 d'];
  const old = fileOf('old.yml', pools(four));

  test('a server added: the keys that move all go to it', async () => {
    const next = fileOf('new.yml', pools([...four, '127.0.0.1:5:1 e']));
    const { stdout, status } = await runCli(['check', old, next, '--json']);
    assert.equal(status, 0);
    const [{ change, moved, differences }] = JSON.parse(stdout);
    assert.equal(change, 'changed');
    assert.deepEqual(differences, ['server e is new']);
    assert.ok(moved.share > 0.13 && moved.share < 0.28, String(moved.share));
    const added = moved.servers.find((server: { name: string }) => server.name === 'e');
    assert.equal(added.in, moved.share);
    const text = await runCli(['check', old, next]);
    assert.match(text.stdout, /^pool alpha: \d+\.\d\d % of the keys move$/m);
  });

  test('the same file: nothing moves', async () => {
    const { stdout } = await runCli(['check', old, old]);
    assert.match(stdout, /0\.00 % of the keys move/);
  });

  test('a password without limits on logins: they are recommended', async () => {
    const advice = async (more: string): Promise<string> => {
      const next = fileOf('auth.yml', pools(four, `  redis_auth: x\n${more}`));
      return (await runCli(['check', old, next])).stdout;
    };
    const none = await advice('');
    assert.match(none, /^ {2}advice: redis_auth without login_timeout: .*: 10000 is recommended$/m);
    assert.match(
      none,
      /^ {2}advice: redis_auth without max_auth_failures: .*: 10 is recommended$/m,
    );
    assert.doesNotMatch(await advice('  login_timeout: 9\n  max_auth_failures: 9\n'), /advice/);
  });

  test('keys of a file', async () => {
    const next = fileOf('modula.yml', pools(four, '  distribution: modula\n'));
    const keys = fileOf('keys', 'one\ntwo\nthree\n');
    const { stdout } = await runCli(['check', old, next, `--keys=${keys}`, '--json']);
    const [{ differences, moved }] = JSON.parse(stdout);
    assert.deepEqual(differences, ['distribution: ketama → modula']);
    assert.ok([0, 1 / 3, 2 / 3, 1].some((share) => Math.abs(share - moved.share) < 1e-9));
  });

  test('a broken file is told with its place, and the status is 1', async () => {
    const broken = fileOf('broken.yml', 'alpha:\n  listen: 127.0.0.1:1\n  foo: 1\n');
    const { stderr, status } = await runCli(['check', old, broken]);
    assert.equal(status, 1);
    assert.match(stderr, /broken\.yml:3:3: alpha\.foo/);
  });

  test('each command teaches and refuses what it does not know', async () => {
    for (const name of ['top', 'explain', 'check', 'ctl', 'bench', 'doctor']) {
      const help = await runCli([name, '--help']);
      assert.equal(help.status, 0);
      assert.match(help.stdout, new RegExp(`^Usage: ringway ${name}`));
      const wrong = await runCli([name, '--nonsense']);
      assert.equal(wrong.status, 1);
      assert.match(wrong.stderr, /^ringway: .*--nonsense/);
    }
    const near = await runCli(['check', 'a', 'b', '--jsn']);
    assert.equal(near.stderr, 'ringway: unknown option --jsn; did you mean --json?\n');
  });

  test('a mistyped command starts no proxy; help goes to standard output', async () => {
    const wrong = await runCli(['explian', 'k']);
    assert.equal(wrong.status, 1);
    assert.match(
      wrong.stderr,
      /^ringway: unknown command 'explian'; did you mean: ringway explain\n/,
    );
    const help = await runCli(['--help']);
    assert.deepEqual([help.status, help.stderr], [0, '']);
    assert.match(help.stdout, /^This is ringway-.*\nUsage: ringway /s);
    assert.doesNotMatch(help.stdout, /\r/);
    const version = await runCli(['-V']);
    assert.deepEqual([version.status, version.stdout], [0, '']);
    const file = fileOf('operand.yml', pools(['127.0.0.1:1:1']));
    const ignored = await runCli(['-t', '-c', file, 'other.yml']);
    assert.equal(ignored.status, 0);
    assert.match(
      ignored.stderr,
      /^ringway: warning: 'other.yml' is ignored; .*\n.* syntax is ok\n$/,
    );
  });
});
