import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import Valkey from 'iovalkey';
import { SERVERS, startTopology, type Topology } from './topology.ts';

/** Too many to live on one server. */
const MANY = Array.from({ length: 50 }, (_, i) => `many:${i}`);

const CLIENTS = [
  ['ioredis', (port: number) => new Redis(port)],
  ['iovalkey', (port: number) => new Valkey.default(port) as unknown as Redis],
] as const;

for (const [name, connect] of CLIENTS) {
  describe(`${name} with its default options`, () => suite(connect));
}

function suite(connect: (port: number) => Redis): void {
  let topology: Topology;
  let client: Redis;

  before(async () => {
    topology = await startTopology();
    client = connect(topology.port);
  });
  after(async () => {
    try {
      const [last, said] = await Promise.all([client.get('s'), client.quit()]);
      assert.deepEqual([last, said], ['väl\r\nue!', 'OK']);
    } finally {
      await topology.stop();
    }
  });

  test('becomes ready', async () => {
    assert.equal(await client.ping(), 'PONG');
    assert.equal(client.status, 'ready');
  });

  test('strings', async () => {
    assert.equal(await client.set('s', 'väl\r\nue', 'EX', 100), 'OK');
    assert.equal(await client.get('s'), 'väl\r\nue');
    assert.equal(await client.incrby('n', 41), 41);
    assert.equal(await client.append('s', '!'), 9);
    assert.equal(await client.get('none'), null);
  });

  test('hashes, lists, sets, sorted sets', async () => {
    await client.hset('h', { a: '1', b: '2' });
    assert.deepEqual(await client.hgetall('h'), { a: '1', b: '2' });
    assert.equal(await client.rpush('l', 'x', 'y', 'z'), 3);
    assert.deepEqual(await client.lrange('l', 0, -1), ['x', 'y', 'z']);
    assert.equal(await client.sadd('set', 'm', 'n', 'm'), 2);
    assert.deepEqual((await client.smembers('set')).sort(), ['m', 'n']);
    await client.zadd('z', '1.5', 'one', '2', 'two');
    assert.deepEqual(await client.zrange('z', '0', '-1', 'WITHSCORES'), ['one', '1.5', 'two', '2']);
  });

  test('streams', async () => {
    const id = await client.xadd('stream', '*', 'field', 'value');
    assert.deepEqual(await client.xrange('stream', '-', '+'), [[id, ['field', 'value']]]);
    await client.xgroup('CREATE', 'stream', 'group', '0');
    const read = await client.xreadgroup('GROUP', 'group', 'me', 'STREAMS', 'stream', '>');
    assert.deepEqual(read, [['stream', [[id, ['field', 'value']]]]]);
    assert.equal(await client.xack('stream', 'group', String(id)), 1);
  });

  test('scripts', async () => {
    assert.deepEqual(await client.eval('return {KEYS[1], ARGV[1]}', 1, 'key', 'arg'), [
      'key',
      'arg',
    ]);
    client.defineCommand('double', { numberOfKeys: 1, lua: 'return tonumber(ARGV[1]) * 2' });
    const { double } = client as unknown as { double(key: string, arg: number): Promise<number> };
    assert.equal(await double.call(client, 'key', 21), 42);
    const sha = String(await client.script('LOAD', 'return 7'));
    assert.equal(await client.evalsha(sha, 1, 'elsewhere'), 7);
  });

  test('a pipeline of 1,000 and an MGET of 500', async () => {
    const pipeline = client.pipeline();
    for (let i = 0; i < 1000; i++) pipeline.set(`key:${i}`, `value ${i}`);
    const results = await pipeline.exec();
    assert.equal(results?.length, 1000);
    assert.ok(results.every(([error, reply]) => error === null && reply === 'OK'));
    const keys = Array.from({ length: 500 }, (_, i) => `key:${i * 2}`);
    const expected = keys.map((_, i) => `value ${i * 2}`);
    assert.deepEqual(await client.mget(keys), expected);
    assert.equal(await topology.serversInUse(), SERVERS);
  });

  test('iterates over the keys of all servers', async () => {
    const found = new Set<string>();
    for await (const keys of client.scanStream({ match: 'key:*', count: 100 })) {
      for (const key of keys as string[]) found.add(key);
    }
    assert.equal(found.size, 1000);
  });

  test('another database', async () => {
    await client.select(3);
    assert.equal(await client.get('s'), null);
    await client.set('s', 'third');
    await client.select(0);
    assert.equal(await client.get('s'), 'väl\r\nue!');
  });

  test('an error names what is wrong, and the client goes on', async () => {
    await assert.rejects(client.call('NOSUCH', 'x'), /unknown command 'NOSUCH'/);
    await assert.rejects(client.sinter(MANY), /CROSSSERVER/);
    assert.equal(await client.ping(), 'PONG');
  });
}
