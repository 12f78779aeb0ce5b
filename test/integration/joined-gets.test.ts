import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startFakeMemcached } from '../memcache/fake-memcached.ts';
import { RawClient } from '../memcache/raw-client.ts';
import { type FakeServer, type Script, send } from '../support/fake-server.ts';
import { type RealServer, startMemcached } from '../support/real-servers.ts';
import { startInProcess, USUAL, VARIANTS, type Variant } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// Gets that are on their way to one server together travel as one line. Whatever the server makes
// of it, each request has the reply that it would have had alone.

const item = (key: string, value = `<${key}>`): string =>
  `VALUE ${key} 0 ${value.length}\r\n${value}\r\n`;
const hit = (key: string, value?: string): string => `${item(key, value)}END\r\n`;
const MISS = 'END\r\n';
const get = (...keys: string[]): string => `get ${keys.join(' ')}\r\n`;

/** A memcached that has every key but those that begin with "no". */
const STORE: Script = (_, request) => {
  const words = request.toString('latin1').trim().split(' ');
  if (words[0] !== 'get') return send('STORED\r\n');
  const found = words.slice(1).filter((key) => !key.startsWith('no'));
  return send(`${found.map((key) => item(key)).join('')}END\r\n`);
};

interface Setup {
  readonly fake: FakeServer;
  readonly ringway: Awaited<ReturnType<typeof startInProcess>>;
  readonly client: RawClient;
  stop(): Promise<void>;
}

/** One client of a ringway with one server that follows `script`, and is connected to it. */
async function setUp(script: Script, variant: Variant, options: object = {}): Promise<Setup> {
  const fake = await startFakeMemcached((index, request, socket) =>
    request.toString() === 'version\r\n' ? send('VERSION 1\r\n') : script(index, request, socket),
  );
  const servers = [`127.0.0.1:${fake.port}:1 s1`];
  const ringway = await startInProcess({ redis: false, servers, ...options }, variant);
  const client = await RawClient.open(ringway.port);
  await client.ask('version\r\n');
  const stop = async (): Promise<void> => {
    client.close();
    await ringway.stop();
    await fake.stop();
  };
  return { fake, ringway, client, stop };
}

/** What the server received behind the `version` of setUp(). */
const linesOf = ({ fake }: Setup): string[] =>
  fake.received.slice(1).map((line) => line.toString('latin1'));

