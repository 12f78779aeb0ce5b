import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient, type Word } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { repliesTo, type Sequence } from '../support/sequences.ts';
import { Subscriber } from '../support/subscriber.ts';

// CONFIG SET of what `allow_config_set` names, and of nothing else.

const EVENTS = 'notify-keyspace-events';
const REFUSED =
  "-ERR 'config set' is not supported by ringway: name the parameter in allow_config_set in the " +
  'configuration of the pool\r\n';

/** Without what QUIT is answered with. */
async function ask(port: number, resp: 2 | 3, sequence: Sequence): Promise<string[]> {
  return (await repliesTo(port, resp, sequence)).slice(0, -1);
}

describe('CONFIG SET', () => {
  let servers: RealServer[] = [];
  const started: TestRingway[] = [];
  before(async () => {
    servers = await startRedisSet(2);
  });
  after(async () => {
    await Promise.all(started.map((ringway) => ringway.stop()));
    await Promise.all(servers.map((server) => server.stop()));
  });
  beforeEach(async () => {
    for (const { port } of servers) await ask(port, 2, [['CONFIG', 'SET', EVENTS, '']]);
  });

  async function run(keys: object, count = 2, variant = VARIANTS[0]): Promise<number> {
    const lines = shards(servers.slice(0, count).map(({ port }) => port));
    const ringway = await startInProcess({ servers: lines, ...keys }, variant);
    started.push(ringway);
    return ringway.port;
  }

  /** What each server has. */
  async function values(): Promise<string[]> {
    const found: string[] = [];
    for (const { port } of servers) {
      const direct = await RespClient.open(port);
      found.push(String(await direct.command('CONFIG', 'GET', EVENTS)));
      direct.close();
    }
    return found.map((text) => text.split(',')[1]);
  }

  test('is refused as long as nothing is allowed, in a transaction as well', async () => {
    const set: Word[] = ['CONFIG', 'SET', EVENTS, 'KEA'];
    assert.deepEqual(await ask(await run({}), 2, [set]), [REFUSED]);
    const said = await ask(await run({}, 1), 2, [['MULTI'], set, ['EXEC']]);
    assert.equal(said[1], REFUSED);
    assert.match(said[2], /^-EXECABORT /);
    assert.deepEqual(await values(), ['', '']);
  });

  for (const variant of VARIANTS) {
    test(`sets what is allowed on all servers, ${variant.label}`, async () => {
      const port = await run({ allow_config_set: `${EVENTS}, slowlog-max-len` }, 2, variant);
      for (const resp of [2, 3] as const) {
        const said = await ask(port, resp, [
          ['config', 'set', 'Notify-Keyspace-Events', 'KEA'],
          ['CONFIG', 'SET', EVENTS, 'Kg', 'slowlog-max-len', '77'],
        ]);
        assert.deepEqual(said, ['+OK\r\n', '+OK\r\n']);
        assert.deepEqual(await values(), ['gK', 'gK']);
      }
    });
  }

  test('sets nothing when one of several is not allowed', async () => {
    const port = await run({ allow_config_set: EVENTS });
    const said = await ask(port, 2, [
      ['CONFIG', 'SET', EVENTS, 'KEA', 'dir', '/tmp'],
      ['CONFIG', 'SET', 'requirepass', 'x'],
      ['PING'],
    ]);
    assert.deepEqual(said, [REFUSED, REFUSED, '+PONG\r\n']);
    assert.deepEqual(await values(), ['', '']);
  });

  test('is answered in the words of the servers', async () => {
    const [one, two] = [
      await run({ allow_config_set: `${EVENTS},maxmemory` }, 1),
      await run({ allow_config_set: `${EVENTS},maxmemory` }),
    ];
    for (const words of [
      ['CONFIG', 'SET', EVENTS, 'wrong'],
      ['CONFIG', 'SET', 'maxmemory', 'much'],
      ['CONFIG', 'SET', EVENTS],
      ['CONFIG', 'SET', EVENTS, 'K', 'maxmemory'],
      ['CONFIG', 'SET', EVENTS, 'K', EVENTS, 'E'],
    ]) {
      const wanted = await ask(servers[0].port, 2, [words]);
      assert.match(wanted[0], /^-ERR /);
      for (const port of [one, two]) assert.deepEqual(await ask(port, 2, [words]), wanted);
    }
  });

  test('is part of a transaction where there is one server', async () => {
    const port = await run({ allow_config_set: EVENTS }, 1);
    const program: Word[][] = [['MULTI'], ['CONFIG', 'SET', EVENTS, 'KEA'], ['GET', 'k'], ['EXEC']];
    assert.deepEqual(await ask(port, 2, program), await ask(servers[1].port, 2, program));
    assert.deepEqual(await values(), ['AKE', 'AKE']);
  });

  test('is a write for a pool that only reads', async () => {
    const port = await run({ allow_config_set: EVENTS, read_only: true });
    const [said] = await ask(port, 2, [['CONFIG', 'SET', EVENTS, 'KEA']]);
    assert.match(said, /^-NOPERM .*read-only/);
  });

  test('lets a program hear of keys that it has asked for', async () => {
    const port = await run({ allow_config_set: EVENTS });
    const subscriber = await Subscriber.open(port);
    await subscriber.ask(['CONFIG', 'GET', EVENTS]);
    assert.deepEqual(await subscriber.ask(['CONFIG', 'SET', EVENTS, 'Eg']), ['+OK\r\n']);
    await subscriber.ask(['PSUBSCRIBE', '__keyevent@*__:del']);
    const keys = Array.from({ length: 20 }, (_, i) => `session:${i}`);
    const writer = await RespClient.open(port);
    await writer.command('MSET', ...keys.flatMap((key) => [key, 'v']));
    await writer.command('DEL', ...keys);
    const heard = await subscriber.take(keys.length);
    assert.deepEqual(heard.map((frame) => /session:\d+/.exec(frame)?.[0]).sort(), keys.sort());
    for (const each of [subscriber, writer]) each.close();
  });
});
