import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../../src/config/index.ts';
import { send, startFake } from '../../support/fake-server.ts';
import { type RealServer, startRedis, startRedisSet } from '../../support/real-servers.ts';
import { RespClient, type Word } from '../../support/resp-client.ts';
import {
  poolFile,
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
} from '../../support/ringway.ts';
import { encodeSequence, repliesTo, titleOf } from '../../support/sequences.ts';
import { delay, waitFor } from '../../support/wait.ts';
import { ALIKE } from './blocking-sequences.ts';

for (const variant of VARIANTS) {
  describe(`commands that block, ${variant.label}`, () => {
    let servers: RealServer[];
    let direct: RealServer;
    let one: TestRingway;
    let four: TestRingway;

    before(async () => {
      [direct, ...servers] = await startRedisSet(6);
      const lines = shards(servers.map(({ port }) => port));
      one = await startInProcess({ servers: lines.slice(0, 1), hash_tag: '{}' }, variant);
      four = await startInProcess({ servers: lines.slice(1), hash_tag: '{}' }, variant);
    });
    after(async () => {
      await Promise.all([one.stop(), four.stop()]);
      await Promise.all([direct, ...servers].map((server) => server.stop()));
    });

    for (const resp of [2, 3] as const) {
      test(`in the words of Redis, RESP${resp}`, async () => {
        const ports = [direct.port, one.port, four.port];
        for (const { port } of [direct, ...servers]) await repliesTo(port, 2, [['FLUSHALL']]);
        for (const sequence of ALIKE) {
          const [wanted, ...got] = await Promise.all(
            ports.map((port) => repliesTo(port, resp, sequence)),
          );
          for (const replies of got) assert.deepEqual(replies, wanted, titleOf(sequence));
        }
      });
    }
  });
}

