import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { type FakeServer, type Script, send, startFake } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startMemcached, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { startInProcess, VARIANTS, type Variant } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// A server that its breaker keeps requests from, and that comes back.

for (const variant of VARIANTS) {
  describe(`a server that is started again, ${variant.label}`, () => {
    test('memcached: of a set and a get in one packet both are served, or neither', () => {
      return restarted(variant, startMemcached, {
        pool: { redis: false },
        packet: Buffer.from('set k 0 0 1\r\nv\r\nget k\r\n'),
        served: 'STORED\r\nVALUE k 0 1\r\nv\r\nEND\r\n',
        refused: 'SERVER_ERROR Connection refused\r\n'.repeat(2),
      });
    });

    test('Redis: of a SET and a GET in one packet both are served, or neither', () => {
      return restarted(variant, startRedis, {
        pool: {},
        packet: Buffer.concat([encodeRequest('SET', 'k', 'v'), encodeRequest('GET', 'k')]),
        served: '+OK\r\n$1\r\nv\r\n',
        refused: '-ERR Connection refused\r\n'.repeat(2),
      });
    });
  });
}

interface Exchange {
  readonly pool: object;
  readonly packet: Buffer;
  readonly served: string;
  readonly refused: string;
}

async function restarted(
  variant: Variant,
  startServer: () => Promise<RealServer>,
  { pool, packet, served, refused }: Exchange,
): Promise<void> {
  const server = await startServer();
  const servers = [`127.0.0.1:${server.port}`];
  const limits = { breaker_failures: 1, breaker_max_wait: 300 };
  const ringway = await startInProcess({ servers, ...limits, ...pool }, variant);
  const client = connect(ringway.port, '127.0.0.1').setNoDelay();
  try {
    assert.equal(await exchange(client, packet, [served]), served);
    for (let round = 0; round < 3; round++) {
      server.kill('SIGKILL');
      await waitFor('the server to be gone', () => !server.running);
      // The first may still meet the end of the old connection; the next trips the breaker.
      await waitFor('the breaker', async () => {
        const replies = await exchange(client, packet, [refused, served, /\n.*\n/]);
        return replies === refused;
      });
      assert.equal(await exchange(client, packet, [refused]), refused);
      await server.restart();
      const seen: string[] = [];
      await waitFor('its return', async () => {
        seen.push(await exchange(client, packet, [served, refused, /\n.*refused\r\n$/]));
        return seen.at(-1) !== refused;
      });
      assert.equal(seen.at(-1), served);
    }
  } finally {
    client.destroy();
    await ringway.stop();
    await server.stop();
  }
}

/** Sends a packet. @returns the reply to it, as soon as it is one of `expected` */
function exchange(
  socket: Socket,
  packet: Buffer,
  expected: readonly (string | RegExp)[],
): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const late = setTimeout(() => reject(new Error(`got no more than ${reply}`)), 30_000);
    const onData = (chunk: Buffer): void => {
      reply += chunk.toString('latin1');
      const done = expected.some((each) => {
        return typeof each === 'string' ? each === reply : each.test(reply);
      });
      if (!done) return;
      clearTimeout(late);
      socket.off('data', onData);
      resolve(reply);
    };
    socket.on('data', onData);
    socket.write(packet);
  });
}

interface Tripped {
  readonly client: RespClient;
  readonly fake: FakeServer;
  readonly port: number;
}

/** A pool of one server, whose breaker has tripped before the server listens. */
async function withTripped(
  script: Script,
  act: (parts: Tripped) => Promise<void>,
  variant?: Variant,
): Promise<void> {
  const port = await freePort();
  const limits = { breaker_failures: 1, breaker_max_wait: 100 };
  const ringway = await startInProcess({ servers: [`127.0.0.1:${port}`], ...limits }, variant);
  const client = await RespClient.open(ringway.port);
  let fake: FakeServer | null = null;
  try {
    assert.match(String(await client.command('GET', 'k')), /Connection refused/);
    fake = await startFake(script, undefined, port);
    await act({ client, fake, port: ringway.port });
  } finally {
    client.close();
    await ringway.stop();
    await fake?.stop();
  }
}

function isPing(request: Buffer): boolean {
  return request.includes('PING');
}

describe('a server that is looked for', () => {
  for (const variant of VARIANTS) {
    test(`requests that come meanwhile are served when it answers, ${variant.label}`, async () => {
      const script: Script = (_, request) => {
        if (isPing(request)) return send('+PONG\r\n', 60);
        return send(request.includes('SET') ? '+OK\r\n' : '$1\r\nv\r\n');
      };
      await withTripped(
        script,
        async ({ client, fake }) => {
          await waitFor('the look', () => fake.received.length > 0);
          const replies = await client.pipeline([
            ['SET', 'k', 'v'],
            ['GET', 'k'],
            ['MGET', 'k'],
          ]);
          assert.deepEqual(replies.slice(0, 2).map(String), ['OK', 'v']);
          assert.equal(fake.received.filter(isPing).length, 1);
          assert.ok(isPing(fake.received[0]), 'no request of a client is the look');
        },
        variant,
      );
    });

    test(`requests wait for a moment at most when it says nothing, ${variant.label}`, async () => {
      await withTripped(
        () => ({ do: 'silence' }),
        async ({ client, fake }) => {
          await waitFor('the look', () => fake.received.length > 0);
          const replies = await client.pipeline([
            ['SET', 'k', 'v'],
            ['GET', 'k'],
          ]);
          for (const reply of replies) assert.match(String(reply), /Connection refused/);
          assert.equal(fake.open.size, 1, 'the look is still under way');
          assert.match(String(await client.command('GET', 'k')), /Connection refused/);
          assert.ok(fake.received.every(isPing), 'no request went there');
        },
        variant,
      );
    });
  }

  test('a client that goes while it waits leaves nothing behind', async () => {
    const script: Script = (_, request) => {
      return isPing(request) ? send('+PONG\r\n', 100) : send('$1\r\nv\r\n');
    };
    await withTripped(script, async ({ client, fake, port }) => {
      await waitFor('the look', () => fake.received.length > 0);
      const going = await RespClient.open(port);
      await going.send(encodeRequest('GET', 'gone'));
      going.close();
      assert.equal(String(await client.command('GET', 'k')), 'v');
      await waitFor('it to be gone', async () => {
        return (
          String(await client.command('CLIENT', 'LIST'))
            .trim()
            .split('\n').length === 1
        );
      });
    });
  });

  test('one that takes the connection and closes it is looked for again', async () => {
    let looks = 0;
    const script: Script = (_, request) => {
      if (!isPing(request)) return send('$1\r\nv\r\n');
      return ++looks < 4 ? { do: 'send-and-end', bytes: Buffer.alloc(0) } : send('+PONG\r\n');
    };
    await withTripped(script, async ({ client, fake }) => {
      await waitFor('its return', async () => String(await client.command('GET', 'k')) === 'v');
      assert.equal(fake.received.filter(isPing).length, 4);
    });
  });

  for (const words of ['LOADING not yet', 'NOAUTH who are you']) {
    test(`one that answers -${words} is there: clients are told in its own words`, async () => {
      await withTripped(
        () => send(`-${words}\r\n`),
        async ({ client }) => {
          await waitFor('its words', async () => {
            return String(await client.command('GET', 'k')).includes(words);
          });
        },
      );
    });
  }
});
