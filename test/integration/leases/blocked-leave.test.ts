import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../../src/config/index.ts';
import { type FakeServer, send, startFake } from '../../support/fake-server.ts';
import { type RealServer, startRedis } from '../../support/real-servers.ts';
import { encodeRequest, RespClient } from '../../support/resp-client.ts';
import { type PoolSpec, poolFile, shards, startInProcess } from '../../support/ringway.ts';
import { encodeSequence } from '../../support/sequences.ts';
import { waitFor } from '../../support/wait.ts';

type InProcess = Awaited<ReturnType<typeof startInProcess>>;

/** Blocks: it is sent, and waits. */
const POP = encodeRequest('BLPOP', 'q', '0');
const ELEMENT = '*2\r\n$1\r\nq\r\n$1\r\nv\r\n';

/**
 * A server whose element and whose end of the wait meet: who is unblocked has just been given one.
 * @param says to the request that it let wait, when it is asked to end it
 */
async function serverThatGives(says: string | null): Promise<FakeServer> {
  let blocked: Socket | null = null;
  return startFake((_index, request, socket) => {
    const text = request.toString('latin1');
    if (text.includes('BLPOP') || text.includes('XREADGROUP')) {
      blocked = socket;
      return undefined;
    }
    if (text.includes('UNBLOCK')) {
      if (says === null) return undefined;
      blocked?.write(says);
      return send(':0\r\n');
    }
    return send(text.includes('CLIENT') ? ':7\r\n' : '+OK\r\n');
  });
}

async function blockOn(server: FakeServer, ringway: InProcess): Promise<RespClient> {
  const client = await RespClient.open(ringway.port);
  await client.send(POP);
  await waitFor('it to be sent', () => server.received.some((each) => each.includes('BLPOP')));
  return client;
}

async function reload({ ringway }: InProcess, pool: PoolSpec): Promise<void> {
  const { text } = await poolFile([pool]);
  await ringway.reload(parseConfig(Buffer.from(text), 'test.yml'));
}

/** What has a client end that is blocked and still there. */
const WAYS: Record<string, (ringway: InProcess, client: RespClient) => Promise<unknown>> = {
  'sends no more': async (_ringway, client) => client.halfClose(),
  'is killed by CLIENT KILL': async (ringway) => {
    const other = await RespClient.open(ringway.port);
    await other.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    other.close();
  },
  'is there when the proxy stops': (ringway) => ringway.ringway.stop(5_000),
  'is of a pool that a reload takes away': (ringway) =>
    reload(ringway, { name: 'other', servers: shards([1]) }),
};

for (const [way, end] of Object.entries(WAYS)) {
  describe(`a client that is blocked and ${way}`, () => {
    for (const [what, says, hears] of [
      ['what its server has given it', ELEMENT, ELEMENT],
      ['nothing, when nothing has come', '*-1\r\n', ''],
    ] as const) {
      test(`hears ${what}, then the end`, async (t) => {
        const server = await serverThatGives(says);
        t.after(() => server.stop());
        const ringway = await startInProcess({ servers: shards([server.port]) });
        t.after(() => ringway.stop());
        const client = await blockOn(server, ringway);
        t.after(() => client.close());
        await client.send(encodeRequest('PING'));
        const ending = end(ringway, client);
        const behind = hears !== '' && way === 'sends no more' ? '+PONG\r\n' : '';
        assert.equal((await client.readToEnd()).toString(), hears + behind);
        await ending;
      });
    }
  });
}

test('a client that is blocked and whose user a reload takes away hears what has come', async (t) => {
  const server = await serverThatGives(ELEMENT);
  t.after(() => server.stop());
  const servers = shards([server.port]);
  const ringway = await startInProcess({ servers, users: ['gone on >secret ~* +@all'] });
  t.after(() => ringway.stop());
  const client = await RespClient.open(ringway.port);
  t.after(() => client.close());
  assert.equal(await client.command('AUTH', 'gone', 'secret'), 'OK');
  await client.send(POP);
  await waitFor('it to be sent', () => server.received.some((each) => each.includes('BLPOP')));
  const listen = `127.0.0.1:${ringway.port}`;
  await reload(ringway, { servers, listen, users: ['other on >secret ~* +@all'] });
  assert.equal((await client.readToEnd()).toString(), ELEMENT);
});

test('a client that is killed in the turn in which its server gives it something hears that', async (t) => {
  let blocked: Socket | null = null;
  const server = await startFake((_index, request, socket) => {
    if (!request.includes('BLPOP')) return send(request.includes('CLIENT') ? ':7\r\n' : '+OK\r\n');
    blocked = socket;
    return undefined;
  });
  t.after(() => server.stop());
  const ringway = await startInProcess({ servers: shards([server.port]) });
  t.after(() => ringway.stop());
  const other = await RespClient.open(ringway.port);
  t.after(() => other.close());
  for (let i = 0; i < 20; i++) {
    blocked = null;
    const client = await RespClient.open(ringway.port);
    const id = String(await client.command('CLIENT', 'ID'));
    await client.send(POP);
    await waitFor('it to be sent', () => blocked !== null);
    (blocked as unknown as Socket).write(ELEMENT);
    assert.equal(await other.command('CLIENT', 'KILL', 'ID', id), 1);
    assert.equal((await client.readToEnd()).toString(), ELEMENT);
    client.close();
  }
});

