import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import Valkey from 'iovalkey';
import { createClient } from 'redis';
import { waitFor } from '../support/wait.ts';
import { startTopology, type Topology } from './topology.ts';

// Client libraries that subscribe through a ringway before four servers.

const MESSAGES = Array.from({ length: 200 }, (_, i) => `message ${i}`);

let topology: Topology;

before(async () => {
  topology = await startTopology();
});
after(() => topology.stop());

for (const [name, connect] of [
  ['ioredis', (port: number) => new Redis(port)],
  ['iovalkey', (port: number) => new Valkey.default(port) as unknown as Redis],
] as const) {
  describe(`${name} as a subscriber`, () => {
    let subscriber: Redis;
    let publisher: Redis;

    before(() => {
      subscriber = connect(topology.port);
      publisher = connect(topology.port);
    });
    after(async () => {
      assert.deepEqual(await Promise.all([subscriber.quit(), publisher.quit()]), ['OK', 'OK']);
    });

    test('channels, patterns and shard channels', async () => {
      const heard: string[] = [];
      subscriber.on('message', (channel, text) => heard.push(`${channel}: ${text}`));
      subscriber.on('pmessage', (pattern, channel, text) => {
        heard.push(`${pattern} ${channel}: ${text}`);
      });
      subscriber.on('smessage', (channel, text) => heard.push(`shard ${channel}: ${text}`));
      assert.equal(await subscriber.subscribe('one', 'two'), 2);
      assert.equal(await subscriber.psubscribe('t*'), 3);
      assert.equal(await subscriber.ssubscribe('three'), 1);
      assert.equal(await publisher.publish('one', 'a'), 1);
      assert.equal(await publisher.publish('two', 'b'), 2);
      assert.equal(await publisher.spublish('three', 'c'), 1);
      await waitFor('all messages', () => heard.length === 4);
      const wanted = ['one: a', 'shard three: c', 't* two: b', 'two: b'];
      assert.deepEqual(heard.sort(), wanted);
      assert.equal(await subscriber.unsubscribe('one'), 2);
      assert.equal(await subscriber.sunsubscribe(), 0);
      assert.equal(await subscriber.punsubscribe('t*'), 1);
      assert.equal(await subscriber.unsubscribe(), 0);
      assert.equal(await subscriber.set('k', 'v'), 'OK');
    });

    test('many messages in order, binary ones too', async () => {
      const heard: string[] = [];
      const binary: Buffer[] = [];
      subscriber.on('message', (channel, text) => {
        if (channel === 'many') heard.push(text);
      });
      subscriber.on('messageBuffer', (channel: Buffer, text: Buffer) => {
        if (String(channel) === 'binary') binary.push(text);
      });
      await subscriber.subscribe('many', 'binary');
      const bytes = Buffer.from([0, 255, 13, 10, 36]);
      await Promise.all(MESSAGES.map((text) => publisher.publish('many', text)));
      await publisher.publish('binary', bytes);
      await waitFor('all', () => heard.length === MESSAGES.length && binary.length === 1);
      assert.deepEqual(heard, MESSAGES);
      assert.deepEqual(binary, [bytes]);
    });

    test('a connection that is killed is made again, with its subscriptions', async () => {
      await publisher.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      const heard: string[] = [];
      subscriber.on('message', (_channel, text) => heard.push(text));
      await waitFor('a message', async () => {
        await publisher.publish('many', 'again');
        return heard.includes('again');
      });
    });
  });
}

for (const RESP of [2, 3] as const) {
  describe(`node-redis as a subscriber, RESP${RESP}`, () => {
    const open = () => createClient({ url: `redis://127.0.0.1:${topology.port}`, RESP });
    let subscriber: ReturnType<typeof open>;
    let publisher: ReturnType<typeof open>;

    before(async () => {
      subscriber = open();
      publisher = open();
      for (const each of [subscriber, publisher]) each.on('error', () => {});
      await Promise.all([subscriber.connect(), publisher.connect()]);
    });
    after(async () => {
      await subscriber.close();
      assert.equal(await publisher.quit(), 'OK');
    });

    test('channels, patterns and shard channels', async () => {
      const heard: string[] = [];
      const listener = (text: string, channel: string): void =>
        void heard.push(`${channel}: ${text}`);
      await subscriber.subscribe(['one', 'two'], listener);
      await subscriber.pSubscribe('t*', listener);
      await subscriber.sSubscribe('three', listener);
      assert.equal(await publisher.publish('one', 'a'), 1);
      assert.equal(await publisher.publish('two', 'b'), 2);
      assert.equal(await publisher.sPublish('three', 'c'), 1);
      await waitFor('all messages', () => heard.length === 4);
      assert.deepEqual(heard.sort(), ['one: a', 'three: c', 'two: b', 'two: b']);
      assert.deepEqual((await publisher.pubSubChannels()).sort(), ['one', 'two']);
      assert.deepEqual(await publisher.pubSubNumSub(['one', 'none']), { one: 1, none: 0 });
      assert.equal(await publisher.pubSubNumPat(), 1);
      assert.match(await subscriber.ping(), /^pong$/i);
      await subscriber.unsubscribe();
      await subscriber.pUnsubscribe('t*');
      await subscriber.sUnsubscribe('three');
      assert.equal(String(await subscriber.set('k', 'v')), 'OK');
    });

    test('many messages in order', async () => {
      const heard: string[] = [];
      await subscriber.subscribe('many', (text) => void heard.push(text));
      await Promise.all(MESSAGES.map((text) => publisher.publish('many', text)));
      await waitFor('all messages', () => heard.length === MESSAGES.length);
      assert.deepEqual(heard, MESSAGES);
      if (RESP === 3) {
        assert.equal(await subscriber.get('k'), 'v');
        assert.equal(await subscriber.publish('many', 'from itself'), 1);
      }
    });
  });
}
