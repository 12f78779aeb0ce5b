import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type PoolSpec, shards, startInProcess, type TestRingway } from '../support/ringway.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { waitFor } from '../support/wait.ts';
import { channelsOf } from './channels.ts';

let servers: RealServer[];
let ringway: TestRingway;
let publisher: RespClient;

async function start(pool: Partial<PoolSpec> = {}): Promise<void> {
  const lines = shards(servers.map(({ port }) => port));
  ringway = await startInProcess({ servers: lines, hash: 'md5', ...pool });
  publisher = await RespClient.open(ringway.port);
}

beforeEach(async () => {
  servers = await startRedisSet(2);
});
afterEach(async () => {
  publisher.close();
  await ringway.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

async function subscribed(...words: string[]): Promise<Subscriber> {
  const client = await Subscriber.open(ringway.port);
  await client.ask(words, words.length - 1);
  return client;
}

/** Publishes until the client hears it. */
async function hears(client: Subscriber, channel: string): Promise<void> {
  await waitFor(`a message on ${channel}`, async () => {
    await publisher.command('PUBLISH', channel, 'again');
    return client.frames.some((each) => each.includes('again'));
  });
}

describe('the connection that messages come over is lost', () => {
  test('who may miss messages is closed, others are not', async () => {
    await start();
    const [mine, other] = await channelsOf(ringway.port, servers);
    const lost = await subscribed('SUBSCRIBE', 'elsewhere', mine);
    const pattern = await subscribed('PSUBSCRIBE', 'x*');
    const keyspace = await subscribed('SUBSCRIBE', '__keyspace@0__:k');
    const kept = await subscribed('SUBSCRIBE', other);
    servers[0].kill('SIGKILL');
    await Promise.all([lost.end(), pattern.end(), keyspace.end()]);
    await publisher.command('PUBLISH', other, 'x');
    assert.deepEqual(await kept.take(1), [frame('*', 'message', other, 'x')]);
    assert.equal(kept.closed, false);
    await waitFor('its log', () => ringway.log.some((line) => /is not subscribed to: /.test(line)));
    await servers[0].restart();
    const again = await waitFor('a subscription', async () => {
      const client = await Subscriber.open(ringway.port);
      const [reply] = await client.ask(['SUBSCRIBE', mine]);
      if (reply.startsWith('*')) return client;
      client.close();
      return null;
    });
    await hears(again, mine);
    for (const client of [kept, again]) client.close();
  });

  test('with pubsub_loss: resubscribe nobody is closed, and messages come again', async () => {
    await start({ pubsub_loss: 'resubscribe' });
    const [mine] = await channelsOf(ringway.port, servers);
    const client = await subscribed('SUBSCRIBE', mine);
    const pattern = await subscribed('PSUBSCRIBE', `${mine}*`);
    servers[0].kill('SIGKILL');
    await waitFor('the loss', () =>
      ringway.log.some((line) => /is not subscribed to: /.test(line)),
    );
    await servers[0].restart();
    await hears(client, mine);
    await hears(pattern, mine);
    assert.deepEqual([client.closed, pattern.closed], [false, false]);
    client.close();
    pattern.close();
  });

  test('a channel of a dead server is refused, a pattern is heard where it can be', async () => {
    await start();
    const [mine, other] = await channelsOf(ringway.port, servers);
    await servers[0].stop();
    const client = await Subscriber.open(ringway.port);
    assert.deepEqual(await client.ask(['SUBSCRIBE', mine]), ['-ERR Connection refused\r\n']);
    assert.deepEqual(await client.ask(['SUBSCRIBE', other, mine]), ['-ERR Connection refused\r\n']);
    assert.deepEqual(await client.ask(['PING']), ['+PONG\r\n'], 'it has no subscription');
    assert.deepEqual(await client.ask(['PSUBSCRIBE', '*']), [frame('*', 'psubscribe', '*', 1)]);
    await publisher.command('PUBLISH', other, 'x');
    assert.deepEqual(await client.take(1), [frame('*', 'pmessage', '*', other, 'x')]);
    client.close();
  });

  test('nothing at all can be subscribed to without a server', async () => {
    await start();
    await Promise.all(servers.map((server) => server.stop()));
    const client = await Subscriber.open(ringway.port);
    for (const words of [
      ['SUBSCRIBE', 'a'],
      ['PSUBSCRIBE', 'a*'],
      ['SSUBSCRIBE', 'a'],
    ]) {
      assert.deepEqual(await client.ask(words), ['-ERR Connection refused\r\n'], words[0]);
    }
    client.close();
  });

  test('a server that says nothing: an error after a while, and nothing is subscribed to', async () => {
    await start();
    const [mine] = await channelsOf(ringway.port, servers);
    servers[0].kill('SIGSTOP');
    const client = await Subscriber.open(ringway.port);
    const error = '-ERR the subscription was not confirmed in time\r\n';
    assert.deepEqual(await client.ask(['SUBSCRIBE', mine]), [error]);
    assert.deepEqual(await client.ask(['PING']), ['+PONG\r\n']);
    servers[0].kill('SIGCONT');
    assert.deepEqual(await client.ask(['SUBSCRIBE', mine]), [frame('*', 'subscribe', mine, 1)]);
    await publisher.command('PUBLISH', mine, 'x');
    assert.deepEqual(await client.take(1), [frame('*', 'message', mine, 'x')]);
    client.close();
  });

  test('a client that leaves while it waits leaves nothing behind', async () => {
    await start();
    const [mine] = await channelsOf(ringway.port, servers);
    servers[0].kill('SIGSTOP');
    const client = await Subscriber.open(ringway.port);
    client.send(['SUBSCRIBE', mine], ['GET', 'x']);
    const info = async (): Promise<string> => String(await publisher.command('INFO', 'clients'));
    await waitFor('the client', async () => /connected_clients:2/.test(await info()));
    client.close();
    await waitFor('its end', async () => /connected_clients:1/.test(await info()));
    servers[0].kill('SIGCONT');
    const later = await subscribed('SUBSCRIBE', mine);
    assert.deepEqual(String(await publisher.command('PUBSUB', 'NUMSUB', mine)), `${mine},1`);
    later.close();
  });
});