describe('a client that is blocked and sends no more', () => {
  test('hears what one of several servers has given it', async (t) => {
    const ENTRY = '*1\r\n*2\r\n$3\r\noak\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n';
    const servers = [await serverThatGives(ENTRY), await serverThatGives('*-1\r\n')];
    t.after(() => Promise.all(servers.map((server) => server.stop())));
    const ringway = await startInProcess({ servers: shards(servers.map(({ port }) => port)) });
    t.after(() => ringway.stop());
    const client = await RespClient.open(ringway.port);
    t.after(() => client.close());
    const trees = ['ash', 'beech', 'cedar', 'elm', 'fir', 'oak'];
    const words = ['GROUP', 'g', 'me', 'BLOCK', 0, 'STREAMS', ...trees, ...trees.map(() => '>')];
    await client.send(encodeRequest('XREADGROUP', ...words));
    const asks = ({ received }: FakeServer) => received.some((each) => each.includes('XREADGROUP'));
    await waitFor('both to be asked', () => servers.every(asks));
    client.halfClose();
    assert.equal((await client.readToEnd()).toString(), ENTRY);
  });

  test('is gone when no connection is free for it', async (t) => {
    const server = await serverThatGives('*-1\r\n');
    t.after(() => server.stop());
    const keys = { max_leased_connections: 1, lease_wait: 60_000 };
    const ringway = await startInProcess({ servers: shards([server.port]), ...keys });
    t.after(() => ringway.stop());
    const first = await blockOn(server, ringway);
    t.after(() => first.close());
    const client = await RespClient.open(ringway.port);
    t.after(() => client.close());
    await client.send(POP);
    client.halfClose();
    assert.equal((await client.readToEnd()).toString(), '');
    assert.equal(server.received.filter((each) => each.includes('BLPOP')).length, 1);
  });

  test('is not kept for ever by a server that says nothing', async (t) => {
    const server = await serverThatGives(null);
    t.after(() => server.stop());
    const ringway = await startInProcess({ servers: shards([server.port]) });
    t.after(() => ringway.stop());
    const client = await blockOn(server, ringway);
    t.after(() => client.close());
    client.halfClose();
    assert.equal((await client.readToEnd()).toString(), '');
    assert.match(ringway.log.join('\n'), /its server does not end what it waits for/);
  });
});

describe('the elements of a queue', () => {
  let redis: RealServer;
  let control: RespClient;
  before(async () => {
    redis = await startRedis();
    control = await RespClient.open(redis.port);
  });
  after(async () => {
    control.close();
    await redis.stop();
  });

  async function fill(count: number): Promise<void> {
    await control.command('DEL', 'q');
    for (let i = 0; i < count; i += 1000) {
      const some = Array.from({ length: Math.min(1000, count - i) }, (_, j) => i + j);
      await control.command('RPUSH', 'q', ...some);
    }
  }

  test('are in the list or with a client that sends no more at any moment', async (t) => {
    const ringway = await startInProcess({ servers: shards([redis.port]) });
    t.after(() => ringway.stop());
    for (const requests of [[['GET', 'x'], ['BLPOP', 'q', 1], ['PING']], [['BLPOP', 'q', 1]]]) {
      for (const micros of [-1, 0, 100, 200, 300, 400, 600]) {
        await fill(20);
        let answered = 0;
        for (let i = 0; i < 20; i++) {
          const client = await RespClient.open(ringway.port);
          if (micros < 0) client.socket.end(encodeSequence(requests));
          else client.socket.write(encodeSequence(requests));
          const until = performance.now() + micros / 1000;
          while (performance.now() < until);
          client.halfClose();
          const said = (await client.readToEnd()).toString();
          if (said.includes('$1\r\nq\r\n')) answered++;
          if (requests.length > 1) assert.match(said, /^\$-1\r\n\*2\r\n[^+]*\+PONG\r\n$/);
          client.close();
        }
        assert.deepEqual([answered, await control.command('LLEN', 'q')], [20, 0], `${micros} µs`);
      }
    }
  });

  test('are in the list or with a client when the proxy stops', async (t) => {
    const COUNT = 20_000;
    for (let round = 0; round < 4; round++) {
      const ringway = await startInProcess({ servers: shards([redis.port]) });
      t.after(() => ringway.stop());
      await fill(COUNT);
      let taken = 0;
      const consume = async (): Promise<void> => {
        const client = await RespClient.open(ringway.port);
        for (;;) {
          const reply = await client.command('BLPOP', 'q', 1).catch(() => null);
          if (!Array.isArray(reply)) break;
          taken++;
        }
        client.close();
      };
      const all = Array.from({ length: 16 }, consume);
      await waitFor('them to be at it', () => taken > 500);
      await ringway.stop();
      await Promise.all(all);
      const left = Number(await control.command('LLEN', 'q'));
      assert.ok(left > 0, 'it stopped in the midst of it');
      assert.equal(taken + left, COUNT);
    }
  });
});
