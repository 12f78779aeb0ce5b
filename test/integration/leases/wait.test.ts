import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { send, startFake } from '../../support/fake-server.ts';
import { startRedis } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { shards, startInProcess } from '../../support/ringway.ts';
import { waitFor } from '../../support/wait.ts';

test('WAIT counts what a transaction wrote over a connection of its own', async () => {
  const server = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
  const ringway = await startInProcess({ servers: shards([server.port]) });
  const client = await RespClient.open(ringway.port);
  const other = await RespClient.open(ringway.port);
  await waitFor('the replica', async () => (await client.command('WAIT', '1', '100')) === 1);
  const writes = [
    [['WATCH', 'a'], ['MULTI'], ['SET', 'a', '1'], ['EXEC']],
    [['MULTI'], ['SELECT', '1'], ['SET', 'a', '1'], ['SELECT', '0'], ['EXEC']],
    [
      ['RPUSH', 'list', '1'],
      ['BLPOP', 'list', '0'],
    ],
  ];
  for (const requests of writes) {
    // Nothing else of this client is behind the write.
    await waitFor('the replica', async () => (await other.command('WAIT', '1', '100')) === 1);
    replica.kill('SIGSTOP');
    await client.pipeline(requests);
    assert.equal(await client.command('WAIT', '1', '30'), 0, String(requests[0]));
    replica.kill('SIGCONT');
    await waitFor('the replica', async () => (await client.command('WAIT', '1', '500')) === 1);
  }
  client.close();
  other.close();
  await ringway.stop();
  await replica.stop();
  await server.stop();
});

describe('WAITAOF', () => {
  /** Servers of Redis 7.0 do not have it. @param said its answers in turn, the last one for good */
  async function fake(said: readonly string[], files: boolean) {
    let asked = 0;
    return startFake((_index, request) => {
      const text = request.toString('latin1');
      if (text.includes('WAITAOF')) return send(said[Math.min(asked++, said.length - 1)]);
      const info = `aof_enabled:${files ? 1 : 0}\r\n`;
      return send(text.includes('INFO') ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n');
    });
  }

  async function ask(words: string[], fakes: { port: number; stop(): Promise<void> }[]) {
    const ringway = await startInProcess({ servers: shards(fakes.map(({ port }) => port)) });
    const client = await RespClient.open(ringway.port);
    const replies = await client.pipeline([words, ['PING']]);
    client.close();
    await ringway.stop();
    await Promise.all(fakes.map((each) => each.stop()));
    return replies.map(String);
  }

  test('tells the smallest counts of all servers, once they are reached', async () => {
    const slow = await fake(
      ['*2\r\n:0\r\n:0\r\n', '*2\r\n:1\r\n:0\r\n', '*2\r\n:1\r\n:2\r\n'],
      true,
    );
    const quick = await fake(['*2\r\n:1\r\n:1\r\n'], true);
    assert.deepEqual(await ask(['WAITAOF', '1', '1', '0'], [slow, quick]), ['1,1', 'PONG']);
  });

  test('tells what there is when its time is up', async () => {
    const server = await fake(['*2\r\n:1\r\n:0\r\n'], true);
    assert.deepEqual(await ask(['WAITAOF', '1', '3', '30'], [server]), ['1,0', 'PONG']);
  });

  test('does not wait for a server that keeps no file', async () => {
    const server = await fake(['*2\r\n:0\r\n:0\r\n'], false);
    const [reply, next] = await ask(['WAITAOF', '1', '0', '0'], [server]);
    assert.match(reply, /^ReplyError: ERR WAITAOF cannot be used when numlocal is set but append/);
    assert.equal(next, 'PONG');
  });

  for (const said of [
    '+OK\r\n',
    '*1\r\n:1\r\n',
    '*2\r\n:1\r\n:-1\r\n',
    '*2\r\n+1\r\n:1\r\n',
    ':1\r\n',
  ]) {
    test(`answered with ${JSON.stringify(said)} is an error of that request alone`, async () => {
      const replies = await ask(['WAITAOF', '0', '0', '0'], [await fake([said], true)]);
      assert.deepEqual(replies, ['ReplyError: ERR Invalid argument', 'PONG']);
    });
  }

  test('with words that make no sense is refused in the words of Redis', async () => {
    for (const [words, wanted] of [
      ['2 0 0', 'value is out of range, value must between 0 and 1'],
      ['x 0 0', 'value is not an integer or out of range'],
      ['0 -1 0', 'value is out of range, must be positive'],
      ['0 0 x', 'timeout is not an integer or out of range'],
      ['0 0 -1', 'timeout is negative'],
    ] as const) {
      const server = await fake(['*2\r\n:0\r\n:0\r\n'], true);
      const [reply] = await ask(['WAITAOF', ...words.split(' ')], [server]);
      assert.equal(reply, `ReplyError: ERR ${wanted}`);
    }
  });
});
