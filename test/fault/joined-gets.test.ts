import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { get, hit, item, linesOf, MISS, STORE, setUp } from '../memcache/one-server.ts';
import { RawClient } from '../memcache/raw-client.ts';
import { send } from '../support/fake-server.ts';
import { USUAL, VARIANTS } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// Gets that travel as one line to a server that answers it wrongly, late or not at all.

for (const variant of VARIANTS) {
  describe(`joined gets before a server with faults (${variant.label})`, () => {
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
      const reply = await all.client.ask(get('a') + get('b') + get('c'));
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

    for (const [what, answer, mayBeGood] of [
      ['items of a key that nobody asked for', item('a') + item('z') + MISS, false],
      ['an item twice', item('a') + item('a') + item('b') + MISS, false],
      // Items that were there in one read are put in order: then it is a good answer.
      ['a large item, in another order', item('b', 'v'.repeat(90_000)) + item('a') + MISS, true],
      ['more items than there are keys', item('a').repeat(3000) + MISS, false],
      ['something else than items', 'STORED\r\n', false],
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
        const isWhole = (got: string | Buffer): boolean =>
          got.toString('latin1').split('END\r\n').length > 2;
        const isOver = (got: Buffer): boolean => got.includes('SERVER_ERROR') || isWhole(got);
        await first.until((got) => isOver(got) || first.ended, 'end');
        const got = first.take().toString('latin1').replaceAll(/v{9}/g, '');
        assert.doesNotMatch(got, /VALUE a.*VALUE [az]|VALUE b.*VALUE a|STORED/s);
        assert.ok(mayBeGood || !isWhole(got), got);
        if (isWhole(got)) assert.match(got, /^VALUE a .*END\r\nVALUE b .*END\r\n$/s);
        // A client that has got a part of its reply can only be closed.
        else if (!first.ended) assert.match(got, /SERVER_ERROR [^\n]*\r\n$/);
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
      await all.client.untilLength(expected.length);
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
  });
}

test('good replies to joined gets end a row of failures', async () => {
  let lines = 0;
  const all = await setUp(
    (index, request, socket) =>
      ++lines % 3 === 0 ? { do: 'reset' } : STORE(index, request, socket),
    USUAL,
    { auto_eject_hosts: true, server_failure_limit: 2, server_retry_timeout: 60_000 },
  );
  let lost = 0;
  for (let i = 0; i < 15; i++) {
    const reply = await all.client.ask(get('a') + get('b'));
    if (reply === hit('a') + hit('b')) continue;
    assert.match(reply, /^(SERVER_ERROR Connection reset by peer\r\n){2}$/);
    lost++;
  }
  assert.equal(lost, 5);
  assert.ok(linesOf(all).every((line) => line === 'get a b\r\n'));
  await all.stop();
});

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
