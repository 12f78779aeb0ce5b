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
