import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { certificates } from '../support/certificates.ts';
import { type RealServer, startRedis, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../support/ringway.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { startTlsRedis, type TlsRedis } from '../support/tls-servers.ts';
import { delay, waitFor } from '../support/wait.ts';
import { channelsOf } from './channels.ts';

const PASSWORD = 's3cret';

describe('subscribers', () => {
  let servers: RealServer[];
  let ringway: TestRingway;
  let lines: string[];

  before(async () => {
    servers = await startRedisSet(3, { args: ['--notify-keyspace-events', 'KEA'] });
    lines = shards(servers.map(({ port }) => port));
    const keys = { max_subscriptions: 5, client_idle_timeout: 300 };
    ringway = await startInProcess({ servers: lines, hash: 'md5', ...keys });
  });
  after(async () => {
    await ringway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  const open = (): Promise<Subscriber> => Subscriber.open(ringway.port);
  const ask = async (...words: string[]): Promise<string> => {
    const client = await RespClient.open(ringway.port);
    const reply = String(await client.command(...words));
    client.close();
    return reply;
  };

  test('hear the events of the keys of all servers, each once', async () => {
    const [events, space] = [await open(), await open()];
    await events.ask(['PSUBSCRIBE', '__keyevent@0__:set']);
    await space.ask(['SUBSCRIBE', '__keyspace@0__:key:1', '__keyspace@0__:key:2'], 2);
    const keys = Array.from({ length: 30 }, (_, i) => `key:${i}`);
    for (const key of keys) await ask('SET', key, 'x');
    const got = await events.take(keys.length);
    const names = got.map((each) => each.split('\r\n').at(-2));
    assert.deepEqual([...names].sort(), [...keys].sort());
    const heard = await space.take(2);
    assert.deepEqual(heard.map((each) => each.split('\r\n')[4]).sort(), [
      '__keyspace@0__:key:1',
      '__keyspace@0__:key:2',
    ]);
    for (const client of [events, space]) client.close();
  });

  test('hear what scripts and transactions publish, on whichever server', async () => {
    const client = await open();
    await client.ask(['SUBSCRIBE', 'c', 'd'], 2);
    const script = "return redis.call('publish', ARGV[1], ARGV[2])";
    for (let i = 0; i < 6; i++) await ask('EVAL', script, '1', `key:${i}`, 'c', `${i}`);
    const got = await client.take(6);
    const texts = Array.from({ length: 6 }, (_, i) => frame('*', 'message', 'c', `${i}`));
    assert.deepEqual(got, texts);
    const other = await RespClient.open(ringway.port);
    for (let i = 0; i < 6; i++) {
      const replies = await other.pipeline([
        ['MULTI'],
        ['SET', `key:${i}`, 'x'],
        ['PUBLISH', 'd', `${i}`],
        ['EXEC'],
      ]);
      assert.deepEqual(String(replies), 'OK,QUEUED,QUEUED,OK,1');
    }
    assert.equal((await client.take(6)).length, 6);
    other.close();
    client.close();
  });

  test('may have max_subscriptions, of all kinds together', async () => {
    const client = await open();
    const error = '-ERR too many subscriptions (max_subscriptions)\r\n';
    await client.ask(['SUBSCRIBE', 'a', 'b', 'a', 'b', 'a', 'b'], 6);
    await client.ask(['PSUBSCRIBE', 'p*', 'q*'], 2);
    assert.deepEqual(await client.ask(['SSUBSCRIBE', 'e', 'f']), [error]);
    await client.ask(['SSUBSCRIBE', 'e']);
    assert.deepEqual(await client.ask(['SUBSCRIBE', 'g']), [error]);
    assert.deepEqual(await client.ask(['SUBSCRIBE', 'a']), [frame('*', 'subscribe', 'a', 4)]);
    await client.ask(['UNSUBSCRIBE', 'a']);
    assert.deepEqual(await client.ask(['SUBSCRIBE', 'g']), [frame('*', 'subscribe', 'g', 4)]);
    client.close();
  });

  test('cannot have a channel that is too long, nor can it be published to', async () => {
    const client = await open();
    const [longest, longer] = ['c'.repeat(32_768), 'c'.repeat(32_769)];
    const error = '-ERR channel is longer than 32768 bytes\r\n';
    for (const name of ['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE']) {
      assert.deepEqual(await client.ask([name, longer]), [error]);
    }
    await client.ask(['SUBSCRIBE', longest]);
    assert.equal(
      await ask('PUBLISH', longer, 'x'),
      'ReplyError: ERR channel is longer than 32768 bytes',
    );
    assert.equal(await ask('PUBLISH', longest, 'x'), '1');
    assert.deepEqual(await client.take(1), [frame('*', 'message', longest, 'x')]);
    client.close();
  });

  test('may be silent for as long as they like; others may not', async () => {
    const [quiet, idle] = [await open(), await open()];
    await quiet.ask(['SUBSCRIBE', 'c']);
    await idle.ask(['PING']);
    await idle.end();
    await delay(400);
    assert.equal(await ask('PUBLISH', 'c', 'x'), '1');
    assert.equal((await quiet.take(1)).length, 1);
    await quiet.ask(['UNSUBSCRIBE']);
    await quiet.end();
  });

  test('are acknowledged and hear messages also with CLIENT REPLY OFF, but no errors', async () => {
    const client = await open();
    await client.ask(['HELLO', '3']);
    client.send(
      ['CLIENT', 'REPLY', 'OFF'],
      ['SUBSCRIBE', 'c'],
      ['GET', 'x'],
      ['SUBSCRIBE', 'c'.repeat(40_000)],
      ['PSUBSCRIBE', 'd*'],
      ['UNSUBSCRIBE', 'none'],
    );
    assert.deepEqual(await client.take(3), [
      frame('>', 'subscribe', 'c', 1),
      frame('>', 'psubscribe', 'd*', 2),
      frame('>', 'unsubscribe', 'none', 2),
    ]);
    await ask('PUBLISH', 'c', 'x');
    assert.deepEqual(await client.take(1), [frame('>', 'message', 'c', 'x')]);
    client.send(['CLIENT', 'REPLY', 'ON']);
    assert.deepEqual(await client.take(1), ['+OK\r\n']);
    client.close();
  });

  test('are shown and found by CLIENT LIST and KILL, and counted by INFO', async () => {
    const client = await open();
    await client.ask(['SUBSCRIBE', 'a', 'b'], 2);
    await client.ask(['PSUBSCRIBE', 'p*']);
    await client.ask(['SSUBSCRIBE', 'd']);
    const [line] = (await ask('CLIENT', 'LIST', 'TYPE', 'pubsub')).trim().split('\n');
    assert.match(line, / flags=P .* sub=2 psub=1 ssub=1 /);
    assert.doesNotMatch(await ask('CLIENT', 'LIST', 'TYPE', 'normal'), /flags=P/);
    const info = await ask('INFO');
    assert.match(info, /pubsub_channels:2\r\npubsub_patterns:1\r\npubsubshard_channels:1\r\n/);
    assert.match(info, /pubsub_clients:1\r\n/);
    assert.equal(await ask('CLIENT', 'KILL', 'TYPE', 'pubsub'), '1');
    await client.end();
    await waitFor('its end', async () => /pubsub_clients:0\r\n/.test(await ask('INFO', 'clients')));
  });

  test('hear messages while they wait in a command that blocks', async () => {
    const client = await open();
    await client.ask(['HELLO', '3']);
    await client.ask(['SUBSCRIBE', 'c']);
    client.send(['BLPOP', 'list', '0']);
    await waitFor('it to wait', async () => /blocked_clients:1/.test(await ask('INFO', 'clients')));
    assert.equal(await ask('PUBLISH', 'c', 'x'), '1');
    assert.deepEqual(await client.take(1), [frame('>', 'message', 'c', 'x')]);
    await ask('RPUSH', 'list', 'e');
    assert.deepEqual(await client.take(1), [frame('*', 'list', 'e')]);
    client.close();
  });

  test('requests behind SUBSCRIBE see what it has done', async () => {
    const client = await open();
    client.send(
      ['GET', 'none'],
      ['SUBSCRIBE', 'c'],
      ['GET', 'none'],
      ['UNSUBSCRIBE', 'c'],
      ['GET', 'none'],
    );
    const got = await client.take(5);
    assert.deepEqual(
      got.map((each) => each.split('\r\n')[0].slice(0, 12)),
      ['$-1', '*3', "-ERR Can't e", '*3', '$-1'],
    );
    client.close();
  });

  test('with subscribe_to: owner, a transaction that publishes goes to the channel', async () => {
    const other = await startInProcess({ servers: lines, hash: 'md5', subscribe_to: 'owner' });
    const [first, second] = await channelsOf(other.port, servers);
    const client = await Subscriber.open(other.port);
    await client.ask(['SUBSCRIBE', first]);
    const asking = await RespClient.open(other.port);
    const good = await asking.pipeline([
      ['MULTI'],
      ['PUBLISH', first, 'x'],
      ['SET', first, 'y'],
      ['EXEC'],
    ]);
    assert.equal(String(good), 'OK,QUEUED,QUEUED,1,OK');
    assert.deepEqual(await client.take(1), [frame('*', 'message', first, 'x')]);
    const bad = await asking.pipeline([
      ['MULTI'],
      ['SET', second, 'y'],
      ['PUBLISH', first, 'x'],
      ['EXEC'],
    ]);
    assert.match(String(bad), /CROSSSERVER.*EXECABORT/);
    for (const each of [client, asking]) each.close();
    await other.stop();
  });
});

describe('subscribers and passwords', () => {
  let server: RealServer;
  let ringway: TestRingway;

  before(async () => {
    server = await startRedis({ args: ['--requirepass', PASSWORD] });
    ringway = await startInProcess({ servers: shards([server.port]), redis_auth: PASSWORD });
  });
  after(async () => {
    await ringway.stop();
    await server.stop();
  });

  test('nothing is heard before the login, and the hub logs in', async () => {
    const client = await Subscriber.open(ringway.port);
    for (const words of [
      ['SUBSCRIBE', 'c'],
      ['PSUBSCRIBE', '*'],
      ['SSUBSCRIBE', 'c'],
      ['PUBLISH', 'c', 'x'],
      ['PUBSUB', 'CHANNELS'],
      ['UNSUBSCRIBE'],
    ]) {
      assert.deepEqual(await client.ask(words), ['-NOAUTH Authentication required\r\n']);
    }
    await client.ask(['AUTH', PASSWORD]);
    assert.deepEqual(await client.ask(['SUBSCRIBE', 'c']), [frame('*', 'subscribe', 'c', 1)]);
    client.close();
  });

  test('who loses the login by a wrong password is closed', async () => {
    const client = await Subscriber.open(ringway.port);
    await client.ask(['HELLO', '3', 'AUTH', 'default', PASSWORD]);
    await client.ask(['SUBSCRIBE', 'c']);
    assert.deepEqual(await client.ask(['AUTH', 'wrong']), ['-ERR invalid password\r\n']);
    await client.end();
  });

  test('RESET ends both, and the connection is kept', async () => {
    const client = await Subscriber.open(ringway.port);
    await client.ask(['AUTH', PASSWORD]);
    await client.ask(['SUBSCRIBE', 'c']);
    assert.deepEqual(await client.ask(['RESET']), ['+RESET\r\n']);
    assert.deepEqual(await client.ask(['PING']), ['-NOAUTH Authentication required\r\n']);
    client.close();
  });
});

describe('subscribers and servers that speak TLS', () => {
  let server: TlsRedis;
  let ringway: TestRingway;

  before(async () => {
    server = await startTlsRedis();
    ringway = await startInProcess({
      servers: shards([server.tlsPort]),
      server_tls: true,
      server_tls_ca_file: certificates().authority.ca,
    });
  });
  after(async () => {
    await ringway.stop();
    await server.server.stop();
  });

  test('hear messages, large ones too, and are closed when the server goes', async () => {
    const [client, publisher] = [
      await Subscriber.open(ringway.port),
      await RespClient.open(ringway.port),
    ];
    await client.ask(['SUBSCRIBE', 'c']);
    const texts = ['x', 'y'.repeat(300_000), ''];
    for (const text of texts) assert.equal(await publisher.command('PUBLISH', 'c', text), 1);
    const wanted = texts.map((text) => frame('*', 'message', 'c', text));
    assert.deepEqual(await client.take(3), wanted);
    server.server.kill('SIGKILL');
    await client.end();
    publisher.close();
  });
});
