import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type FakeMasterServer, startFakeMaster } from '../support/fake-master.ts';
import { type FakeSentinel, startFakeSentinel, wordsOf } from '../support/fake-sentinel.ts';
import { send, startFake } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

const READONLY = "-READONLY You can't write against a read only replica.\r\n";
const LOADING = '-LOADING Redis is loading the dataset in memory\r\n';
const NOREPLICAS = '-NOREPLICAS Not enough good replicas to write.\r\n';
const OK = '+OK\r\n';

interface Setting {
  readonly ringway: TestRingway;
  readonly sentinel: FakeSentinel;
  readonly client: RespClient;
  /** The sentinel says from now on that the master is there. */
  move(to: FakeMasterServer): void;
}

/** A pool of one server, and one sentinel. */
async function withPool(
  first: FakeMasterServer | { readonly port: number; readonly replicas?: number[] },
  run: (setting: Setting) => Promise<void>,
  keys: Readonly<Record<string, unknown>> = {},
  variant = VARIANTS[2],
): Promise<void> {
  const replicas = 'replicas' in first ? (first.replicas ?? []) : [];
  const master = { port: first.port, epoch: 1, replicas };
  const sentinel = await startFakeSentinel({ cache: master });
  const servers = [`127.0.0.1:${first.port}:1 cache`];
  const sentinels = [`127.0.0.1:${sentinel.port}`];
  const ringway = await startInProcess({ servers, sentinels, ...keys }, variant);
  const client = await RespClient.open(ringway.port);
  const move = ({ port }: FakeMasterServer): void => {
    sentinel.masters.set('cache', { port, epoch: master.epoch + 1, replicas: [first.port] });
    sentinel.publish('+switch-master', `cache 127.0.0.1 ${first.port} 127.0.0.1 ${port}`);
  };
  try {
    await run({ ringway, sentinel, client, move });
  } finally {
    client.close();
    await ringway.stop();
    await sentinel.stop();
  }
}

describe('a request that was not executed', () => {
  for (const variant of VARIANTS) {
    test(`goes to the new master, in order: ${variant.label}`, async () => {
      // 1 and 2 are refused; 3 is asked for when 1 was, and must not be there before 2.
      let early = '';
      let asked = 0;
      // The first three at once: what is not answered when its server moves is not sent again.
      const old = await startFakeMaster((text) => {
        early += text.startsWith('SET') ? READONLY : '$1\r\n0\r\n';
        if (++asked < 3) return '';
        const replies = early;
        early = '';
        return replies;
      });
      const fresh = await startFakeMaster((text) => (text.startsWith('GET') ? '$1\r\n9\r\n' : OK));
      await withPool(
        old,
        async ({ client, move, ringway }) => {
          const other = await RespClient.open(ringway.port);
          const replies = client.pipeline([
            ['SET', 'k', 1],
            ['GET', 'k'],
            ['SET', 'k', 2],
          ]);
          await waitFor('the refusals', async () => {
            if (old.asked.length < 3) return false;
            return /state=waiting/.test(String(await other.command('INFO', 'topology')));
          });
          const later = client.pipeline([
            ['SET', 'k', 3],
            ['GET', 'k'],
          ]);
          move(fresh);
          assert.deepEqual(
            [...(await replies), ...(await later)].map(String),
            ['OK', '9', 'OK', 'OK', '9'],
            'no read is answered by a replica',
          );
          const expected = ['SET k 1', 'GET k', 'SET k 2', 'SET k 3', 'GET k'];
          assert.deepEqual(fresh.asked, expected);
          other.close();
        },
        {},
        variant,
      );
      await old.server.stop();
      await fresh.server.stop();
    });
  }

  test('is sent again to the same server when that can serve', async () => {
    let refusals = 3;
    const server = await startFakeMaster(() => (refusals-- > 0 ? LOADING : undefined));
    await withPool(server, async ({ client }) => {
      const replies = client.pipeline([
        ['SET', 'a', 1],
        ['SET', 'b', 2],
        ['SET', 'c', 3],
      ]);
      assert.deepEqual((await replies).map(String), ['OK', 'OK', 'OK']);
      const all = ['SET a 1', 'SET b 2', 'SET c 3'];
      assert.deepEqual(server.asked, [...all, ...all]);
    });
    await server.server.stop();
  });

  test('fails with what the server said once it has waited enough', async () => {
    const server = await startFakeMaster(() => NOREPLICAS);
    await withPool(
      server,
      async ({ client }) => {
        const reply = String(await client.command('SET', 'a', 1));
        assert.match(reply, /NOREPLICAS/);
        assert.ok(server.asked.length > 2, `it was sent ${server.asked.length} times`);
        // The last try of the first may be under way; the server's time began behind its own.
        assert.match(String(await client.command('SET', 'b', 2)), /NOREPLICAS/);
        const tries = server.asked.filter((text) => text === 'SET b 2');
        assert.ok([1, 2].includes(tries.length), `the next waits for ${tries.length} tries`);
      },
      // What it refuses after as long a silence would be another outage.
      { failover_wait: 1500 },
    );
    await server.server.stop();
  });

  test('fails if a later one of its client was executed: they keep their order', async () => {
    const server = await startFakeMaster((text) => (text === 'SET a 1' ? LOADING : undefined));
    await withPool(server, async ({ client }) => {
      const replies = await client.pipeline([
        ['SET', 'a', 1],
        ['SET', 'a', 2],
      ]);
      assert.match(String(replies[0]), /LOADING/);
      assert.equal(String(replies[1]), 'OK');
      assert.deepEqual(server.asked, ['SET a 1', 'SET a 2']);
      assert.equal(String(await client.command('SET', 'a', 3)), 'OK');
    });
    await server.server.stop();
  });

  test('is not taken for one because a script says so', async () => {
    const server = await startFakeMaster((text) =>
      text.startsWith('EVAL') ? READONLY : undefined,
    );
    await withPool(server, async ({ client }) => {
      assert.match(String(await client.command('EVAL', 'return 1', 1, 'a')), /READONLY/);
      assert.equal(String(await client.command('SET', 'a', 1)), 'OK');
      assert.deepEqual(server.asked, ['EVAL return 1 1 a', 'SET a 1']);
      assert.equal(server.server.open.size, 1, 'the connection stays');
    });
    await server.server.stop();
  });

  test('of several keys is sent again part by part', async () => {
    let refused = false;
    const server = await startFakeMaster((text) => {
      if (!refused && text.startsWith('MSET')) {
        refused = true;
        return READONLY;
      }
      return text.startsWith('MGET') ? '*2\r\n$1\r\n1\r\n$1\r\n2\r\n' : undefined;
    });
    await withPool(server, async ({ client }) => {
      assert.equal(String(await client.command('MSET', 'a', 1, 'b', 2)), 'OK');
      assert.deepEqual((await client.text('MGET', 'a', 'b')) as unknown, ['1', '2']);
      assert.deepEqual(server.asked, ['MSET a 1 b 2', 'MSET a 1 b 2', 'MGET a b']);
    });
    await server.server.stop();
  });
});

