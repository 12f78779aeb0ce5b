import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { poolFile, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';

// What a pool refuses, by read_only and deny_commands.

let redis: RealServer;
const started: TestRingway[] = [];

before(async () => {
  redis = await startRedis();
  const direct = await RespClient.open(redis.port);
  await direct.pipeline([
    ['SET', 'k', 'v'],
    ['RPUSH', 'l', '2', '1'],
  ]);
  direct.close();
});
after(async () => {
  await Promise.all(started.map((ringway) => ringway.stop()));
  await redis.stop();
});

async function run(keys: Record<string, unknown>, variant = VARIANTS[2]): Promise<RespClient> {
  const servers = [`127.0.0.1:${redis.port}:1 s1`];
  const ringway = await startInProcess({ servers, ...keys }, variant);
  started.push(ringway);
  return RespClient.open(ringway.port);
}

const text = (reply: unknown): string => String(reply);

for (const variant of VARIANTS.slice(0, 3)) {
  test(`a read-only pool reads, and refuses what may write, ${variant.label}`, async () => {
    const client = await run(
      { read_only: true, allow_flush: true, unknown_commands: 'ask' },
      variant,
    );
    const good = [
      ['GET', 'k'],
      ['MGET', 'k', 'none'],
      ['LRANGE', 'l', '0', '-1'],
      ['SORT_RO', 'l'],
      ['EVAL_RO', 'return 1', '1', 'k'],
      ['PING'],
      ['SCAN', '0'],
      ['TTL', 'k'],
      ['CLIENT', 'ID'],
      ['SCRIPT', 'EXISTS', 'x'],
      ['PUBLISH', 'c', 'm'],
    ];
    const bad = [
      ['SET', 'k', 'w'],
      ['MSET', 'k', 'w', 'x', 'y'],
      ['DEL', 'k'],
      ['GETEX', 'k'],
      ['SORT', 'l'],
      ['EVAL', "return redis.call('SET', KEYS[1], 'w')", '1', 'k'],
      ['EVALSHA', 'x'.repeat(40), '0'],
      ['FCALL', 'f', '0'],
      ['SCRIPT', 'LOAD', 'return 1'],
      ['FUNCTION', 'FLUSH'],
      ['FLUSHALL'],
      ['BLPOP', 'l', '0'],
      ['NEWCOMMAND', 'k'],
      ['set', 'k', 'w'],
    ];
    // One after the other in a pipeline, so that none may take the place of another.
    const words = good
      .flatMap((each, i) => [each, bad[i] ?? ['PING']])
      .concat(bad.slice(good.length));
    const replies = (await client.pipeline(words)).map(text);
    for (const [i, reply] of replies.entries()) {
      const isBad = bad.includes(words[i] as string[]);
      const refused = /^ReplyError: NOPERM '[^']+' may write, and this pool is read-only/.test(
        reply,
      );
      assert.equal(refused, isBad, `${words[i]}: ${reply}`);
      if (!isBad) assert.doesNotMatch(reply, /ReplyError/, words[i]?.join(' '));
    }
    client.socket.write('SET k inline\r\nGET k\r\n');
    const [inline, value] = (await client.read(2)).map(text);
    assert.match(inline ?? '', /NOPERM/);
    assert.equal(value, 'v');
    client.close();
  });
}

test('a refused command makes its transaction fail', async () => {
  const client = await run({ read_only: true });
  const replies = await client.pipeline([['MULTI'], ['GET', 'k'], ['SET', 'k', 'w'], ['EXEC']]);
  assert.match(text(replies[2]), /NOPERM/);
  assert.match(text(replies[3]), /EXECABORT/);
  const good = await client.pipeline([['MULTI'], ['GET', 'k'], ['EXEC']]);
  assert.deepEqual(good.slice(0, 2).map(text), ['OK', 'QUEUED']);
  client.close();
});

