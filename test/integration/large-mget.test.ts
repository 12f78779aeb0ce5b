import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { PausedClient } from '../fault/paused-client.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// MGET over several servers whose reply is larger than a client may have waiting: all of it comes,
// in order, while the client goes on reading.

const LIMIT = 1 << 18;
const bulk = (value: string | null): string => {
  return value === null ? '$-1\r\n' : `$${value.length}\r\n${value}\r\n`;
};

for (const variant of VARIANTS) {
  describe(`an MGET larger than client_output_limit (${variant.label})`, () => {
    let servers: RealServer[] = [];
    let ringway: TestRingway;
    let values: Map<string, string | null>;

    before(async () => {
      servers = await startRedisSet(3);
      ringway = await startInProcess(
        { servers: shards(servers.map(({ port }) => port)), client_output_limit: LIMIT },
        variant,
      );
      const client = await RespClient.open(ringway.port);
      values = new Map();
      const sizes = [10, 1_000, 20_000, 100_000, 700_000];
      for (let i = 0; i < 60; i++) {
        const size = sizes[i % 7] ?? 5;
        const value = `${i}:`.padEnd(
          i === 20 ? 2_000_000 : size,
          String.fromCharCode(97 + (i % 26)),
        );
        values.set(`k${i}`, i % 7 === 6 ? null : value);
        if (i % 7 !== 6) await client.text('SET', `k${i}`, value);
      }
      // MGET has no value for what is no string.
      await client.text('SADD', 'k6', 'x');
      client.close();
    });
    after(async () => {
      await ringway?.stop();
      await Promise.all(servers.map((server) => server.stop()));
    });

    const replyTo = (keys: readonly string[]): string => {
      return `*${keys.length}\r\n${keys.map((key) => bulk(values.get(key) ?? null)).join('')}`;
    };

    test('any keys, a paused client, and what it asks behind', async () => {
      const keys = fc.array(
        fc.nat({ max: 59 }).map((i) => `k${i - (i % 7 === 6 ? 1 : 0)}`),
        { minLength: 5, maxLength: 200 },
      );
      await fc.assert(
        fc.asyncProperty(keys, fc.constantFrom(0, 20), async (asked, pause) => {
          const client = new PausedClient(ringway.port);
          const all = [...values.keys()];
          await client.gets(encodeRequest('MGET', ...all), replyTo(all).length);
          const [key] = asked;
          const set = encodeRequest('SET', key, 'seen too early');
          const back = encodeRequest('SET', key, values.get(key) ?? '');
          const requests = [encodeRequest('MGET', ...asked), set, encodeRequest('GET', key), back];
          client.socket.write(Buffer.concat(requests));
          const expected = `${replyTo(asked)}+OK\r\n${bulk('seen too early')}+OK\r\n`;
          const got = (await client.readsAfter(pause, expected.length)).toString('latin1');
          assert.equal(got === expected, true);
        }),
        { numRuns: 12 },
      );
    });

    test('a write of the same client behind it is not seen', async () => {
      const keys = Array.from({ length: 60 }, (_, i) => `k${i}`);
      const client = new PausedClient(ringway.port);
      client.socket.write(encodeRequest('MGET', ...keys));
      await delay(100);
      client.socket.write(encodeRequest('SET', 'k3', 'other'));
      const expected = `${replyTo(keys)}+OK\r\n`;
      const got = (await client.readsAfter(50, expected.length)).toString('latin1');
      assert.equal(got === expected, true);
      const again = await RespClient.open(ringway.port);
      assert.equal(await again.text('GET', 'k3'), 'other');
      await again.text('SET', 'k3', values.get('k3') as string);
      again.close();
    });

    test('clients that go in the middle leave nothing behind', async () => {
      const keys = Array.from({ length: 60 }, (_, i) => `k${i}`);
      for (const pause of [0, 5, 20, 60]) {
        const client = new PausedClient(ringway.port);
        client.socket.write(encodeRequest('MGET', ...keys));
        await delay(pause);
        client.socket.destroy();
      }
      const client = await RespClient.open(ringway.port);
      assert.equal(await client.text('ECHO', 'hi'), 'hi');
      client.close();
    });
  });
}

describe('a server that fails in the middle of an MGET in pieces', () => {
  const VALUE = 'v'.repeat(50_000);
  const KEYS = Array.from({ length: 200 }, (_, i) => `k${i}`);

  const failing = async (
    settings: object,
    use: (client: PausedClient, ringway: TestRingway) => Promise<void>,
  ): Promise<void> => {
    const servers = await startRedisSet(2);
    const ringway = await startInProcess({
      servers: shards(servers.map(({ port }) => port)),
      client_output_limit: LIMIT,
      breaker_failures: 0,
      ...settings,
    });
    const setter = await RespClient.open(ringway.port);
    for (const key of KEYS) await setter.text('SET', key, VALUE);
    setter.close();
    const client = new PausedClient(ringway.port);
    client.socket.write(encodeRequest('MGET', ...KEYS));
    client.socket.resume();
    await waitFor('the first bytes', () => client.length > 0);
    client.socket.pause();
    servers[1].kill('SIGKILL');
    await waitFor('its end', () => !servers[1].running);
    await use(client, ringway);
    client.socket.destroy();
    await ringway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  };

  test('the client is cut off: it must not take what came for all', async () => {
    await failing({}, async (client, ringway) => {
      client.socket.resume();
      await waitFor('the end', () => client.closed);
      const said = (text: string) => ringway.log.some((line) => line.includes(text));
      assert.ok(said('its server failed in the middle of a large reply'));
    });
  });

  test('with partial_failure: per-key the errors stand in the places of values', async () => {
    await failing({ partial_failure: 'per-key' }, async (client) => {
      client.socket.resume();
      const elements = (): number => {
        const text = Buffer.concat(client.chunks).toString('latin1');
        return text.split(/\$50000\r\n|-ERR [^\r]*\r\n/).length - 1;
      };
      await waitFor('all elements', () => elements() === KEYS.length);
    });
  });
});
