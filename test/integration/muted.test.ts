import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { type Action, type FakeServer, send, startFake } from '../support/fake-server.ts';
import { encodeRequest, RespClient, type Word } from '../support/resp-client.ts';
import { type PoolSpec, shards, startInProcess, type TestRingway } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// Requests whose replies nobody hears, and those that are sent later than they were read: they are
// bounded like others, keep their place and their database, and end with their client.

interface Seen {
  readonly words: readonly string[];
  readonly db: string;
  readonly resp: string;
}

type Answer = (words: readonly string[], seen: readonly Seen[]) => Action | undefined;

const INFO_MOVABLE = '*1\r\n*6\r\n$3\r\nfoo\r\n:-2\r\n*1\r\n+movablekeys\r\n:0\r\n:0\r\n:0\r\n';

describe('requests without a listener', () => {
  let fake: FakeServer;
  let ringway: TestRingway;
  let clients: RespClient[] = [];
  let seen: Seen[] = [];

  afterEach(async () => {
    for (const client of clients) client.close();
    clients = [];
    await ringway?.stop();
    await fake?.stop();
  });

  /** Starts a server that knows databases, and a ringway in front of it. */
  async function begin(pool: Partial<PoolSpec>, answer: Answer): Promise<void> {
    seen = [];
    const places = new WeakMap<Socket, { db: string; resp: string }>();
    fake = await startFake((_, request, socket) => {
      const words = request
        .toString('latin1')
        .split('\r\n')
        .filter((_word, i) => i > 0 && i % 2 === 0);
      const place = places.get(socket) ?? { db: '0', resp: '2' };
      places.set(socket, place);
      const [name, first] = words;
      if (name === 'SELECT') place.db = first;
      if (name === 'HELLO') place.resp = first;
      seen.push({ words, ...place });
      const given = answer(words, seen);
      if (given !== undefined) return given;
      if (name === 'HELLO') return send('%1\r\n$5\r\nproto\r\n:3\r\n');
      return send(name === 'PING' ? '+PONG\r\n' : '+OK\r\n');
    });
    ringway = await startInProcess({ servers: shards([fake.port]), ...pool });
  }

  async function open(): Promise<RespClient> {
    const client = await RespClient.open(ringway.port);
    clients.push(client);
    return client;
  }

  const packet = (...requests: Word[][]) =>
    Buffer.concat(requests.map((words) => encodeRequest(...words)));
  const named = (name: string) => seen.filter(({ words }) => words[0] === name);
  const SILENCE: Action = { do: 'silence' };
  const zero: Answer = ([name]) => (name === 'WAIT' ? send(':0\r\n') : undefined);

  test('a client has one WAIT at a time, and the servers are asked ever less often', async () => {
    await begin({}, zero);
    const client = await open();
    const waits = Array.from({ length: 16_000 }, () => ['WAIT', '9', '0']);
    await client.send(packet(['CLIENT', 'REPLY', 'OFF'], ...waits));
    await waitFor('the first WAIT', () => named('WAIT').length > 0);
    const from = performance.now();
    await delay(700);
    // At 0, 2, 6, 14, 30, 62 and 126 ms, then every 100 ms.
    const most = 8 + (performance.now() - from) / 100;
    assert.ok(named('WAIT').length <= most, `${named('WAIT').length} times`);
    assert.equal(await (await open()).text('GET', 'k'), 'OK');
  });

  test('WAIT ends with its client', async () => {
    await begin({}, zero);
    for (const leave of ['close', 'halfClose'] as const) {
      const client = await open();
      const before = named('WAIT').length;
      await client.send(packet(['WAIT', '9', '0']));
      await waitFor('the first WAIT', () => named('WAIT').length > before + 1);
      client[leave]();
      await delay(600);
      const asked = named('WAIT').length;
      await delay(1_100);
      assert.equal(named('WAIT').length, asked, leave);
    }
    // Who only sends no more still hears the answer.
    assert.equal(String(await clients[1].readToEnd()), ':0\r\n');
  });

  test('WAIT with more behind it than is read ends also when nobody sees its client leave', async () => {
    await begin({}, zero);
    for (const leave of ['close', 'halfClose', 'reset'] as const) {
      const client = await open();
      const asked = named('WAIT').length;
      const waits = Array.from({ length: 1_500 }, () => ['WAIT', '9', '0']);
      await client.send(packet(...waits, ['SET', 'k', leave]));
      await waitFor('the first WAIT', () => named('WAIT').length > asked);
      client[leave]();
    }
    // Nobody waits any more when the servers are not asked for more than the longest pause.
    const ended = async (): Promise<boolean> => {
      const asked = named('WAIT').length;
      await delay(1_100);
      return named('WAIT').length === asked;
    };
    await waitFor('the end of all waiting', ended);
  });

  test('what comes behind WAIT waits, and WAIT has its own limit of time', async () => {
    await begin({}, zero);
    const client = await open();
    const began = performance.now();
    const replies = await client.pipeline([
      ['WAIT', '9', '100'],
      ['SET', 'k', 'v'],
    ]);
    assert.deepEqual(replies, [0, 'OK']);
    assert.ok(performance.now() - began >= 99);
    assert.equal(seen.at(-1)?.words[0], 'SET');
  });

  test('muted requests count in max_pipeline', async () => {
    await begin({ max_pipeline: 50 }, ([name]) => (name === 'SET' ? SILENCE : undefined));
    const client = await open();
    const sets = Array.from({ length: 5_000 }, (_, i) => ['SET', `k${i}`, 'v']);
    await client.send(packet(['CLIENT', 'REPLY', 'OFF'], ...sets));
    await waitFor('some', () => named('SET').length >= 50);
    await delay(200);
    assert.equal(named('SET').length, 50);
  });

  test('all muted requests are sent, in order, also when the client sends no more', async () => {
    await begin({ max_pipeline: 20 }, () => undefined);
    const client = await open();
    const sets = Array.from({ length: 500 }, (_, i) => ['SET', 'k', String(i)]);
    const skipped = [
      ['CLIENT', 'REPLY', 'SKIP'],
      ['SET', 'k', 'skipped'],
      ['GET', 'k'],
    ];
    await client.send(packet(...skipped, ['CLIENT', 'REPLY', 'OFF'], ...sets));
    client.halfClose();
    assert.equal(String(await client.readToEnd()), '+OK\r\n', 'the GET');
    assert.deepEqual(
      named('SET').map(({ words }) => words[2]),
      ['skipped', ...sets.map((words) => words[2])],
    );
  });

  test('a muted request keeps its database when SELECT comes behind it', async () => {
    const learnt: Answer = ([name, sub]) => {
      if (name !== 'COMMAND') return undefined;
      return send(sub === 'INFO' ? INFO_MOVABLE : '*1\r\n$1\r\nk\r\n');
    };
    await begin({ unknown_commands: 'ask' }, learnt);
    assert.equal(await (await open()).text('SELECT', '5'), 'OK');
    const client = await open();
    const requests = [
      ['CLIENT', 'REPLY', 'OFF'],
      ['FOO', 'k'],
      ['SELECT', '5'],
      ['SET', 'k', 'v'],
      ['SELECT', '7'],
      ['SET', 'k', 'w'],
      ['CLIENT', 'REPLY', 'ON'],
    ];
    await client.send(packet(...requests));
    assert.deepEqual(await client.read(1), ['OK']);
    assert.equal(named('FOO')[0].db, '0');
    assert.deepEqual(
      named('SET').map(({ db }) => db),
      ['5', '7'],
    );
  });

  /** The first GET of each client's loses its server. */
  const losing: Answer = ([name], all) =>
    name === 'GET' && all.filter(({ words }) => words[0] === 'GET').length === 1
      ? { do: 'reset' }
      : undefined;

  test('a read is sent again in the database it was made in', async () => {
    await begin({ retry_reads: 1 }, losing);
    assert.equal(await (await open()).text('SELECT', '5'), 'OK');
    const client = await open();
    const replies = await client.pipeline([
      ['GET', 'k'],
      ['SELECT', '5'],
      ['SET', 'k', 'v'],
    ]);
    assert.deepEqual(replies, ['OK', 'OK', 'OK']);
    assert.deepEqual(
      named('GET').map(({ db }) => db),
      ['0', '0'],
    );
    assert.equal(named('SET')[0].db, '5');
  });

  test('a read is sent again with the version of RESP it was made with', async () => {
    await begin({ retry_reads: 1 }, losing);
    const client = await open();
    await client.send(packet(['GET', 'k'], ['HELLO', '3']));
    assert.equal(String(await client.readRaw(1)), '+OK\r\n');
    assert.deepEqual(
      named('GET').map(({ resp }) => resp),
      ['2', '2'],
    );
  });

  test('a read is sent again in its database also when that is not the first', async () => {
    await begin({ retry_reads: 1 }, losing);
    const client = await open();
    const replies = await client.pipeline([
      ['SELECT', '5'],
      ['GET', 'k'],
      ['SELECT', '0'],
    ]);
    assert.deepEqual(replies, ['OK', 'OK', 'OK']);
    assert.deepEqual(
      named('GET').map(({ db }) => db),
      ['5', '5'],
    );
  });
});
