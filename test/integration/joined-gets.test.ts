import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startFakeMemcached } from '../memcache/fake-memcached.ts';
import { get, hit, item, linesOf, MISS, STORE, setUp } from '../memcache/one-server.ts';
import { RawClient } from '../memcache/raw-client.ts';
import { send } from '../support/fake-server.ts';
import { type RealServer, startMemcached } from '../support/real-servers.ts';
import { startInProcess, USUAL, VARIANTS } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// Gets that are on their way to one server together travel as one line. Whatever the server makes
// of it, each request has the reply that it would have had alone.

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
      const reply = await all.client.ask(get('a') + set + get('b') + get('c'));
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
        const reply = await all.client.ask([...keys].map((key) => get(key)).join(''));
        const expected = [...keys].map((key) => (key in size ? hit(key, value(key)) : MISS));
        assert.equal(reply === expected.join(''), true, keys);
        assert.equal(linesOf(all).at(-1), get(...keys));
      }
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

test('requests, replies and their bytes are counted', async () => {
  const value = 'v'.repeat(200_000);
  const all = await setUp((index, request, socket) => {
    if (!request.includes('big')) return STORE(index, request, socket);
    return send(`${item('a')}${item('big', value)}END\r\n`);
  }, USUAL);
  const stats = (): Record<string, number> => JSON.parse(all.ringway.ringway.stats()).pool1.s1;
  const before = stats();
  await all.client.ask(get('a') + get('no1') + get('big') + get('no2'));
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
        assert.equal(await writer.ask(set), 'STORED\r\n');
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
          const reply = await client.ask(request);
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
