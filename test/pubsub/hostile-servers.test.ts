import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { type Action, type FakeServer, send, startFake } from '../support/fake-server.ts';
import { shards, startInProcess, type TestRingway } from '../support/ringway.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { waitFor } from '../support/wait.ts';

// Servers that answer a subscriber as no real one does.

let fake: FakeServer;
let ringway: TestRingway;

afterEach(async () => {
  await ringway.stop();
  await fake.stop();
});

function wordsOf(request: Buffer): string[] {
  return request
    .toString('latin1')
    .split('\r\n')
    .filter((_, i) => i > 0 && i % 2 === 0);
}

/** A server that grants all but what `answer` says something to. */
async function start(
  answer: (words: readonly string[], count: number) => Action | undefined,
  pool: object = {},
): Promise<void> {
  const seen = new Map<string, number>();
  fake = await startFake((_index, request) => {
    const words = wordsOf(request);
    const name = words[0];
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    const own = answer(words, count);
    if (own !== undefined) return own;
    if (/^.?(UN)?SUBSCRIBE$/.test(name)) return send(frame('*', name.toLowerCase(), words[1], 1));
    return send(name === 'PING' ? '+PONG\r\n' : '+OK\r\n');
  });
  ringway = await startInProcess({ servers: shards([fake.port]), ...pool });
}

const granted = (name: string): string => frame('*', 'subscribe', name, 1);

describe('a hostile server', () => {
  const wrong: Record<string, string> = {
    'the wrong name': frame('*', 'subscribe', 'other', 1),
    'the wrong kind': frame('*', 'psubscribe', 'c', 1),
    'an end instead': frame('*', 'unsubscribe', 'c', 0),
    'no count': frame('*', 'subscribe', 'c', 'x'),
    'a name that is none': frame('*', 'subscribe', null, 1),
    'a status': '+OK\r\n',
    'a number': ':1\r\n',
    'a push of RESP3': frame('>', 'subscribe', 'c', 1),
    'a length written oddly': '*3\r\n$09\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n',
    'one element too many': '*4\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n:1\r\n',
    'something nested': '*3\r\n$9\r\nsubscribe\r\n*1\r\n$1\r\nc\r\n:1\r\n',
    'no RESP at all': 'HTTP/1.1 200 OK\r\n\r\n',
    'a message without an end': '*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n*1\r\n$1\r\nx\r\n',
  };
  for (const [what, bytes] of Object.entries(wrong)) {
    test(`that acknowledges with ${what} is not believed`, async () => {
      await start(([name]) => (name === 'SUBSCRIBE' ? send(bytes) : undefined));
      const client = await Subscriber.open(ringway.port);
      const [reply] = await client.ask(['SUBSCRIBE', 'c']);
      assert.equal(reply, '-ERR Invalid argument\r\n');
      assert.deepEqual(await client.ask(['ECHO', 'x']), ['$1\r\nx\r\n'], 'nothing was subscribed');
      client.close();
    });
  }

  test('that refuses: its words are passed on, to who asked', async () => {
    const error = "-NOPERM this user has no permissions to access the 'c' channel\r\n";
    await start((words) => (words[1] === 'c' ? send(error) : undefined));
    const client = await Subscriber.open(ringway.port);
    assert.deepEqual(await client.ask(['SUBSCRIBE', 'c']), [error]);
    assert.deepEqual(await client.ask(['SUBSCRIBE', 'd', 'c', 'e']), [error]);
    assert.deepEqual(await client.ask(['SUBSCRIBE', 'd']), [granted('d')]);
    client.close();
  });

  test('that answers what nobody asked is not listened to any more', async () => {
    await start(([, name]) =>
      name === 'c' ? send(granted('c') + frame('*', 'subscribe', 'd', 2)) : undefined,
    );
    const client = await Subscriber.open(ringway.port);
    client.send(['SUBSCRIBE', 'c']);
    await client.end();
    assert.deepEqual(client.frames, [granted('c')]);
  });

  test('that sends messages of what nobody hears: they go nowhere', async () => {
    const stray = ['nobody', ''].map((name) => frame('*', 'message', name, 'x')).join('');
    const more = stray + frame('*', 'pmessage', 'c', 'c', 'x') + frame('*', 'smessage', 'c', 'x');
    await start(([, name]) =>
      name === 'c' ? send(more + granted('c') + frame('*', 'message', 'c', 'y')) : undefined,
    );
    const client = await Subscriber.open(ringway.port);
    assert.deepEqual(await client.ask(['SUBSCRIBE', 'c'], 2), [
      granted('c'),
      frame('*', 'message', 'c', 'y'),
    ]);
    client.close();
  });

  for (const size of [66_000, 300_000]) {
    test(`that sends a message of ${size} bytes, more than may: it is left out`, async () => {
      const large = frame('*', 'message', 'c', 'x'.repeat(size));
      const small = frame('*', 'message', 'c', 'y'.repeat(60_000));
      await start(
        ([, name]) => (name === 'c' ? send(granted('c') + large + small + small) : undefined),
        { client_output_limit: 65_536 },
      );
      const client = await Subscriber.open(ringway.port);
      assert.deepEqual(await client.ask(['SUBSCRIBE', 'c'], 3), [granted('c'), small, small]);
      client.close();
    });
  }

  test('that has no password: it is told in the log, and does no harm', async () => {
    const error = '-ERR Client sent AUTH, but no password is set\r\n';
    await start(([name]) => (name === 'AUTH' ? send(error) : undefined), { redis_auth: 'secret' });
    const client = await Subscriber.open(ringway.port);
    await client.ask(['AUTH', 'secret']);
    assert.deepEqual(await client.ask(['SUBSCRIBE', 'c']), [granted('c')]);
    assert.ok(ringway.log.some((line) => /AUTH failed on pool1/.test(line)));
    client.close();
  });

  test('that comes and goes: it is tried again, not all the time', async () => {
    await start(([name]) => (name === 'SUBSCRIBE' ? { do: 'reset' } : undefined));
    const client = await Subscriber.open(ringway.port);
    const [reply] = await client.ask(['SUBSCRIBE', 'c']);
    assert.match(reply, /^-ERR /);
    const { connections } = fake;
    await waitFor('what nobody hears to be given up', () => fake.open.size === 0);
    assert.ok(fake.connections - connections < 20, String(fake.connections));
    client.close();
  });
});
