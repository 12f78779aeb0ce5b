import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { END_MS } from '../support/command.ts';
import { ensureWorks, runClient, SERVERS, startTopology, type Topology } from './topology.ts';

// Clients from Debian's packages, installed here when they are missing.

const PYTHON = ['/usr/bin/python3'];
const PHP = ['php'];

describe('clients of other languages with their default options', () => {
  let topology: Topology;

  before(async () => {
    ensureWorks([...PYTHON, '-c', 'import redis'], ['python3-redis']);
    ensureWorks(
      [...PHP, '-r', 'exit(extension_loaded("redis") ? 0 : 1);'],
      ['php-cli', 'php-redis'],
    );
    ensureWorks(['redis-cli', '--version'], ['redis-tools']);
    ensureWorks(['redis-benchmark', '--version'], ['redis-tools']);
  });
  before(async () => {
    topology = await startTopology();
  });
  after(() => topology.stop());

  test('redis-py', async () => {
    assert.equal(await runClient(PYTHON, 'redis_py.py', topology.port), 'done');
    assert.equal(await topology.serversInUse(), SERVERS);
  });

  test('phpredis', async () => {
    const other = await startTopology();
    try {
      assert.equal(await runClient(PHP, 'phpredis.php', other.port), 'done');
      assert.equal(await other.serversInUse(), SERVERS);
    } finally {
      await other.stop();
    }
  });

  for (const version of ['-2', '-3']) {
    test(`redis-cli ${version}: commands from its standard input, as at its prompt`, async () => {
      const name = `cli${version}`;
      const output = await cli(topology.port, [version], CLI_LINES.replaceAll('cli', name));
      const expected = CLI_REPLIES.flatMap((line) => (version === '-2' ? line.split(' ') : [line]));
      expected[expected.indexOf('cli')] = name;
      assert.deepEqual(output.replaceAll(UNKNOWN, 'unknown').trimEnd().split('\n'), expected);
    });
  }

  test('redis-cli: --scan over all servers, --pipe of 1,000, INFO', async () => {
    const sets = Array.from({ length: 1000 }, (_, i) => `SET cli:${i} ${i}`).join('\r\n');
    assert.match(await cli(topology.port, ['--pipe'], `${sets}\r\n`), /errors: 0, replies: 1000/);
    const keys = await cli(topology.port, ['--scan', '--pattern', 'cli:*'], '');
    assert.equal(new Set(keys.trim().split('\n')).size, 1000);
    assert.match(await cli(topology.port, ['INFO'], ''), /ringway_version:/);
  });

  test('redis-benchmark', async () => {
    const args = ['-n', '2000', '-c', '4', '-P', '16', '-q'];
    const tests = 'ping,set,get,incr,lpush,rpop,sadd,hset,zadd,mset';
    const output = await program('redis-benchmark', topology.port, [...args, '-t', tests], '');
    assert.doesNotMatch(output, /error|warning/i);
    assert.match(output, /MSET \(10 keys\): [\d.]+ requests per second/);
  });
});

const CLI_LINES = `SET cli one
GET cli
HSET clih f v
HGETALL clih
RPUSH clil a b
LRANGE clil 0 -1
EVAL "return KEYS[1]" 1 cli
NOSUCH
SELECT 1
GET cli
SELECT 0
MGET cli none
`;

/** An error, and the blank line behind it. */
const UNKNOWN = /ERR unknown command 'NOSUCH', with args beginning with: \n/g;

const CLI_REPLIES = [
  'OK',
  'one',
  '1',
  'f v',
  '2',
  'a',
  'b',
  'cli',
  'unknown',
  'OK',
  '',
  'OK',
  'one',
];

function cli(port: number, args: readonly string[], input: string): Promise<string> {
  return program('redis-cli', port, args, input);
}

/** @returns what the program printed */
function program(
  name: string,
  port: number,
  args: readonly string[],
  input: string,
): Promise<string> {
  const child = spawn(name, ['-p', String(port), ...args], { timeout: END_MS });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
}