describe('a server that cannot be reached', () => {
  test('is waited for: nothing fails', async () => {
    const port = await freePort();
    await withPool({ port }, async ({ client, ringway }) => {
      const replies = client.pipeline([
        ['SET', 'a', 1],
        ['GET', 'a'],
      ]);
      const other = await RespClient.open(ringway.port);
      const later = other.command('SET', 'b', 1);
      const server = await startFakeMaster(undefined, port);
      assert.deepEqual((await replies).map(String), ['OK', 'OK']);
      assert.equal(String(await later), 'OK');
      assert.deepEqual(server.asked.slice(0, 2), ['SET a 1', 'GET a']);
      other.close();
      await server.server.stop();
    });
  });

  test('by large requests too, kept whole or streamed', async () => {
    const port = await freePort();
    const fresh = await startFakeMaster();
    await withPool(
      { port },
      async ({ client, ringway, move }) => {
        const other = await RespClient.open(ringway.port);
        const replies = [client.command('SET', 'a', 'x'.repeat(100_000))];
        // A body that is streamed waits only where others do.
        await waitFor('requests to wait', () => {
          return ringway.log.some((line) => line.includes('Connection refused'));
        });
        replies.push(other.command('SET', 'b', 'y'.repeat(300_000)));
        move(fresh);
        assert.deepEqual((await Promise.all(replies)).map(String), ['OK', 'OK']);
        assert.deepEqual(fresh.asked.map((text) => text.length).sort(), [100_006, 300_006]);
        other.close();
      },
      { max_assembled_request: 200_000 },
    );
    await fresh.server.stop();
  });

  test('or for its heir', async () => {
    const port = await freePort();
    const fresh = await startFakeMaster();
    await withPool({ port }, async ({ client, move }) => {
      const reply = client.command('SET', 'a', 1);
      move(fresh);
      assert.equal(String(await reply), 'OK');
      assert.deepEqual(fresh.asked, ['SET a 1']);
    });
    await fresh.server.stop();
  });

  test('is not waited for longer than failover_wait, and once', async () => {
    const port = await freePort();
    await withPool(
      { port },
      async ({ client }) => {
        const started = performance.now();
        assert.match(String(await client.command('SET', 'a', 1)), /Connection refused/);
        const waited = performance.now() - started;
        assert.ok(waited >= 290, `${waited} ms`);
        assert.match(String(await client.command('SET', 'a', 2)), /Connection refused/);
        const server = await startFakeMaster(undefined, port);
        await waitFor('the server to be back', async () => {
          return String(await client.command('SET', 'a', 3)) === 'OK';
        });
        await server.server.stop();
      },
      { failover_wait: 300 },
    );
  });

  test('and what is wrong with it is told in the end', async () => {
    const replica = await startFakeMaster();
    replica.isMaster = false;
    await withPool(
      replica,
      async ({ client }) => {
        assert.match(String(await client.command('SET', 'a', 1)), /the server is not a master/);
      },
      { failover_wait: 200 },
    );
    await replica.server.stop();
  });

  test('failover_wait: 0 waits for nothing', async () => {
    const port = await freePort();
    await withPool(
      { port },
      async ({ client }) => {
        assert.match(String(await client.command('SET', 'a', 1)), /Connection refused/);
      },
      { failover_wait: 0, connect_timeout: 500 },
    );
  });
});

