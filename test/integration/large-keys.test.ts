import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PausedClient } from '../fault/paused-client.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, parseReply, RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// KEYS over several servers whose reply is larger than what is joined: each server's list is passed
// on as it comes, one after the other.

const PER_SERVER = 20_000;
const LENGTH = 100;
const LIMIT = 1 << 20;
/** Fills a server with keys of LENGTH bytes: "s1:<number>" and padding. */
const FILL = `for i = 1, ${PER_SERVER} do
  local name = ARGV[1] .. ':' .. i
  redis.call('SET', name .. string.rep('x', ${LENGTH} - #name), '')
end`;

for (const variant of VARIANTS) {
  describe(`KEYS larger than what is joined (${variant.label})`, () => {
    let servers: RealServer[] = [];
    let ringway: TestRingway;
    const bytes = 3 * PER_SERVER * (LENGTH + `$${LENGTH}\r\n\r\n`.length) + '*60000\r\n'.length;

    before(async () => {
      servers = await startRedisSet(3);
      ringway = await startInProcess(
        { servers: shards(servers.map(({ port }) => port)), client_output_limit: LIMIT },
        variant,
      );
      for (const [i, { port }] of servers.entries()) {
        const direct = await RespClient.open(port);
        await direct.text('EVAL', FILL, '0', `s${i}`);
        direct.close();
      }
    });
    after(async () => {
      await ringway?.stop();
      await Promise.all(servers.map((server) => server.stop()));
    });

    for (const pause of [0, 300]) {
      test(`each key once, also to a client that pauses ${pause} ms`, async () => {
        const client = new PausedClient(ringway.port);
        const behind = Buffer.concat([
          encodeRequest('SET', 'new', 'x'),
          encodeRequest('DEL', 'new'),
        ]);
        client.socket.write(Buffer.concat([encodeRequest('KEYS', '*'), behind]));
        const expected = bytes + '+OK\r\n:1\r\n'.length;
        const got = await client.readsAfter(pause, expected);
        assert.equal(got.length, expected);
        const [keys] = parseReply(got) as [Buffer[], number];
        assert.equal(keys.length, 3 * PER_SERVER);
        assert.equal(new Set(keys.map(String)).size, 3 * PER_SERVER);
        assert.equal(got.toString('latin1', bytes), '+OK\r\n:1\r\n');
      });
    }

    test('servers make it once where the last ones were long, and slow ones are told once', async () => {
      const direct = await Promise.all(servers.map(({ port }) => RespClient.open(port)));
      const calls = async (): Promise<number[]> => {
        const stats = direct.map((each) => each.text('INFO', 'commandstats'));
        return (await Promise.all(stats)).map((text) => {
          return Number(/cmdstat_keys:calls=(\d+)/.exec(String(text))?.[1] ?? 0);
        });
      };
      const asked = async (pattern: string, length: number): Promise<number[]> => {
        const before = await calls();
        const client = new PausedClient(ringway.port);
        client.socket.write(encodeRequest('KEYS', pattern));
        assert.equal((await client.readsAfter(0, length)).length, length);
        client.socket.destroy();
        const after = await calls();
        return after.map((count, i) => count - before[i]);
      };
      await asked('*', bytes);
      const client = await RespClient.open(ringway.port);
      await client.command('SLOWLOG', 'RESET');
      assert.deepEqual(await asked('*', bytes), [1, 1, 1]);
      const entries = (await client.text('SLOWLOG', 'GET', '10')) as unknown[][];
      const names = entries.map((entry) => (entry[3] as string[]).join(' '));
      assert.deepEqual(names, names.slice(0, 1).fill('KEYS *'));
      // What the connection that all share was asked last.
      const isLeased = async (): Promise<boolean> => {
        await client.command('DBSIZE');
        await asked('none', 4);
        return String(await direct[0].text('CLIENT', 'LIST')).includes(' cmd=dbsize ');
      };
      for (let i = 0; i < 16; i++) assert.equal(await isLeased(), true, `short list ${i}`);
      assert.equal(await isLeased(), false);
      client.close();
      for (const each of direct) each.close();
    });

    test('clients that go in the middle leave no connection to a server behind', async () => {
      for (const pause of [0, 10, 30, 100]) {
        const client = new PausedClient(ringway.port);
        client.socket.write(encodeRequest('KEYS', '*'));
        await delay(pause);
        client.socket.destroy();
      }
      const direct = await RespClient.open(servers[0].port);
      const connections = async (): Promise<number> => {
        return String(await direct.text('CLIENT', 'LIST')).split('\n').length - 2;
      };
      await waitFor('leases to be given back', async () => (await connections()) <= 3);
      direct.close();
      const client = new PausedClient(ringway.port);
      client.socket.write(encodeRequest('KEYS', '*'));
      assert.equal((await client.readsAfter(0, bytes)).length, bytes);
    });
  });
}