describe('a client that is blocked', () => {
  let servers: RealServer[];
  let ringway: Awaited<ReturnType<typeof startInProcess>>;
  let other: RespClient;
  const lines = (): string[] => shards(servers.map(({ port }) => port));

  before(async () => {
    servers = await startRedisSet(4);
    const keys = { hash_tag: '{}', timeout: 300, client_idle_timeout: 400, slowlog_ms: 100 };
    ringway = await startInProcess({ servers: lines(), ...keys });
    other = await RespClient.open(ringway.port);
    // It asks often enough not to be idle.
  });
  after(async () => {
    other.close();
    await ringway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  async function ask(...words: Word[]) {
    if (other.ended) other = await RespClient.open(ringway.port);
    return other.command(...words);
  }

  async function blockedClients(): Promise<number> {
    const info = String(await ask('INFO', 'clients'));
    return Number(/blocked_clients:(\d+)/.exec(info)?.[1]);
  }

  /** On the servers themselves. */
  async function blockedConnections(): Promise<number> {
    let all = 0;
    for (const { port } of servers) {
      const control = await RespClient.open(port);
      const info = String(await control.command('INFO', 'clients'));
      all += Number(/blocked_clients:(\d+)/.exec(info)?.[1]);
      control.close();
    }
    return all;
  }

  async function blocks(...words: Word[]): Promise<RespClient> {
    const before = await blockedConnections();
    const client = await RespClient.open(ringway.port);
    await client.send(encodeSequence([words]));
    await waitFor('it to be blocked', async () => (await blockedConnections()) === before + 1);
    return client;
  }

  for (const [words, push, wanted] of [
    [['BLPOP', '{a}1', '{a}2', '0'], ['RPUSH', '{a}2', 'v'], '{a}2,v'],
    [['BRPOP', '{b}1', '0'], ['LPUSH', '{b}1', 'v'], '{b}1,v'],
    [['BLMOVE', '{c}1', '{c}2', 'LEFT', 'LEFT', '0'], ['RPUSH', '{c}1', 'v'], 'v'],
    [['BRPOPLPUSH', '{d}1', '{d}2', '0'], ['RPUSH', '{d}1', 'v'], 'v'],
    [['BLMPOP', '0', '1', '{e}1', 'LEFT'], ['RPUSH', '{e}1', 'v'], '{e}1,v'],
    [['BZPOPMIN', '{f}1', '0'], ['ZADD', '{f}1', '1', 'v'], '{f}1,v,1'],
    [['BZPOPMAX', '{g}1', '0'], ['ZADD', '{g}1', '1', 'v'], '{g}1,v,1'],
    [['BZMPOP', '0', '1', '{h}1', 'MIN'], ['ZADD', '{h}1', '1', 'v'], '{h}1,v,1'],
    [
      ['XREAD', 'BLOCK', '0', 'STREAMS', '{i}1', '$'],
      ['XADD', '{i}1', '1-1', 'f', 'v'],
      '{i}1,1-1,f,v',
    ],
  ] as const) {
    test(`${words[0]}: hears when another client gives it something`, async () => {
      const client = await blocks(...words);
      assert.equal(await blockedClients(), 1);
      assert.match(String(await ask('CLIENT', 'LIST')), / flags=b /);
      // Longer than every timeout of the pool.
      await delay(words[0] === 'BLPOP' ? 900 : 20);
      await ask(...push);
      assert.equal(String((await client.read(1))[0]), wanted);
      assert.equal(await client.command('PING'), 'PONG');
      assert.equal(await blockedClients(), 0);
      client.close();
    });
  }

  test('is in no slow log and no latency', async () => {
    assert.equal(await ask('SLOWLOG', 'LEN'), 0);
    const { pools } = await ringway.ringway.status();
    assert.ok(pools.length > 0);
  });

  test('holds up what it sends behind, and gets all of it in order', async () => {
    const client = await blocks('BLPOP', '{j}', '0');
    await client.send(encodeSequence([['LLEN', '{j}'], ['BLPOP', '{j}', '0'], ['PING']]));
    await ask('RPUSH', '{j}', '1', '2', '3');
    assert.deepEqual((await client.read(4)).map(String), ['{j},1', '2', '{j},2', 'PONG']);
    await ask('DEL', '{j}');
    client.close();
  });

  for (const [name, leave] of [
    ['ends', (client: RespClient) => client.halfClose()],
    ['is reset', (client: RespClient) => client.reset()],
  ] as const) {
    test(`and whose connection ${name} takes no element`, async () => {
      for (let i = 0; i < 10; i++) {
        const client = await blocks('BLPOP', `{k}${i}`, '0');
        leave(client);
        if (i % 2 === 0) await waitFor('it to be gone', async () => (await blockedClients()) === 0);
        await waitFor('the server to know', async () => (await blockedConnections()) === 0);
        assert.equal(await ask('RPUSH', `{k}${i}`, 'v'), 1);
        assert.equal(await ask('LLEN', `{k}${i}`), 1, 'nobody took it');
        await ask('DEL', `{k}${i}`);
        client.close();
      }
    });
  }

  test('is killed by CLIENT KILL', async () => {
    const client = await blocks('BLPOP', '{l}', '0');
    assert.equal(await ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'), 1);
    await waitFor('the end', () => client.ended);
    await waitFor('the server to know', async () => (await blockedConnections()) === 0);
  });

  test('is unblocked by CLIENT UNBLOCK, and the next one on its connection is not', async () => {
    const opened = await RespClient.open(ringway.port);
    const id = await opened.command('CLIENT', 'ID');
    for (const [reason, wanted] of [
      [[], 'null'],
      [['TIMEOUT'], 'null'],
      [['ERROR'], 'ReplyError: UNBLOCKED client unblocked via CLIENT UNBLOCK'],
    ] as const) {
      assert.equal(await ask('CLIENT', 'UNBLOCK', Number(id)), 0);
      opened.socket.write(encodeSequence([['BLPOP', '{m}', '0']]));
      await waitFor('it to be blocked', async () => (await blockedConnections()) === 1);
      assert.equal(await ask('CLIENT', 'UNBLOCK', Number(id), ...reason), 1);
      assert.equal(String((await opened.read(1))[0]), wanted);
    }
    opened.close();
  });

  test('hears of a server that is lost, and of one that says nothing', async () => {
    const lost = await blocks('BLPOP', '{n}', '0');
    const control = await Promise.all(servers.map(({ port }) => RespClient.open(port)));
    for (const each of control) {
      await each.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    assert.match(String((await lost.read(1))[0]), /^ReplyError: ERR /);
    const silent = await blocks('BLPOP', '{n}', '0.2');
    for (const server of servers) server.kill('SIGSTOP');
    const began = Date.now();
    assert.match(String((await silent.read(1))[0]), /^ReplyError: ERR Connection timed out/);
    assert.ok(Date.now() - began >= 300, 'not before its own time and that of the server are over');
    for (const server of servers) server.kill('SIGCONT');
    for (const each of [lost, silent, ...control]) each.close();
    await waitFor('the servers', async () => typeof (await ask('DBSIZE')) === 'number');
  });

  test('on keys of several servers is refused', async () => {
    const trees = 'ash beech cedar elm fir hazel larch maple oak pine'.split(' ');
    const reply = await waitFor('a server', async () => {
      const said = String(await ask('BLPOP', ...trees, '0'));
      return /CROSSSERVER/.test(said) ? said : null;
    });
    assert.match(reply, /give them a common hash tag/);
  });

  test('sees a reload of the file through, and the end of the proxy closes it', async () => {
    const own = await startInProcess({ servers: lines().slice(0, 1) });
    const client = await RespClient.open(own.port);
    await client.send(encodeSequence([['BLPOP', 'r', '0']]));
    await waitFor('it to be blocked', async () => (await blockedConnections()) === 1);
    const listen = `127.0.0.1:${own.port}`;
    const { text } = await poolFile([{ servers: lines().slice(0, 2), listen }]);
    await own.ringway.reload(parseConfig(Buffer.from(text), 'test.yml'));
    // Its key may have gone to the other server, and it behind it.
    await waitFor('it to be blocked', async () => (await blockedConnections()) === 1);
    await own.ringway.stop(60_000);
    await waitFor('the end', () => client.ended);
    assert.deepEqual(
      own.log.filter((line) => line.includes('does not end what it waits for')),
      [],
      'its server was asked to end it, and nobody had to wait for its last moment',
    );
  });
});

describe('queues', () => {
  test('of numbered elements lose none and give none twice, while clients vanish', async () => {
    const server = await startRedis();
    const ringway = await startInProcess({ servers: shards([server.port]), timeout: 2000 });
    const COUNT = 400;
    const taken: number[] = [];
    let open = true;
    const consumer = async (leaves: boolean): Promise<void> => {
      while (open) {
        const client = await RespClient.open(ringway.port);
        for (let i = 0; open && (!leaves || i < 5); i++) {
          const reply = await client.command('BLPOP', 'queue', '0.1');
          if (Array.isArray(reply)) taken.push(Number(reply[1]));
        }
        client.close();
      }
    };
    const vanishing = async (): Promise<void> => {
      while (open) {
        // What it asks for never comes: it can lose nothing.
        const client = await RespClient.open(ringway.port);
        await client.send(encodeSequence([['BLPOP', 'nothing', '0']]));
        await delay(3);
        if (Math.random() < 0.5) client.reset();
        else client.halfClose();
      }
    };
    const all = [consumer(false), consumer(true), consumer(true), vanishing(), vanishing()];
    const producer = await RespClient.open(ringway.port);
    for (let i = 0; i < COUNT; i++) {
      await producer.command('RPUSH', 'queue', String(i));
      if (i % 10 === 0) await delay(2);
    }
    await waitFor('all to be taken', () => taken.length >= COUNT);
    open = false;
    await Promise.all(all);
    assert.deepEqual(
      taken.toSorted((a, b) => a - b),
      Array.from({ length: COUNT }, (_, i) => i),
    );
    producer.close();
    const control = await RespClient.open(server.port);
    await waitFor('no client to be blocked', async () => {
      return String(await control.command('INFO', 'clients')).includes('blocked_clients:0');
    });
    control.close();
    await ringway.stop();
    await server.stop();
  });
});

describe('a server that answers CLIENT UNBLOCK', () => {
  const SAYS = {
    'with a text that is large': `$3000000\r\n${'x'.repeat(3_000_000)}\r\n`,
    'with a list': `*20000\r\n${':1\r\n'.repeat(20_000)}`,
    'with a status': '+OK\r\n',
  };
  for (const [how, says] of Object.entries(SAYS)) {
    test(`${how}: an error, and what was asked behind it gets its own replies`, async () => {
      const server = await startFake((_index, request) => {
        const text = request.toString('latin1');
        if (text.includes('BLPOP')) return undefined;
        if (text.includes('UNBLOCK')) return send(says);
        return send(text.includes('CLIENT') ? ':7\r\n' : '+asked\r\n');
      });
      const ringway = await startInProcess({ servers: shards([server.port]) });
      const blocked = await RespClient.open(ringway.port);
      const id = Number(await blocked.command('CLIENT', 'ID'));
      await blocked.send(encodeSequence([['BLPOP', 'list', '0']]));
      await waitFor('it to be sent', () => server.received.some((each) => each.includes('BLPOP')));
      await delay(50);
      const other = await RespClient.open(ringway.port);
      const [unblocked, behind] = await other.pipeline([
        ['CLIENT', 'UNBLOCK', id],
        ['GET', 'a'],
      ]);
      assert.equal(String(unblocked), 'ReplyError: ERR Invalid argument');
      assert.equal(behind, 'asked');
      for (const each of [blocked, other]) each.close();
      await ringway.stop();
      await server.stop();
    });
  }
});