for (const variant of VARIANTS) {
  describe(`gets that travel together (${variant.label})`, () => {
    test('are one line for the server, and each has a reply of its own', async () => {
      const all = await setUp(STORE, variant);
      const reply = await all.client.ask(get('a') + get('no1') + get('ab') + get('no') + get('a'));
      assert.equal(reply, hit('a') + MISS + hit('ab') + MISS + hit('a'));
      assert.deepEqual(linesOf(all), ['get a no1 ab no a\r\n']);
      assert.equal(await all.client.ask(get('x')), hit('x'));
      await all.stop();
    });

    test('only misses, and the longest keys', async () => {
      const all = await setUp(STORE, variant);
      assert.equal(await all.client.ask(get('no1') + get('no2')), MISS + MISS);
      const long = [
        'x'.repeat(250),
        'x'.repeat(249),
        `${'x'.repeat(249)}y`,
        `no${'x'.repeat(248)}`,
      ];
      const expected = long.slice(0, 3).map((key) => hit(key));
      assert.equal(
        await all.client.ask(long.map((key) => get(key)).join('')),
        expected.join('') + MISS,
      );
      await all.stop();
    });

    test('other requests keep their place between them', async () => {
      const all = await setUp(STORE, variant);
      const set = 'set k 0 0 2\r\nhi\r\n';
      const reply = await all.client.ask(
        `${get('a')}${get('b')}${set}${get('c')}${set}${get('d')}${get('e')}`,
      );
      assert.equal(
        reply,
        `${hit('a')}${hit('b')}STORED\r\n${hit('c')}STORED\r\n${hit('d')}${hit('e')}`,
      );
      assert.deepEqual(linesOf(all), ['get a b\r\n', set, 'get c\r\n', set, 'get d e\r\n']);
      await all.stop();
    });

    test('what is not a plain get is a line of its own', async () => {
      const all = await setUp(STORE, variant);
      const odd = ['get  b\r\n', 'get c \r\n', 'get d\n', 'gets e\r\n', 'mg f v\r\n'];
      await all.client.ask(get('a') + odd.join('') + get('g') + get('h'));
      assert.deepEqual(linesOf(all), [get('a'), ...odd, 'get g h\r\n']);
      await all.stop();
    });

    test('a large value that is sent between them', async () => {
      const all = await setUp(STORE, variant);
      const set = `set k 0 0 200000\r\n${'v'.repeat(200_000)}\r\n`;
      const reply = await all.client.ask(get('a') + set + get('b') + get('c'), 10_000);
      assert.equal(reply, `${hit('a')}STORED\r\n${hit('b')}${hit('c')}`);
      assert.ok(linesOf(all).includes(set));
      await all.stop();
    });

    test('a line ends before it is longer than 2048 bytes', async () => {
      const all = await setUp(STORE, variant);
      const keys = Array.from({ length: 500 }, (_, i) => `key-${i}-${'x'.repeat(i % 40)}`);
      const reply = await all.client.ask(keys.map((key) => get(key)).join(''));
      assert.equal(reply, keys.map((key) => hit(key)).join(''));
      const lines = linesOf(all);
      assert.ok(lines.every((line) => line.length <= 2048));
      assert.ok(lines.filter((line) => line.length > 1900).length > 4);
      const sent = lines.flatMap((line) => line.trim().split(' ').slice(1));
      assert.deepEqual(sent, keys);
      await all.stop();
    });

    test('a reply that comes in two pieces, cut anywhere', async () => {
      const reply =
        hit('a').slice(0, -5) + item('b', 'END\r\n') + item('b', 'END\r\n') + hit('c', '');
      let cut = 0;
      const all = await setUp((_, _request, socket) => {
        socket.write(reply.slice(0, cut));
        return send(reply.slice(cut), 3);
      }, variant);
      const request = get('a') + get('no') + get('b') + get('b') + get('c') + get('no');
      const expected = hit('a') + MISS + hit('b', 'END\r\n').repeat(2) + hit('c', '') + MISS;
      for (cut = 1; cut < reply.length; cut++) {
        assert.equal(await all.client.ask(request), expected, `cut at ${cut}`);
      }
      assert.ok(linesOf(all).every((line) => line === 'get a no b b c no\r\n'));
      await all.stop();
    });

    test('values larger than the receive window', async () => {
      const size: Record<string, number> = { a: 200_000, b: 3, c: 70_000, d: 65_000, e: 200_000 };
      const value = (key: string) => key.repeat(size[key]);
      const all = await setUp((_, request) => {
        const keys = request.toString().trim().split(' ').slice(1);
        const found = keys.filter((key) => key in size).map((key) => item(key, value(key)));
        return send(`${found.join('')}END\r\n`);
      }, variant);
      for (const keys of ['abcde', 'xaxbxcxdxexx', 'ea', 'bx', 'xxa', 'axx', 'ddddd', 'xbxxbx']) {
        const reply = await all.client.ask([...keys].map((key) => get(key)).join(''), 10_000);
        const expected = [...keys].map((key) => (key in size ? hit(key, value(key)) : MISS));
        assert.equal(reply === expected.join(''), true, keys);
        assert.equal(linesOf(all).at(-1), get(...keys));
      }
      await all.stop();
    });

    test('an error for the line is an error for each, and then each travels alone', async () => {
      const all = await setUp((index, request, socket) => {
        if (request.toString().split(' ').length === 2) return STORE(index, request, socket);
        return send(`${item('a')}SERVER_ERROR out of memory\r\n`);
      }, variant);
      const error = 'SERVER_ERROR out of memory\r\n';
      assert.equal(await all.client.ask(get('a') + get('b') + get('c')), error.repeat(3));
      assert.equal(await all.client.ask(get('a') + get('b')), hit('a') + hit('b'));
      assert.deepEqual(linesOf(all), ['get a b c\r\n', 'get a\r\n', 'get b\r\n']);
      const told = all.ringway.log.filter((line) => line.includes('joined into one line'));
      assert.equal(told.length, 1);
      assert.match(told[0], /s1 .* with SERVER_ERROR out of memory; for 60 s each is sent alone/);
      await all.stop();
    });

    test('an error behind a large value', async () => {
      const value = 'v'.repeat(100_000);
      const all = await setUp(() => send(`${item('a', value)}SERVER_ERROR no more\r\n`), variant);
      const reply = await all.client.ask(get('a') + get('b') + get('c'), 10_000);
      const error = 'SERVER_ERROR no more\r\n';
      assert.equal(reply === `${item('a', value)}END\r\n${error}${error}`, true);
      await all.stop();
    });

    test('items in another order: each request gets its own, and then each travels alone', async () => {
      const all = await setUp((index, request, socket) => {
        const keys = request.toString().trim().split(' ').slice(1);
        if (keys.length === 1) return STORE(index, request, socket);
        const found = keys.filter((key) => !key.startsWith('no')).reverse();
        return send(`${found.map((key) => item(key)).join('')}END\r\n`);
      }, variant);
      const asked = ['a', 'no1', 'b', 'a', 'c', 'no2'];
      const request = asked.map((key) => get(key)).join('');
      const expected = asked.map((key) => (key.startsWith('no') ? MISS : hit(key))).join('');
      assert.equal(await all.client.ask(request), expected);
      assert.equal(await all.client.ask(request), expected);
      assert.equal(linesOf(all).length, 1 + asked.length);
      const told = all.ringway.log.filter((line) => line.includes('joined into one line'));
      assert.equal(told.length, 1);
      assert.match(told[0], /s1 .* with items in another order; from now on each is sent alone/);
      await all.stop();
    });

    for (const [what, answer] of [
      ['items of a key that nobody asked for', item('a') + item('z') + MISS],
      ['an item twice', item('a') + item('a') + item('b') + MISS],
      ['a large item, in another order', item('b', 'v'.repeat(90_000)) + item('a') + MISS],
      ['more items than there are keys', item('a').repeat(3000) + MISS],
      ['something else than items', 'STORED\r\n'],
    ] as const) {
      test(`${what}: nobody gets what is not his`, async () => {
        let wrong = true;
        const all = await setUp(
          (index, request, socket) => {
            if (!wrong || request.toString().split(' ').length === 2)
              return STORE(index, request, socket);
            wrong = false;
            return send(answer);
          },
          variant,
          { breaker_failures: 0 },
        );
        const first = await RawClient.open(all.ringway.port);
        first.send(get('a') + get('b'));
        await first.until((got) => got.includes('SERVER_ERROR') || first.ended, 'error');
        const got = first.take().toString('latin1').replaceAll(/v{9}/g, '');
        assert.doesNotMatch(got, /VALUE a.*VALUE [az]|VALUE b.*VALUE a|STORED/s);
        // A client that has got a part of its reply can only be closed.
        if (!first.ended) assert.match(got, /SERVER_ERROR [^\n]*\r\n$/);
        const good = await all.client.ask(get('a') + get('b'));
        assert.equal(good, hit('a') + hit('b'));
        assert.equal(linesOf(all).at(-1), 'get b\r\n');
        first.close();
        await all.stop();
      });
    }

    test('a reply that nobody asked for finds nobody while a line is not written', async () => {
      let server: Socket | null = null;
      const all = await setUp(
        (index, request, socket) => {
          server = socket;
          return STORE(index, request, socket);
        },
        variant,
        { breaker_failures: 0 },
      );
      const socket = (): Socket | null => server;
      await all.client.ask((get('c') + get('d')).repeat(20));
      const others = [
        await RawClient.open(all.ringway.port),
        await RawClient.open(all.ringway.port),
      ];
      for (let i = 0; i < 20; i++) {
        await delay(5);
        // The proxy finds these in one poll, in any order: it runs in this process.
        others[0].send(get('a') + get('no'));
        socket()?.write(i % 2 === 0 ? MISS : `${item('z')}END\r\n`);
        others[1].send(get('b'));
        const complete = ({ received }: RawClient, least: number): boolean =>
          received.toString('latin1').split(/^END\r\n|^SERVER_ERROR .*\r\n/m).length > least;
        await waitFor('replies', () => complete(others[0], 2) && complete(others[1], 1));
        for (const other of others) {
          const got = other.take().toString('latin1');
          assert.match(got, /^(VALUE [ab] 0 3\r\n<[ab]>\r\n|END\r\n|SERVER_ERROR [ \w]+\r\n)+$/);
        }
        assert.doesNotMatch(await all.client.ask(get('c')), /VALUE [^c]/);
      }
      for (const other of others) other.close();
      await all.stop();
    });

    test('many lines that a server is slow to answer, and no end of them', async () => {
      let answers = false;
      const held: (() => void)[] = [];
      const all = await setUp((_, request, socket) => {
        const keys = request.toString().trim().split(' ').slice(1);
        const reply = `${keys.map((key) => item(key, 'x')).join('')}END\r\n`;
        if (answers) return send(reply);
        held.push(() => socket.write(reply));
        return undefined;
      }, variant);
      const keys = Array.from({ length: 5000 }, (_, i) => `${i}-${'k'.repeat(100)}`);
      for (let i = 0; i < keys.length; i += 50) {
        all.client.send(
          keys
            .slice(i, i + 50)
            .map((key) => get(key))
            .join(''),
        );
        await delay(1);
      }
      // The window of a new client is 128 requests; it opens as they are answered.
      await waitFor('lines', () => held.length > 1);
      answers = true;
      for (const give of held) give();
      const expected = keys.map((key) => hit(key, 'x')).join('');
      await all.client.untilLength(expected.length, 10_000);
      assert.equal(all.client.take().toString() === expected, true);
      await all.stop();
    });

    test('a server that goes away in the middle of the reply', async () => {
      let times = 0;
      const all = await setUp(
        (index, request, socket) => {
          if (times++ > 0) return STORE(index, request, socket);
          return { do: 'send-and-end', bytes: Buffer.from(`${item('a')}VALUE b 0 5\r\nxx`) };
        },
        variant,
        { breaker_failures: 0 },
      );
      const reply = await all.client.ask(get('a') + get('b') + get('c'));
      assert.equal(reply, 'SERVER_ERROR unknown\r\n'.repeat(3));
      assert.equal(await all.client.ask(get('a') + get('b')), hit('a') + hit('b'));
      await all.stop();
    });

    test('a client that leaves takes nothing from the others', async () => {
      const all = await setUp((_, request) => {
        const keys = request.toString().trim().split(' ').slice(1);
        return send(`${keys.map((key) => item(key)).join('')}END\r\n`, 15);
      }, variant);
      for (let round = 0; round < 10; round++) {
        const others = await Promise.all([0, 1, 2].map(() => RawClient.open(all.ringway.port)));
        for (const [i, other] of others.entries()) other.send(get(`k${i}`) + get(`l${i}`));
        await delay(5);
        others[1].close();
        for (const i of [0, 2]) {
          const expected = hit(`k${i}`) + hit(`l${i}`);
          await others[i].untilLength(expected.length);
          assert.equal(others[i].take().toString(), expected);
          others[i].close();
        }
      }
      await all.stop();
    });
  });
}