describe('deny_commands', () => {
  test('refuses commands and subcommands by name, known to ringway or not', async () => {
    const client = await run({
      deny_commands: 'keys, Config|GET, mywipe',
      custom_commands: 'MYWIPE none',
      login_timeout: 0,
    });
    const refused = [['KEYS', '*'], ['keys', '*'], ['CONFIG', 'GET', 'x'], ['MYWIPE']];
    for (const words of refused) {
      const reply = text(await client.command(...words));
      assert.match(reply, /NOPERM '[^']+' is refused in this pool \(deny_commands\)/, words.join());
    }
    assert.equal(await client.command('SET', 'd', 'x'), 'OK');
    assert.equal(await client.command('PING'), 'PONG');
    client.close();
  });

  test('refuses subcommands of every container, in any case, and no others of it', async () => {
    const denied =
      'Slowlog|get, CLUSTER|info, command|COUNT, Latency|reset, module|list, OBJECT|freq';
    const more = 'memory|USAGE, xinfo|Stream, Client|ID, acl|whoami, mywipe|NOW';
    const client = await run({
      deny_commands: `${denied}, ${more}`,
      custom_commands: 'MYWIPE none',
      allow_flush: true,
    });
    const refused = [
      ...['SLOWLOG GET', 'slowlog gEt 1', 'CLUSTER INFO', 'COMMAND COUNT', 'LATENCY RESET x'],
      ...['MODULE LIST', 'OBJECT FREQ k', 'MEMORY usage k', 'XINFO STREAM k', 'client id'],
      ...['ACL WHOAMI', 'MYWIPE now'],
    ];
    const answers = async (inline: boolean): Promise<string[]> => {
      if (!inline) return (await client.pipeline(refused.map((line) => line.split(' ')))).map(text);
      client.socket.write(refused.map((line) => `${line}\r\n`).join(''));
      return (await client.read(refused.length)).map(text);
    };
    for (const said of [await answers(false), await answers(true)]) {
      for (const [i, reply] of said.entries()) {
        const [name, part] = refused[i].toLowerCase().split(' ');
        const wanted = `NOPERM '${name}|${part}' is refused in this pool (deny_commands)`;
        assert.equal(reply, `ReplyError: ${wanted}`);
      }
    }
    for (const line of [
      'SLOWLOG LEN',
      'OBJECT ENCODING k',
      'CLIENT GETNAME',
      'ACL CAT',
      'GET get',
    ]) {
      assert.doesNotMatch(text(await client.command(...line.split(' '))), /deny_commands/, line);
    }
    const long = text(await client.command('SLOWLOG', 'get'.padEnd(100_000, 'x')));
    assert.doesNotMatch(long, /deny_commands/);
    client.close();
  });

  test('lets large requests of others through, as they come', async () => {
    const client = await run({ deny_commands: 'KEYS', max_assembled_request: 65_536 });
    const large = Buffer.alloc(3 << 20, 'x');
    assert.equal(await client.command('SET', 'large', large), 'OK');
    assert.ok(large.equals((await client.command('GET', 'large')) as Buffer));
    const denied = await run({ deny_commands: 'SET', max_assembled_request: 65_536 });
    assert.match(text(await denied.command('SET', 'large', large)), /ERR|NOPERM/);
    assert.equal(await denied.command('STRLEN', 'large'), large.length);
    client.close();
    denied.close();
  });
});

test('a reload refuses and allows from the next request on', async () => {
  const pool = { servers: [`127.0.0.1:${redis.port}:1 s1`] };
  const ringway = await startInProcess(pool);
  started.push(ringway);
  const client = await RespClient.open(ringway.port);
  const reload = async (keys: Record<string, unknown>): Promise<void> => {
    const listen = `127.0.0.1:${ringway.port}`;
    const file = await poolFile([{ ...pool, listen, ...keys }]);
    await ringway.ringway.reload(parseConfig(Buffer.from(file.text), 'test.yml'));
  };
  assert.equal(await client.command('SET', 'r', '1'), 'OK');
  await reload({ read_only: true });
  assert.match(text(await client.command('SET', 'r', '2')), /NOPERM/);
  assert.equal(text(await client.command('GET', 'r')), '1');
  await reload({});
  assert.equal(await client.command('SET', 'r', '3'), 'OK');
  // What is kept since MULTI is looked at again by EXEC, and what is still allowed is done.
  const queue = [['MULTI'], ['SET', 'r', '4'], ['GET', 'r']];
  await client.pipeline(queue);
  await reload({ read_only: true });
  assert.match(text(await client.command('EXEC')), /EXECABORT/);
  assert.equal(text(await client.command('GET', 'r')), '3');
  await reload({});
  await client.pipeline(queue);
  await reload({ deny_commands: 'KEYS' });
  assert.deepEqual(((await client.command('EXEC')) as unknown[]).map(text), ['OK', '4']);
  client.close();
});
