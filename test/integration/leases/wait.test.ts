import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { send, startFake } from '../../support/fake-server.ts';
import { type RealServer, startRedis } from '../../support/real-servers.ts';
import { RespClient, type Word } from '../../support/resp-client.ts';
import { shards, startInProcess, VARIANTS } from '../../support/ringway.ts';
import { encodeSequence, repliesTo, type Sequence, titleOf } from '../../support/sequences.ts';
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

test('WAIT that nothing else keeps busy is asked again as often as it takes', async () => {
  const server = await startRedis({});
  // Shorter than the pauses between two questions.
  const ringway = await startInProcess({ servers: shards([server.port]), timeout: 60 });
  const client = await RespClient.open(ringway.port);
  assert.equal(await client.command('WAIT', '1', '700'), 0);
  client.close();
  await ringway.stop();
  await server.stop();
});

describe('WAIT, of a server with a replica', () => {
  let server: RealServer;
  let replica: RealServer;
  before(async () => {
    server = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
    replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
    await waitFor(
      'the replica',
      async () => (await ask(server.port, ['WAIT', '1', '100'])) === ':1',
    );
  });
  after(async () => {
    await replica.stop();
    await server.stop();
  });

  async function ask(port: number, words: Word[], resp: 2 | 3 = 2): Promise<string> {
    return (await repliesTo(port, resp, [words]))[0].trim();
  }

  /** How often the replica was asked how far it is. */
  async function asked(): Promise<number> {
    const stats = (await repliesTo(replica.port, 2, [['INFO', 'commandstats']]))[0];
    return Number(/cmdstat_replconf:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }

  const PROGRAMS: Sequence[] = [
    [
      ['SET', 'k', '1'],
      ['WAIT', '1', '0'],
      ['GET', 'k'],
    ],
    [['SET', 'k', '2'], ['WAIT', '2', '30'], ['PING']],
    [['MULTI'], ['SET', 'k', '3'], ['EXEC'], ['WAIT', '1', '0']],
    [['WATCH', 'k'], ['MULTI'], ['SET', 'k', '4'], ['EXEC'], ['WAIT', '1', '0']],
    [
      ['RPUSH', 'l', 'x'],
      ['BLPOP', 'l', '0'],
      ['WAIT', '1', '0'],
    ],
    [
      ['SELECT', '2'],
      ['SET', 'k', '5'],
      ['WAIT', '1', '0'],
    ],
  ];

  for (const variant of VARIANTS) {
    test(`answers as the server does, and has it ask the replica, ${variant.label}`, async () => {
      const ringway = await startInProcess({ servers: shards([server.port]) }, variant);
      for (const resp of [2, 3] as const) {
        for (const program of PROGRAMS) {
          const wanted = await repliesTo(server.port, resp, program);
          const before = await asked();
          assert.deepEqual(await repliesTo(ringway.port, resp, program), wanted, titleOf(program));
          assert.ok((await asked()) > before, titleOf(program));
        }
      }
      await ringway.stop();
    });
  }

  test('tells of a replica that stands still, and of one that goes on', async () => {
    const ringway = await startInProcess({ servers: shards([server.port]) });
    for (const port of [server.port, ringway.port, ringway.port]) {
      const client = await RespClient.open(port);
      replica.kill('SIGSTOP');
      await client.command('SET', 'k', 'paused');
      assert.equal(await client.command('WAIT', '1', '40'), 0, String(port));
      const waits = client.command('WAIT', '1', '0');
      const other = await RespClient.open(port);
      assert.equal(await other.command('PING'), 'PONG');
      replica.kill('SIGCONT');
      assert.equal(await waits, 1, String(port));
      for (const each of [client, other]) each.close();
    }
    await ringway.stop();
  });

  test('ends while others go on writing', async () => {
    const ringway = await startInProcess({ servers: shards([server.port]) });
    const [writer, client] = [
      await RespClient.open(ringway.port),
      await RespClient.open(ringway.port),
    ];
    let writing = true;
    const written = (async () => {
      while (writing) await writer.pipeline(Array.from({ length: 20 }, () => ['INCR', 'n']));
    })();
    for (let i = 0; i < 10; i++) {
      await client.command('SET', 'k', i);
      assert.equal(await client.command('WAIT', '1', '5000'), 1);
    }
    writing = false;
    await written;
    for (const each of [writer, client]) each.close();
    await ringway.stop();
  });

  test('of many at once leaves nothing waiting', async () => {
    const ringway = await startInProcess({ servers: shards([server.port]) });
    const clients = await Promise.all(
      Array.from({ length: 40 }, () => RespClient.open(ringway.port)),
    );
    const waits = clients.map(async (client, i) => {
      const replies = await client.pipeline([
        ['SET', `k${i}`, 'v'],
        ['WAIT', '1', i % 2 === 0 ? '0' : '10000'],
      ]);
      return replies[1];
    });
    const gone = await RespClient.open(ringway.port);
    await gone.send(
      encodeSequence([
        ['SET', 'g', 'v'],
        ['WAIT', '9', '0'],
      ]),
    );
    gone.reset();
    assert.deepEqual(await Promise.all(waits), Array(40).fill(1));
    for (const client of clients) client.close();
    await waitFor('nothing to wait', async () => {
      const info = await ask(server.port, ['INFO', 'clients']);
      return info.includes('blocked_clients:0');
    });
    await ringway.stop();
  });

  test('is refused in the words of a server that is a replica', async () => {
    const ringway = await startInProcess({ servers: shards([replica.port]) });
    const wanted = await ask(replica.port, ['WAIT', '0', '0']);
    assert.match(wanted, /^-ERR WAIT cannot be used with replica instances/);
    assert.equal(await ask(ringway.port, ['WAIT', '0', '0']), wanted);
    await ringway.stop();
  });

  test('works for a login that may not ask for INFO', async () => {
    await repliesTo(server.port, 2, [
      ['ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all', '-info'],
    ]);
    const ringway = await startInProcess({
      servers: shards([server.port]),
      redis_user: 'app',
      redis_auth: 'pw',
      client_auth_required: false,
    });
    const said = await repliesTo(ringway.port, 2, [
      ['SET', 'k', 'v'],
      ['WAIT', '1', '5000'],
    ]);
    assert.equal(said[1], ':1\r\n');
    await ringway.stop();
    await repliesTo(server.port, 2, [['ACL', 'DELUSER', 'app']]);
  });
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
