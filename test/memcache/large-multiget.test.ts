import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { PausedClient } from '../fault/paused-client.ts';
import { type RealServer, startMemcached } from '../support/real-servers.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// A get over several servers whose reply is larger than a client may have waiting: all of it comes,
// in order, while the client goes on reading.

const LIMIT = 1 << 18;
const SIZES = [10, 1_000, 20_000, 100_000, 700_000];
const KEYS = Array.from({ length: 40 }, (_, i) => `k${i}`);

const startServers = (count: number): Promise<RealServer[]> => {
  return Promise.all(Array.from({ length: count }, () => startMemcached()));
};

for (const variant of VARIANTS) {
  describe(`a get larger than client_output_limit (${variant.label})`, () => {
    let servers: RealServer[] = [];
    let ringway: TestRingway;
    const values: Map<string, string> = new Map();
    const set = (key: string, value: string): string => {
      return `set ${key} 0 0 ${value.length}\r\n${value}\r\n`;
    };
    const item = (key: string): string => {
      const value = values.get(key);
      return value === undefined ? '' : `VALUE ${key} 0 ${value.length}\r\n${value}\r\n`;
    };

    before(async () => {
      servers = await startServers(3);
      const ports = servers.map(({ port }) => port);
      const pool = { redis: false, servers: shards(ports), client_output_limit: LIMIT };
      ringway = await startInProcess(pool, variant);
      const client = new PausedClient(ringway.port);
      let sets = '';
      for (const [i, key] of KEYS.entries()) {
        const size = SIZES[i % 7];
        if (size === undefined) continue;
        values.set(key, `${i}:`.padEnd(size, String.fromCharCode(97 + (i % 26))));
        sets += set(key, values.get(key) as string);
      }
      await client.gets(Buffer.from(sets), 'STORED\r\n'.length * values.size);
      client.socket.destroy();
    });
    after(async () => {
      await ringway?.stop();
      await Promise.all(servers.map((server) => server.stop()));
    });

    test('any keys, a paused client, and what it asks behind', async () => {
      const keys = fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 5 });
      const command = fc.constantFrom('get', 'gat 0');
      await fc.assert(
        fc.asyncProperty(keys, command, fc.constantFrom(0, 20), async (asked, name, pause) => {
          const client = new PausedClient(ringway.port);
          const all = KEYS.map(item).join('');
          await client.gets(Buffer.from(`get ${KEYS.join(' ')}\r\n`), all.length + 5);
          const key = asked.find((each) => values.has(each)) ?? 'k0';
          const early = set(key, 'seen too early');
          const back = set(key, values.get(key) as string);
          client.socket.write(`${name} ${asked.join(' ')}\r\n${early}get ${key}\r\n${back}`);
          const after = `VALUE ${key} 0 14\r\nseen too early\r\nEND\r\n`;
          const items = asked.map(item);
          const tail = `END\r\nSTORED\r\n${after}STORED\r\n`;
          const length = items.join('').length + tail.length;
          const got = (await client.readsAfter(pause, length)).toString('latin1');
          // Where a key has no item the next one of its server stands there, as in nutcracker.
          assert.equal(got.length, length);
          assert.equal(got.endsWith(tail), true);
          assert.equal(
            items.every((each) => got.includes(each)),
            true,
          );
        }),
        { numRuns: 12 },
      );
    });

    test('clients that go in the middle leave nothing behind', async () => {
      for (const pause of [0, 5, 20, 60]) {
        const client = new PausedClient(ringway.port);
        client.socket.write(`get ${KEYS.join(' ')}\r\n`);
        await delay(pause);
        client.socket.destroy();
      }
      const client = new PausedClient(ringway.port);
      await client.gets(Buffer.from('get k0\r\n'), item('k0').length + 5);
      client.socket.destroy();
    });
  });
}

test('a server that fails in the middle: its error line stands in the place of END', async () => {
  const servers = await startServers(2);
  const ringway = await startInProcess({
    redis: false,
    servers: shards(servers.map(({ port }) => port)),
    client_output_limit: LIMIT,
    breaker_failures: 0,
  });
  // More than all buffers on the way hold.
  const value = 'v'.repeat(150_000);
  const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
  const setter = new PausedClient(ringway.port);
  const sets = keys.map((key) => `set ${key} 0 0 ${value.length}\r\n${value}\r\n`).join('');
  await setter.gets(Buffer.from(sets), 'STORED\r\n'.length * keys.length);
  setter.socket.destroy();
  const client = new PausedClient(ringway.port);
  client.socket.write(`get ${keys.join(' ')}\r\nmn\r\n`);
  client.socket.resume();
  await waitFor('the first bytes', () => client.length > 0);
  client.socket.pause();
  servers[1].kill('SIGKILL');
  await waitFor('its end', () => !servers[1].running);
  client.socket.resume();
  const text = (): string => Buffer.concat(client.chunks).toString('latin1').slice(-100);
  await waitFor('the next answer', () => text().endsWith('MN\r\n') || client.closed);
  assert.match(text(), /SERVER_ERROR [A-Za-z ]+\r\nMN\r\n$/);
  client.socket.destroy();
  await ringway.stop();
  await Promise.all(servers.map((server) => server.stop()));
});
