import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Redis as Valkey } from 'iovalkey';
import { certificates, pem } from '../support/certificates.ts';
import { type RealServer, startMemcached, startRedis } from '../support/real-servers.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { ensureWorks } from './topology.ts';

// Clients with their options for TLS, and a user with rules, before a server of their protocol.

const { authority, server, client: own } = certificates();
const PYTHON = '/usr/bin/python3';
const FILES = { tls_cert_file: server.cert, tls_key_file: server.key, tls_ca_file: authority.ca };

let redis: RealServer;
let memcached: RealServer;
const started: TestRingway[] = [];
let port = 0;
let memcachedPort = 0;

async function open(keys: Record<string, unknown>, { port: to }: RealServer): Promise<number> {
  const servers = [`127.0.0.1:${to}:1 a`, `127.0.0.1:${to}:1 b`];
  const ringway = await startInProcess({ servers, tls: true, ...FILES, ...keys });
  started.push(ringway);
  return ringway.port;
}

before(async () => {
  ensureWorks([PYTHON, '-c', 'import redis'], ['python3-redis']);
  ensureWorks([PYTHON, '-c', 'import pymemcache'], ['python3-pymemcache']);
  const php = ['php', '-r', 'exit(extension_loaded("redis") ? 0 : 1);'];
  ensureWorks(php, ['php-cli', 'php-redis']);
  ensureWorks(['redis-benchmark', '--version'], ['redis-tools']);
  [redis, memcached] = await Promise.all([startRedis(), startMemcached()]);
  const users = ['default off', 'app on >pw ~app:* ~key:* ~mylist* &* +@all -@scripting'];
  port = await open({ users }, redis);
  memcachedPort = await open({ redis: false }, memcached);
});
after(async () => {
  await Promise.all(started.map((ringway) => ringway.stop()));
  await Promise.all([redis.stop(), memcached.stop()]);
});

async function run(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { timeout: 30_000 });
  return stdout.trim();
}

const paths = { ca: authority.ca, cert: own.cert, key: own.key };

describe('clients with TLS, a certificate and a user', () => {
  test('iovalkey', async () => {
    const tls = { ca: pem({ cert: authority.ca, key: own.key }).cert, ...pem(own) };
    const login = { username: 'app', password: 'pw' };
    const client = new Valkey({ port, host: '127.0.0.1', tls, ...login });
    assert.equal(await client.set('app:valkey', 'yes'), 'OK');
    assert.equal(await client.get('app:valkey'), 'yes');
    await assert.rejects(client.get('other'), /NOPERM/);
    client.disconnect();
  });

  test('redis-py', async () => {
    const script = `
import redis
client = redis.Redis(port=${port}, username="app", password="pw", ssl=True, ssl_ca_certs="${paths.ca}",
                     ssl_certfile="${paths.cert}", ssl_keyfile="${paths.key}")
assert client.set("app:py", "yes")
assert client.get("app:py") == b"yes"
pipeline = client.pipeline()
pipeline.set("app:a", "1")
pipeline.get("app:a")
assert pipeline.execute() == [True, b"1"]
try:
    client.get("other")
    print("let in")
except redis.exceptions.NoPermissionError:
    print("done")
`;
    assert.equal(await run(PYTHON, '-c', script), 'done');
  });

  test('phpredis', async () => {
    const script = `
$stream = ['cafile' => '${paths.ca}', 'local_cert' => '${paths.cert}', 'local_pk' => '${paths.key}'];
$client = new Redis();
$client->connect('tls://127.0.0.1', ${port}, 5, null, 0, 0, ['stream' => $stream]);
$client->auth(['app', 'pw']);
if ($client->set('app:php', 'yes') && $client->get('app:php') === 'yes') echo 'done';
`;
    assert.equal(await run('php', '-r', script), 'done');
  });

  test('redis-cli and redis-benchmark', async () => {
    const tls = ['--tls', '--cacert', paths.ca, '--cert', paths.cert, '--key', paths.key];
    const login = ['-p', String(port), '--user', 'app', '--pass', 'pw', ...tls];
    assert.equal(
      await run('redis-cli', '--no-auth-warning', ...login, 'SET', 'app:cli', 'x'),
      'OK',
    );
    const bench = ['-p', String(port), '--user', 'app', '-a', 'pw', ...tls];
    const load = ['-n', '2000', '-c', '4', '-P', '16', '-q', '-t', 'set,get,lpush'];
    const output = await run('redis-benchmark', ...bench, ...load);
    assert.doesNotMatch(output, /error/i);
    assert.match(output, /LPUSH: [\d.]+ requests per second/);
  });

  test('pymemcache', async () => {
    const script = `
import ssl
from pymemcache.client.base import Client
context = ssl.create_default_context(cafile="${paths.ca}")
context.load_cert_chain("${paths.cert}", "${paths.key}")
client = Client(("localhost", ${memcachedPort}), tls_context=context, timeout=10)
client.set("k", "v")
assert client.get("k") == b"v"
client.set_many({f"k{i}": str(i) for i in range(50)})
assert len(client.get_many([f"k{i}" for i in range(50)])) == 50
print("done")
`;
    assert.equal(await run(PYTHON, '-c', script), 'done');
  });
});