test('what a server owes is kept up to a limit; further gets travel alone', async () => {
  const held: (() => void)[] = [];
  const all = await setUp((_, request, socket) => {
    const keys = request.toString().trim().split(' ').slice(1);
    held.push(() => socket.write(`${keys.map((key) => item(key, 'x')).join('')}END\r\n`));
    return undefined;
  }, USUAL);
  const clients = await Promise.all(
    Array.from({ length: 20 }, () => RawClient.open(all.ringway.port)),
  );
  const keys = Array.from({ length: 100 }, (_, i) => `${i}-${'k'.repeat(200)}`);
  for (const client of clients) client.send(keys.map((key) => get(key)).join(''));
  const asked = (): number =>
    linesOf(all).reduce((sum, line) => sum + line.trim().split(' ').length - 1, 0);
  await waitFor('all keys', () => asked() === keys.length * clients.length);
  const joined = linesOf(all).filter((line) => line.split(' ').length > 2);
  const kept = joined.reduce((sum, line) => sum + line.length, 0);
  assert.ok(kept > 100_000 && kept < 140_000, `${kept} bytes are kept`);
  for (const give of held) give();
  const expected = keys.map((key) => hit(key, 'x')).join('');
  for (const client of clients) {
    await client.untilLength(expected.length);
    assert.equal(client.take().toString(), expected);
    client.close();
  }
  await all.stop();
});

