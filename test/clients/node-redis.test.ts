import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createClient } from 'redis';
import { VARIANTS } from '../support/ringway.ts';
import { SERVERS, startTopology, type Topology } from './topology.ts';

/** Too many to live on one server. */
const MANY = Array.from({ length: 50 }, (_, i) => `many:${i}`);

function connect(port: number, options: Parameters<typeof createClient>[0] = {}) {
  return createClient({ socket: { port }, ...options }).on('error', (error) => {
    throw error;
  });
}

for (const variant of VARIANTS) {
  describe(`node-redis with its default options, ${variant.label}`, () => {
    let topology: Topology;
    let client: ReturnType<typeof connect>;

    before(async () => {
      topology = await startTopology(variant);
      client = connect(topology.port);
      await client.connect();
    });
    after(async () => {
      try {
        const unread = client.get('s');
        await client.close();
        assert.notEqual(await unread, null);
      } finally {
        await topology.stop();
      }
    });

    test('says who it is', async () => {
      assert.equal(await client.ping(), 'PONG');
      const info = await client.clientInfo();
      assert.equal(info.libName, 'node-redis');
      assert.equal(info.id, await client.clientId());
    });

    test('strings', async () => {
      assert.equal(await client.set('s', 'väl\r\nue', { EX: 100 }), 'OK');
      assert.equal(await client.get('s'), 'väl\r\nue');
      assert.equal(await client.incrBy('n', 41), 41);
      assert.equal(await client.get('none'), null);
    });

    test('hashes, lists, sets, sorted sets', async () => {
      await client.hSet('h', { a: '1', b: '2' });
      assert.deepEqual({ ...(await client.hGetAll('h')) }, { a: '1', b: '2' });
      assert.equal(await client.rPush('l', ['x', 'y', 'z']), 3);
      assert.deepEqual(await client.lRange('l', 0, -1), ['x', 'y', 'z']);
      assert.equal(await client.sAdd('set', ['m', 'n', 'm']), 2);
      assert.deepEqual([...(await client.sMembers('set'))].sort(), ['m', 'n']);
      await client.zAdd('z', [
        { score: 1.5, value: 'one' },
        { score: 2, value: 'two' },
      ]);
      assert.equal(await client.zScore('z', 'one'), 1.5);
      assert.deepEqual(await client.zRangeWithScores('z', 1, 1), [{ value: 'two', score: 2 }]);
    });

    test('streams', async () => {
      const id = await client.xAdd('stream', '*', { field: 'value' });
      const entries = await client.xRange('stream', '-', '+');
      assert.equal(entries?.[0].id, id);
      assert.equal(entries?.[0].message['field'], 'value');
      await client.xGroupCreate('stream', 'group', '0');
      const read = await client.xReadGroup('group', 'me', { key: 'stream', id: '>' });
      assert.match(JSON.stringify(read), /"field":"value"/);
      assert.equal(await client.xAck('stream', 'group', id), 1);
    });

    test('scripts and functions', async () => {
      const options = { keys: ['key'], arguments: ['arg'] };
      assert.deepEqual(await client.eval('return {KEYS[1], ARGV[1]}', options), ['key', 'arg']);
      const sha = await client.scriptLoad('return 7');
      assert.equal(await client.evalSha(sha, { keys: ['elsewhere'] }), 7);
      const library = "#!lua name=lib\nredis.register_function('f', function() return 9 end)";
      assert.equal(await client.functionLoad(library, { REPLACE: true }), 'lib');
      assert.equal(await client.fCall('f', { keys: ['anywhere'], arguments: [] }), 9);
      assert.equal((await client.functionList()).length, 1);
    });

    test('a pipeline of 1,000 and an MGET of 500', async () => {
      const requests = Array.from({ length: 1000 }, (_, i) => client.set(`key:${i}`, `value ${i}`));
      assert.ok((await Promise.all(requests)).every((reply) => reply === 'OK'));
      const keys = Array.from({ length: 500 }, (_, i) => `key:${i * 2}`);
      const expected = keys.map((_, i) => `value ${i * 2}`);
      assert.deepEqual(await client.mGet(keys), expected);
      assert.equal(await topology.serversInUse(), SERVERS);
    });

    test('iterates over the keys of all servers', async () => {
      const found = new Set<string>();
      for await (const keys of client.scanIterator({ MATCH: 'key:*', COUNT: 100 })) {
        for (const key of keys) found.add(key);
      }
      assert.equal(found.size, 1000);
    });

    test('another database, and RESP2', async () => {
      for (const RESP of [2, 3] as const) {
        const other = connect(topology.port, { database: 5, RESP });
        await other.connect();
        assert.equal(await other.get('s'), RESP === 2 ? null : 'fifth');
        await other.set('s', 'fifth');
        assert.equal((await other.clientInfo()).db, 5);
        assert.equal(await other.quit(), 'OK');
      }
      assert.equal(await client.get('s'), 'väl\r\nue');
    });

    test('an error names what is wrong, and the client goes on', async () => {
      await assert.rejects(client.sendCommand(['NOSUCH', 'x']), /unknown command 'NOSUCH'/);
      await assert.rejects(client.sInter(MANY), /CROSSSERVER/);
      assert.equal(await client.ping(), 'PONG');
    });
  });
}