describe('a connection that is lost', () => {
  test('loses writes that were sent; reads behind the last write go on', async () => {
    let cut = true;
    const server = await startFakeMaster((text, socket) => {
      if (!cut) return text.startsWith('GET') ? '$1\r\n2\r\n' : OK;
      if (text !== 'GET c') return '';
      cut = false;
      socket.destroy();
      return '';
    });
    await withPool(server, async ({ client }) => {
      const replies = await client.pipeline([
        ['GET', 'a'],
        ['SET', 'b', 1],
        ['GET', 'b'],
        ['GET', 'c'],
      ]);
      const texts = replies.map(String);
      assert.match(texts[0], /unknown|reset/i, 'a write of its client came behind it');
      assert.match(texts[1], /unknown|reset/i);
      assert.deepEqual(texts.slice(2), ['2', '2']);
    });
    await server.server.stop();
  });

  test('no request is sent to a server that is no master', async () => {
    const replica = await startFake((_index, request) => {
      const [command] = wordsOf(request);
      if (command === 'ROLE') return send('*2\r\n$5\r\nslave\r\n$1\r\nx\r\n');
      return send(command === 'PING' ? '+PONG\r\n' : OK);
    });
    await withPool({ port: replica.port }, async ({ client, move }) => {
      const reply = client.command('SET', 'a', 1);
      await waitFor('some tries', () => replica.connections > 2);
      const fresh = await startFakeMaster();
      move(fresh);
      assert.equal(String(await reply), 'OK');
      const asked = new Set(replica.received.map((request) => wordsOf(request)[0]));
      assert.deepEqual([...asked].sort(), ['PING', 'ROLE']);
      await fresh.server.stop();
    });
    await replica.stop();
  });

  test('what it has not answered when the master moves is lost, and goes nowhere twice', async () => {
    const old = await startFakeMaster(() => '');
    const fresh = await startFakeMaster();
    await withPool(old, async ({ client, move }) => {
      const replies = client.pipeline([
        ['SET', 'a', 1],
        ['GET', 'a'],
      ]);
      await waitFor('both', () => old.asked.length === 2);
      move(fresh);
      const texts = (await replies).map(String);
      assert.match(texts[0], /no longer the master/);
      assert.equal(texts[1], 'OK');
      assert.deepEqual(fresh.asked, ['GET a']);
      assert.equal(String(await client.command('SET', 'a', 2)), 'OK');
      assert.equal(old.server.open.size, 0, 'nobody talks to the old one');
    });
    await old.server.stop();
    await fresh.server.stop();
  });
});

describe('a master that is to be replaced', () => {
  for (const wait of [0, 100]) {
    test(`is sent nothing once nobody waits any more (failover_wait: ${wait})`, async () => {
      const old = await startFakeMaster();
      const replica = await startFakeMaster();
      replica.isMaster = false;
      const { port } = replica;
      const about = `slave 127.0.0.1:${port} 127.0.0.1 ${port} @ cache 127.0.0.1 ${old.port}`;
      const first = { port: old.port, replicas: [port] };
      await withPool(
        first,
        async ({ client, sentinel, ringway }) => {
          const other = await RespClient.open(ringway.port);
          await waitFor('errors', async () => {
            sentinel.publish('+failover-state-send-slaveof-noone', about);
            const replies = [client.command('SET', 'a', 1), other.command('BLPOP', 'l', 0)];
            const texts = (await Promise.all(replies)).map(String);
            return texts.every((text) => /no longer the master/.test(text));
          });
          const before = old.asked.length;
          const large = 'x'.repeat(300_000);
          for (const words of [
            ['SET', 'a', '2'],
            ['BLPOP', 'l', '0'],
            ['SET', 'b', large],
          ]) {
            assert.match(String(await client.command(...words)), /no longer the master/);
          }
          replica.isMaster = true;
          await waitFor('the move', async () => (await client.text('SET', 'a', 3)) === 'OK');
          assert.equal(old.asked.length, before);
          other.close();
        },
        { failover_wait: wait, max_assembled_request: 200_000 },
      );
      await old.server.stop();
      await replica.server.stop();
    });
  }
});
