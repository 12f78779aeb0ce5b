import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, ReplyError, RespClient } from '../support/resp-client.ts';
import {
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
  type Variant,
} from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

/** After many failures in a row a server is left alone for so long at most. */
const LEFT_ALONE_MS = 60;
/** A busy machine may take this much longer to notice. */
const SLACK_MS = 1_000;

for (const variant of VARIANTS) {
  describe(`servers that go and come, ${variant.label}`, () => suite(variant));
}

function suite(variant: Variant): void {
  let servers: RealServer[] = [];
  let ringway: TestRingway;
  let client: RespClient;
  const keys = Array.from({ length: 60 }, (_, i) => `key${i}`);
  /** Those of the third server. */
  let lost: string[] = [];

  before(async () => {
    servers = await startRedisSet(3);
    const lines = shards(servers.map(({ port }) => port));
    const pool = { servers: lines, hash: 'md5', breaker_max_wait: LEFT_ALONE_MS };
    ringway = await startInProcess(pool, variant);
    client = await RespClient.open(ringway.port);
    for (const key of keys) await client.text('SET', key, `of ${key}`);
    const direct = await RespClient.open(servers[2].port);
    lost = (await direct.text('KEYS', '*')) as string[];
    direct.close();
    assert.ok(lost.length > 5 && lost.length < 55, `${lost.length} keys on the third server`);
  });
  after(async () => {
    client?.close();
    await ringway?.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  test('its keys fail, the others work, the log names it', async () => {
    servers[2].kill('SIGKILL');
    await waitFor('the server to be gone', () => !servers[2].running);
    await client.command('GET', lost[0]); // may still meet the end of the old connection
    const replies = await client.pipeline(keys.map((key) => ['GET', key]));
    for (const [i, key] of keys.entries()) {
      if (!lost.includes(key)) {
        assert.equal(String(replies[i]), `of ${key}`);
        continue;
      }
      assert.ok(replies[i] instanceof ReplyError, `${key}: ${replies[i]}`);
      assert.equal((replies[i] as ReplyError).message, 'ERR Connection refused');
    }
    const about = ringway.log.filter((text) =>
      text.includes(`shard3 (127.0.0.1:${servers[2].port})`),
    );
    assert.match(about[0] ?? '', /closed the connection|failed/);
    assert.ok(
      about.some((text) => text.includes(' failed: Connection refused')),
      about.join('\n'),
    );
    assert.ok(!ringway.log.some((text) => /shard[12] .*failed/.test(text)));
  });

  test('commands over several servers fail as a whole, connection kept', async () => {
    const live = keys.find((key) => !lost.includes(key)) as string;
    const replies = await client.pipeline([
      ['MGET', live, lost[0], live],
      ['DEL', 'nokey1', lost[0], 'nokey2', 'nokey3'],
      ['GET', live],
    ]);
    for (const reply of replies.slice(0, 2)) {
      assert.ok(reply instanceof ReplyError, String(reply));
      assert.equal(reply.message, 'ERR Connection refused');
    }
    assert.equal(String(replies[2]), `of ${live}`);
  });

  const reachable = (key: string): Promise<boolean> =>
    waitFor(
      'the server to be tried again',
      async () => String(await client.command('SET', key, 'x')) === 'OK',
      LEFT_ALONE_MS + SLACK_MS,
    );

  test('it comes back, and works again', async () => {
    await servers[2].restart();
    await reachable(lost[0]);
    for (const key of lost) {
      assert.equal(await client.command('SET', key, `new ${key}`), 'OK');
      assert.equal(String(await client.command('GET', key)), `new ${key}`);
    }
  });

  test('killed under load: each request has one answer, in order', async () => {
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => RespClient.open(ringway.port)),
    );
    let running = true;
    const work = clients.map(async (each) => {
      let errors = 0;
      while (running) {
        await each.send(Buffer.concat(keys.map((key) => encodeRequest('ECHO', key))));
        await each.send(Buffer.concat(keys.map((key) => encodeRequest('GET', key))));
        const echoes = await each.read(keys.length);
        const replies = await each.read(keys.length);
        for (const [i, key] of keys.entries()) {
          assert.equal(String(echoes[i]), key);
          if (replies[i] instanceof ReplyError) {
            assert.ok(lost.includes(key), key);
            errors++;
          } else if (replies[i] !== null) {
            assert.match(String(replies[i]), new RegExp(`^(of|new) ${key}$`));
          } else {
            assert.ok(lost.includes(key), key); // the restarted server is empty
          }
        }
      }
      assert.equal(each.unread.length, 0);
      each.close();
      return errors;
    });
    for (let round = 0; round < 2; round++) {
      await delay(100);
      servers[2].kill('SIGKILL');
      await waitFor('the server to be gone', () => !servers[2].running);
      await delay(100);
      await servers[2].restart();
    }
    running = false;
    const errors = await Promise.all(work);
    assert.ok(errors.reduce((a, b) => a + b) > 0, 'somebody met the dead server');
    await reachable(lost[0]);
  });
}