test('requests, replies and their bytes are counted', async () => {
  const value = 'v'.repeat(200_000);
  const all = await setUp((index, request, socket) => {
    if (!request.includes('big')) return STORE(index, request, socket);
    return send(`${item('a')}${item('big', value)}END\r\n`);
  }, USUAL);
  const stats = (): Record<string, number> => JSON.parse(all.ringway.ringway.stats()).pool1.s1;
  const before = stats();
  await all.client.ask(get('a') + get('no1') + get('big') + get('no2'), 10_000);
  await all.client.ask(get('a') + get('no1') + get('b'));
  const after = stats();
  const grown = (name: string): number => after[name] - before[name];
  const lines = linesOf(all).join('').length;
  const sent = hit('a').length + item('big', value).length + item('a').length + hit('b').length;
  assert.equal(grown('requests'), 7);
  assert.equal(grown('responses'), 7);
  assert.equal(grown('request_bytes'), lines);
  assert.equal(grown('response_bytes'), sent);
  assert.equal(after['in_queue'] + after['out_queue'], 0);
  assert.equal(after['in_queue_bytes'] + after['out_queue_bytes'], 0);
  await all.stop();
});

test('join_gets: false sends each get alone', async () => {
  const all = await setUp(STORE, USUAL, { join_gets: false });
  assert.equal(await all.client.ask(get('a') + get('b')), hit('a') + hit('b'));
  assert.deepEqual(linesOf(all), ['get a\r\n', 'get b\r\n']);
  await all.stop();
});

