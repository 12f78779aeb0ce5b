import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../../src/config/index.ts';
import { send, startFake } from '../../support/fake-server.ts';
import { type RealServer, startRedisSet } from '../../support/real-servers.ts';
import { RespClient, type Word } from '../../support/resp-client.ts';
import { poolFile, shards, startInProcess } from '../../support/ringway.ts';
import { encodeSequence, repliesTo, type Sequence, titleOf } from '../../support/sequences.ts';
import { waitFor } from '../../support/wait.ts';

// On four servers each of these names is on another one than the one before.
const TREES = 'ash beech cedar elm fir hazel larch maple oak pine'.split(' ');

function streams(names: readonly string[], id: string): Word[] {
  return ['STREAMS', ...names, ...names.map(() => id)];
}

const ALIKE: readonly Sequence[] = [
  [['XREAD', 'BLOCK', 20, ...streams(TREES, '$')], ['PING']],
  [
    ...TREES.map((tree, i): Word[] => ['XADD', tree, `${i + 1}-1`, 'f', `v${i}`]),
    ['XREAD', 'BLOCK', 0, ...streams(TREES, '0')],
    ['XREAD', 'COUNT', 1, 'BLOCK', 0, ...streams([...TREES].reverse(), '0')],
    ['XREAD', 'BLOCK', 0, ...streams(TREES, '5-0')],
    ['XREAD', 'BLOCK', 20, ...streams(TREES, '20-0')],
    ['XREAD', 'BLOCK', 0, ...streams(['ash', 'beech', 'ash', 'cedar', 'ash'], '0')],
    ['PING'],
  ],
  [
    ...TREES.map((tree): Word[] => ['XGROUP', 'CREATE', tree, 'g', '$', 'MKSTREAM']),
    ['XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 20, ...streams(TREES, '>')],
    ['XADD', 'beech', '50-1', 'f', 'v'],
    ['XADD', 'oak', '60-1', 'f', 'v'],
    ['XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', 1, 'BLOCK', 0, ...streams(TREES, '>')],
    ['XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, ...streams(['beech', 'oak'], '0')],
    ['XPENDING', 'beech', 'g'],
    ['XPENDING', 'oak', 'g'],
    ['XREADGROUP', 'GROUP', 'g', 'c', 'NOACK', 'BLOCK', 20, ...streams(TREES, '>')],
    // A group and a member may be called like an option.
    ...TREES.map((tree): Word[] => ['XGROUP', 'CREATE', tree, 'maxcount', '0']),
    ['XREADGROUP', 'GROUP', 'maxcount', 'MAXSIZE', 'BLOCK', 0, ...streams(TREES, '>')],
  ],
  [
    ['XREADGROUP', 'GROUP', 'nobody', 'c', 'BLOCK', 0, ...streams(['none1', 'none2'], '>')],
    ['XREAD', 'BLOCK', 'x', ...streams(TREES, '$')],
    ['XREAD', 'BLOCK', -1, ...streams(TREES, '$')],
    ['XREAD', 'BLOCK', 0, 'STREAMS', 'ash', 'beech', '0'],
    ['XREAD', 'BLOCK', 0, ...streams(['ash', 'beech'], 'no-id')],
    ['PING'],
  ],
  [
    ...TREES.map((tree): Word[] => ['DEL', tree]),
    ['SET', 'ash', 1],
    ['XREAD', 'BLOCK', 0, ...streams(['ash'], '0')],
    ['MULTI'],
    ['XREAD', 'BLOCK', 0, ...streams(['cedar'], '0')],
    ['EXEC'],
  ],
];

describe('XREAD and XREADGROUP with BLOCK, of streams on several servers', () => {
  let servers: RealServer[];
  let direct: RealServer;
  let ringway: Awaited<ReturnType<typeof startInProcess>>;
  let other: RespClient;

  before(async () => {
    [direct, ...servers] = await startRedisSet(5);
    ringway = await startInProcess({ servers: shards(servers.map(({ port }) => port)) });
    other = await RespClient.open(ringway.port);
  });
  after(async () => {
    other.close();
    await ringway.stop();
    await Promise.all([direct, ...servers].map((server) => server.stop()));
  });

  /** On the servers themselves. */
  async function blockedConnections(): Promise<number> {
    let all = 0;
    for (const server of servers.filter(({ running }) => running)) {
      const control = await RespClient.open(server.port);
      const info = String(await control.command('INFO', 'clients'));
      all += Number(/blocked_clients:(\d+)/.exec(info)?.[1]);
      control.close();
    }
    return all;
  }

  async function blocks(...words: Word[]): Promise<RespClient> {
    const client = await RespClient.open(ringway.port);
    await client.send(encodeSequence([words]));
    await waitFor('it to wait everywhere', async () => (await blockedConnections()) === 4);
    return client;
  }

  for (const resp of [2, 3] as const) {
    test(`in the words of Redis, RESP${resp}`, async () => {
      for (const { port } of [direct, ...servers]) await repliesTo(port, 2, [['FLUSHALL']]);
      for (const sequence of ALIKE) {
        const [wanted, got] = await Promise.all(
          [direct.port, ringway.port].map((port) => repliesTo(port, resp, sequence)),
        );
        assert.deepEqual(got, wanted, titleOf(sequence));
      }
      for (const { port } of [direct, ...servers]) await repliesTo(port, 2, [['FLUSHALL']]);
    });
  }

  test('what comes on one ends it, and nobody waits any more', async () => {
    for (const tree of TREES) {
      const client = await blocks('XREAD', 'BLOCK', 0, ...streams(TREES, '$'));
      assert.match(String(await other.command('CLIENT', 'LIST')), / flags=b /);
      await other.command('XADD', tree, '*', 'f', 'v');
      const [reply] = await client.read(1);
      assert.equal(String(reply).split(',')[0], tree);
      assert.equal(await client.command('PING'), 'PONG');
      assert.equal(await blockedConnections(), 0);
      client.close();
    }
    assert.match(String(await other.command('INFO', 'clients')), /blocked_clients:0/);
  });

  test('is unblocked by CLIENT UNBLOCK', async () => {
    for (const [reason, wanted] of [
      [[], 'null'],
      [['ERROR'], 'ReplyError: UNBLOCKED client unblocked via CLIENT UNBLOCK'],
    ] as const) {
      const client = await RespClient.open(ringway.port);
      const id = Number(await client.command('CLIENT', 'ID'));
      await client.send(encodeSequence([['XREAD', 'BLOCK', 0, ...streams(TREES, '$')]]));
      await waitFor('it to wait', async () => (await blockedConnections()) === 4);
      assert.equal(await other.command('CLIENT', 'UNBLOCK', id, ...reason), 1);
      assert.equal(String((await client.read(1))[0]), wanted);
      assert.equal(await other.command('CLIENT', 'UNBLOCK', id, ...reason), 0);
      assert.equal(await blockedConnections(), 0);
      client.close();
    }
  });

  test('ends with its client, however that goes', async () => {
    for (const leave of ['halfClose', 'reset'] as const) {
      const client = await blocks('XREAD', 'BLOCK', 0, ...streams(TREES, '$'));
      client[leave]();
      await waitFor('the servers to know', async () => (await blockedConnections()) === 0);
      client.close();
    }
  });

  test('a reload that gives streams to another server: it goes on there', async () => {
    const own = await startInProcess({
      servers: shards(servers.map(({ port }) => port)).slice(0, 2),
    });
    const client = await RespClient.open(own.port);
    await client.send(encodeSequence([['XREAD', 'BLOCK', 0, ...streams(TREES, '$')]]));
    await waitFor('it to wait', async () => (await blockedConnections()) === 2);
    const lines = shards(servers.map(({ port }) => port));
    const { text } = await poolFile([{ servers: lines, listen: `127.0.0.1:${own.port}` }]);
    await own.ringway.reload(parseConfig(Buffer.from(text), 'test.yml'));
    await waitFor('it to wait at all', async () => (await blockedConnections()) === 4);
    const writer = await RespClient.open(own.port);
    await writer.command('XADD', 'oak', '99999999999999-1', 'f', 'v');
    assert.equal(String((await client.read(1))[0]), 'oak,99999999999999-1,f,v');
    await waitFor('nobody to wait', async () => (await blockedConnections()) === 0);
    for (const each of [client, writer]) each.close();
    await own.stop();
    for (const { port } of servers) await repliesTo(port, 2, [['FLUSHALL']]);
  });

  test('options that bound what comes of all together are refused', async () => {
    const words = ['XREAD', 'MAXCOUNT', 5, 'BLOCK', 0, ...streams(TREES, '$')];
    assert.match(String(await other.command(...words)), /CROSSSERVER/);
    const grouped = ['XREADGROUP', 'maxsize', 9, 'BLOCK', 0, 'GROUP', 'g', 'c'];
    assert.match(String(await other.command(...grouped, ...streams(TREES, '>'))), /CROSSSERVER/);
    assert.match(String(await other.command('XREAD', ...streams(TREES, '0'))), /CROSSSERVER/);
  });

  test('loses no element and gives none twice', async () => {
    const COUNT = 300;
    for (const tree of TREES) await other.command('XGROUP', 'CREATE', tree, 'g', '0', 'MKSTREAM');
    const taken: string[] = [];
    const seen: string[] = [];
    const consume = async (name: string): Promise<void> => {
      const client = await RespClient.open(ringway.port);
      while (taken.length < COUNT) {
        const words = ['GROUP', 'g', name, 'COUNT', 2, 'BLOCK', 50, ...streams(TREES, '>')];
        taken.push(...valuesOf(await client.command('XREADGROUP', ...words)));
      }
      client.close();
    };
    const follow = async (): Promise<void> => {
      const client = await RespClient.open(ringway.port);
      const last = new Map(TREES.map((tree) => [tree, '0']));
      while (seen.length < COUNT) {
        const words = ['BLOCK', 50, 'STREAMS', ...last.keys(), ...last.values()];
        const reply = await client.command('XREAD', ...words);
        for (const [tree, id, value] of entriesOf(reply)) {
          last.set(tree, id);
          seen.push(value);
        }
      }
      client.close();
    };
    const produce = async (first: number): Promise<void> => {
      const client = await RespClient.open(ringway.port);
      for (let i = first; i < COUNT; i += 3) {
        await client.command('XADD', TREES[i % TREES.length], '*', 'n', String(i));
      }
      client.close();
    };
    await Promise.all([consume('a'), consume('b'), follow(), produce(0), produce(1), produce(2)]);
    const all = Array.from({ length: COUNT }, (_, i) => String(i)).sort();
    assert.deepEqual(taken.sort(), all);
    assert.deepEqual(seen.sort(), all);
  });

  test('a server that is lost: an error, the others wait no more', async () => {
    const client = await blocks('XREAD', 'BLOCK', 0, ...streams(TREES, '$'));
    servers[1].kill('SIGKILL');
    assert.match(String((await client.read(1))[0]), /^ReplyError: ERR /);
    await waitFor('the others', async () => (await blockedConnections()) === 0);
    assert.equal(await client.command('PING'), 'PONG');
    client.close();
    await servers[1].restart();
  });
});

describe('a server that answers XREAD', () => {
  for (const says of [
    '+OK\r\n',
    ':1\r\n',
    '*1\r\n:5\r\n',
    '*1\r\n*1\r\n$-1\r\n',
    '%1\r\n+a\r\n:1\r\n',
  ]) {
    test(`with ${JSON.stringify(says)}: an error of that request alone, nobody waits`, async () => {
      const [real] = await startRedisSet(1);
      const fake = await startFake((_index, request) => {
        const text = request.toString('latin1');
        if (text.includes('XREAD')) return send(says);
        return send(text.includes('CLIENT') ? ':7\r\n' : '+asked\r\n');
      });
      const ringway = await startInProcess({ servers: shards([fake.port, real.port]) });
      const client = await RespClient.open(ringway.port);
      const asked: Word[][] = [['XREAD', 'BLOCK', 0, ...streams(TREES, '$')], ['PING']];
      const [reply, pong] = await client.pipeline(asked);
      assert.equal(String(reply), 'ReplyError: ERR Invalid argument');
      assert.equal(pong, 'PONG');
      const control = await RespClient.open(real.port);
      assert.match(String(await control.command('INFO', 'clients')), /blocked_clients:0/);
      for (const each of [client, control]) each.close();
      await ringway.stop();
      await Promise.all([fake.stop(), real.stop()]);
    });
  }
});

/** Of a reply in RESP2. */
function entriesOf(reply: unknown): [tree: string, id: string, value: string][] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap(([tree, entries]) =>
    entries.map(([id, fields]: [unknown, unknown[]]): [string, string, string] => {
      return [String(tree), String(id), String(fields[1])];
    }),
  );
}

function valuesOf(reply: unknown): string[] {
  return entriesOf(reply).map(([, , value]) => value);
}
