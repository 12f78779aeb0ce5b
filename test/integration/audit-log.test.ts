import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import type { Ringway } from '../../src/index.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { poolFile, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

let redis: RealServer;
let folder: string;
let files = 0;
const started: TestRingway[] = [];

before(async () => {
  redis = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'ringway-audit-'));
});
after(async () => {
  await Promise.all(started.map((ringway) => ringway.stop()));
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Line {
  readonly time: string;
  readonly pool: string;
  readonly client: string;
  readonly user: string;
  readonly command: string;
  readonly keys: readonly string[];
  readonly more_keys?: boolean;
  readonly verdict: string;
  readonly reason?: string;
  readonly lost?: number;
}

async function run(
  keys: Record<string, unknown>,
  variant = VARIANTS[2],
): Promise<TestRingway & { ringway: Ringway; path: string }> {
  const servers = [`127.0.0.1:${redis.port}:1 s1`];
  const path = join(folder, `audit-${++files}.log`);
  const ringway = await startInProcess({ servers, audit_log: path, ...keys }, variant);
  started.push(ringway);
  return { ...ringway, path };
}

function linesOf(path: string): Line[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  assert.equal(lines.pop(), '', 'the last line is a whole one');
  return lines.map((line) => JSON.parse(line) as Line);
}

/** The lines of a log, once there are so many. */
function written(path: string, count: number): Promise<Line[]> {
  return waitFor(`${count} lines in ${path}`, () => {
    const lines = linesOf(path);
    return lines.length >= count ? lines : null;
  });
}

const told = ({ user, command, keys, verdict, reason }: Line): unknown[] => {
  return [user, command, keys.join(), verdict, ...(reason === undefined ? [] : [reason])];
};

const USERS = [
  'default on nopass ~* &* +@all',
  'app on >pw ~app:* %R~ref:* &app:* +@all -@dangerous -@scripting',
];

for (const variant of VARIANTS.slice(0, 3)) {
  test(`every request has a line: who, what, which keys, verdict, ${variant.label}`, async () => {
    const { port, path } = await run({ users: USERS, deny_commands: 'LPUSH' }, variant);
    const client = await RespClient.open(port);
    const requests = [
      ['SET', 'x', 'secret-value'],
      ['AUTH', 'app', 'wrong-password'],
      ['AUTH', 'app', 'pw'],
      ['GET', 'app:1'],
      ['MSET', 'app:1', '1', 'app:2', '2'],
      ['GET', 'other'],
      ['SET', 'ref:1', 'v'],
      ['KEYS', '*'],
      ['LPUSH', 'app:l', '1'],
      ['CONFIG', 'GET', 'maxmemory'],
      ['PING'],
      ['nope', 'a'],
      ['ZUNIONSTORE', 'app:z', '2', 'app:a', 'app:b'],
    ];
    await client.pipeline(requests);
    client.socket.write('get app:inline\r\n');
    await client.read(1);
    const lines = await written(path, requests.length + 1);
    assert.deepEqual(lines.map(told), [
      ['default', 'set', 'x', 'allowed'],
      ['default', 'auth', '', 'denied', 'login'],
      ['default', 'auth', '', 'allowed'],
      ['app', 'get', 'app:1', 'allowed'],
      ['app', 'mset', 'app:1,app:2', 'allowed'],
      ['app', 'get', 'other', 'denied', 'user'],
      ['app', 'set', 'ref:1', 'denied', 'user'],
      ['app', 'keys', '', 'denied', 'user'],
      ['app', 'lpush', 'app:l', 'denied', 'pool'],
      ['app', 'config|get', '', 'denied', 'user'],
      ['app', 'ping', '', 'allowed'],
      ['app', 'nope', '', 'allowed'],
      ['app', 'zunionstore', 'app:z,app:a,app:b', 'allowed'],
      ['app', 'get', 'app:inline', 'allowed'],
    ]);
    const all = readFileSync(path, 'utf8');
    assert.doesNotMatch(all, /secret-value|wrong-password|"pw"/);
    for (const { time, pool, client: address } of lines) {
      assert.ok(Date.parse(time) > 0);
      assert.equal(pool, 'pool1');
      assert.match(address, /^127\.0\.0\.1:\d+$/);
    }
    client.close();
  });
}

test('large requests, transactions and long lists of keys have theirs', async () => {
  const { port, path } = await run({ max_assembled_request: 65_536 });
  const client = await RespClient.open(port);
  await client.command('SET', 'large', Buffer.alloc(300_000, 'x'));
  await client.command('SET', 'assembled', Buffer.alloc(40_000, 'x'));
  await client.pipeline([['MULTI'], ['GET', 'k'], ['EXEC']]);
  await client.command('MGET', ...Array.from({ length: 40 }, (_, i) => `k${i}`));
  await client.command('GET', 'y'.repeat(500));
  const lines = await written(path, 7);
  assert.deepEqual(lines.slice(0, 5).map(told), [
    ['default', 'set', 'large', 'allowed'],
    ['default', 'set', 'assembled', 'allowed'],
    ['default', 'multi', '', 'allowed'],
    ['default', 'get', 'k', 'allowed'],
    ['default', 'exec', '', 'allowed'],
  ]);
  assert.deepEqual([lines[5].keys.length, lines[5].more_keys], [16, true]);
  assert.equal(lines[6].keys[0], `${'y'.repeat(128)}...`);
  client.close();
});

test('one in so many is told, and all that are refused', async () => {
  const { port, path } = await run({ audit_sample: 10, deny_commands: 'KEYS' });
  const client = await RespClient.open(port);
  const requests = Array.from({ length: 100 }, (_, i) => (i % 20 === 7 ? ['KEYS', 'x'] : ['PING']));
  await client.pipeline(requests);
  const lines = await written(path, 5 + 10);
  const denied = lines.filter(({ verdict }) => verdict === 'denied');
  assert.deepEqual([denied.length, lines.length - denied.length], [5, 10]);
  const refusals = await run({ audit_sample: 0, deny_commands: 'KEYS' });
  const other = await RespClient.open(refusals.port);
  await other.pipeline(requests);
  assert.deepEqual(
    (await written(refusals.path, 5)).map(({ verdict }) => verdict),
    Array.from({ length: 5 }, () => 'denied'),
  );
  client.close();
  other.close();
});

describe('the file', () => {
  test('is renamed when it is large enough, and the oldest are deleted', async () => {
    const { port, path } = await run({ audit_size: 2000, audit_files: 2 });
    const client = await RespClient.open(port);
    const earlier = (): string[] => {
      const [folder, name] = [join(path, '..'), path.slice(path.lastIndexOf('/') + 1)];
      return readdirSync(folder).filter((each) => each.startsWith(`${name}.`));
    };
    const seen = new Set<string>();
    await waitFor('four earlier files', async () => {
      await client.pipeline(Array.from({ length: 20 }, () => ['GET', 'k']));
      for (const each of earlier()) seen.add(each);
      return seen.size >= 4;
    });
    await waitFor('two of them', () => earlier().length <= 2);
    for (const each of earlier()) assert.ok(linesOf(join(path, '..', each)).length > 0);
    client.close();
  });

  test('may be moved away by others', async () => {
    const { port, path } = await run({});
    const client = await RespClient.open(port);
    await client.command('GET', 'before');
    await written(path, 1);
    renameSync(path, `${path}.moved`);
    await client.command('GET', 'after');
    const lines = await written(path, 1);
    assert.deepEqual(
      lines.map(({ keys }) => keys[0]),
      ['after'],
    );
    client.close();
  });

  test('has all lines when ringway has stopped', async () => {
    const { port, path, stop } = await run({});
    const client = await RespClient.open(port);
    await client.pipeline(Array.from({ length: 500 }, (_, i) => ['GET', `k${i}`]));
    client.close();
    await stop();
    assert.equal(linesOf(path).length, 500);
  });

  test('that a reload leaves for another has its last lines, though ringway stops at once', async () => {
    const { port, path, ringway, stop } = await run({});
    const client = await RespClient.open(port);
    await client.pipeline(Array.from({ length: 20 }, (_, i) => ['GET', `before${i}`]));
    const other = `${path}.other`;
    const servers = [`127.0.0.1:${redis.port}:1 s1`];
    const file = await poolFile([{ listen: `127.0.0.1:${port}`, servers, audit_log: other }]);
    await ringway.reload(parseConfig(Buffer.from(file.text), 'test.yml'));
    await client.pipeline(Array.from({ length: 20 }, (_, i) => ['GET', `after${i}`]));
    client.close();
    await stop();
    const keys = (of: string) => linesOf(of).map((line) => line.keys[0]);
    assert.deepEqual(
      [keys(path), keys(other)],
      ['before', 'after'].map((word) => Array.from({ length: 20 }, (_, i) => `${word}${i}`)),
    );
  });

  test('that cannot be written costs lines, and nothing else', async () => {
    const file = join(folder, 'not-a-folder');
    writeFileSync(file, '');
    const { port, log } = await run({ audit_log: join(file, 'audit.log') });
    const client = await RespClient.open(port);
    const replies = await client.pipeline(Array.from({ length: 50 }, () => ['PING']));
    assert.ok(replies.every((reply) => reply === 'PONG'));
    await waitFor('a line of the log', () => log.some((line) => /audit log: .*ENOTDIR/.test(line)));
    client.close();
  });
});