test('before the server is connected, gets wait together', async () => {
  const fake = await startFakeMemcached(STORE);
  const servers = [`127.0.0.1:${fake.port}:1 s1`];
  const ringway = await startInProcess({ redis: false, servers }, USUAL);
  const clients = await Promise.all([0, 1, 2].map(() => RawClient.open(ringway.port)));
  for (const [i, client] of clients.entries()) client.send(get(`a${i}`) + get(`no${i}`));
  for (const [i, client] of clients.entries()) {
    const expected = hit(`a${i}`) + MISS;
    await client.untilLength(expected.length);
    assert.equal(client.take().toString(), expected);
    client.close();
  }
  await ringway.stop();
  await fake.stop();
});

describe('gets of many clients before real servers', () => {
  let servers: RealServer[] = [];

  before(async () => {
    servers = await Promise.all([0, 1, 2].map(() => startMemcached()));
  });

  after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  for (const variant of VARIANTS) {
    test(`each has its own values (${variant.label})`, async () => {
      const ringway = await startInProcess(
        { redis: false, servers: servers.map((server, i) => `127.0.0.1:${server.port}:1 s${i}`) },
        variant,
      );
      const sizes = [0, 1, 5, 100, 1000, 5000, 40_000, 120_000];
      const valueFor = (i: number): string => `${i}:`.padEnd(sizes[i % sizes.length], `${i % 10}`);
      const writer = await RawClient.open(ringway.port);
      for (let i = 0; i < 200; i += 3) {
        const value = valueFor(i);
        const set = `set key${i} 0 0 ${value.length}\r\n${value}\r\n`;
        assert.equal(await writer.ask(set, 10_000), 'STORED\r\n');
      }
      const found = (i: number): string => (i % 3 === 0 ? item(`key${i}`, valueFor(i)) : '');
      // The same sequence every time: a linear congruential generator.
      let state = 12345;
      const random = (below: number): number => {
        state = (state * 1103515245 + 12345) & 0x7fffffff;
        return (state >>> 8) % below;
      };
      const worker = async (): Promise<void> => {
        const client = await RawClient.open(ringway.port);
        for (let round = 0; round < 15; round++) {
          let request = '';
          let expected = '';
          for (let n = random(12); n >= 0; n--) {
            // A miss moves the items of its server up, as in nutcracker: only hits keep the order.
            const many = random(4) === 0;
            const picked = many
              ? Array.from({ length: random(30) + 2 }, () => random(67) * 3)
              : [random(200)];
            request += get(...picked.map((i) => `key${i}`));
            expected += `${picked.map(found).join('')}END\r\n`;
          }
          const reply = await client.ask(request, 20_000);
          assert.equal(reply === expected, true, request);
        }
        client.close();
      };
      await Promise.all(Array.from({ length: 12 }, worker));
      writer.close();
      await ringway.stop();
    });
  }
});

test('fragments of gets with several keys share lines too', async () => {
  const fakes = await Promise.all([0, 1].map(() => startFakeMemcached(STORE)));
  const servers = fakes.map((fake, i) => `127.0.0.1:${fake.port}:1 s${i + 1}`);
  const ringway = await startInProcess({ redis: false, servers }, USUAL);
  const client = await RawClient.open(ringway.port);
  await client.ask(get(...Array.from({ length: 300 }, (_, i) => `k${i * 7919}`)));
  await waitFor('both connections', () => fakes.every((fake) => fake.received.length > 0));
  const before = fakes.map((fake) => fake.received.length);
  const [one, two] = fakes.map((fake) => fake.received[0].toString().trim().split(' ').slice(1));
  const mixed = [one[0], two[0], one[1], one[0], two[1]];
  const found = (keys: string[]): string =>
    `${keys.map((key) => (key.startsWith('no') ? '' : item(key))).join('')}END\r\n`;
  const requests = [mixed, [one[0]], ['no1'], [...mixed].reverse(), ['no2'], [two[0]], mixed];
  const reply = await client.ask(requests.map((keys) => get(...keys)).join(''));
  assert.equal(reply, requests.map(found).join(''));
  for (const [i, fake] of fakes.entries()) {
    const lines = fake.received.slice(before[i]).map(String);
    assert.equal(lines.length, 1);
    assert.doesNotMatch(lines[0], / {2}/);
  }
  client.close();
  await ringway.stop();
  await Promise.all(fakes.map((fake) => fake.stop()));
});
