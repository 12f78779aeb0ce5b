import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { Subscriber } from '../support/subscriber.ts';
import { waitFor } from '../support/wait.ts';

const LINE = /^\+\d+\.\d+ \[0 127\.0\.0\.1:\d+\] "(set|get)" "(k\d+)"/i;

describe('MONITOR', () => {
  let servers: RealServer[] = [];
  before(async () => {
    servers = await startRedisSet(3);
  });
  after(() => Promise.all(servers.map((server) => server.stop())));

  async function connectionsCalled(name: string): Promise<number> {
    let count = 0;
    for (const { port } of servers) {
      const admin = await RespClient.open(port);
      const list = String(await admin.command('CLIENT', 'LIST'));
      count += list.split('\n').filter((line) => line.includes(` name=${name} `)).length;
      admin.close();
    }
    return count;
  }

  for (const variant of VARIANTS) {
    describe(variant.label, () => {
      let ringway: TestRingway;
      before(async () => {
        const lines = shards(servers.map(({ port }) => port));
        ringway = await startInProcess(
          [{ servers: lines, allow_monitor: true }, { servers: lines }],
          variant,
        );
      });
      after(() => ringway.stop());

      test('shows what all servers do, over one connection to each', async () => {
        const [a, b, w] = await Promise.all([1, 2, 3].map(() => Subscriber.open(ringway.port)));
        assert.deepEqual(await a.ask(['MONITOR']), ['+OK\r\n']);
        assert.deepEqual(await b.ask(['MONITOR']), ['+OK\r\n']);
        assert.equal(await connectionsCalled('ringway-monitor'), 3);
        const [list] = await w.ask(['CLIENT', 'LIST']);
        assert.equal(list.match(/flags=O /g)?.length, 2, list);
        for (let i = 0; i < 20; i++) await w.ask(['SET', `k${i}`, 'v']);
        for (const each of [a, b]) {
          const seen = new Set<string>();
          await waitFor('all keys to be shown', async () => {
            for (const line of await each.take(each.frames.length)) {
              const key = LINE.exec(line)?.[2];
              if (key !== undefined) seen.add(key);
            }
            return seen.size === 20;
          });
        }
        b.send(['GET', 'k1'], ['PING'], ['RESET'], ['GET', 'k1']);
        const said = [
          "-ERR Replica can't interact with the keyspace\r\n",
          '+PONG\r\n',
          '+RESET\r\n',
        ];
        await waitFor('the end of it', () => b.frames.includes('$1\r\nv\r\n'));
        const replies = b.frames.filter((frame) => !/^\+\d/.test(frame));
        assert.deepEqual(replies, [...said, '$1\r\nv\r\n']);
        for (const each of [a, b, w]) each.close();
        await waitFor('the connections to be closed', async () => {
          return (await connectionsCalled('ringway-monitor')) === 0;
        });
      });

      test('sees no data in a transaction either, nor behind it, as in Redis', async () => {
        const said: string[][] = [];
        for (const port of [servers[0].port, ringway.port]) {
          const client = await Subscriber.open(port);
          assert.deepEqual(await client.ask(['MONITOR']), ['+OK\r\n']);
          const replies = () => client.frames.filter((frame) => !/^\+\d/.test(frame));
          const sequence = ['MULTI', 'GET x', 'EXEC', 'GET x', 'MULTI', 'DISCARD', 'GET x'];
          for (const [i, words] of sequence.entries()) {
            client.send(words.split(' '));
            await waitFor('its reply', () => replies().length === i + 1);
          }
          const own = replies();
          said.push(own);
          client.close();
        }
        assert.deepEqual(said[1], said[0]);
        assert.match(said[0][2], /EXECABORT/);
      });

      test('is refused where the pool does not allow it', async () => {
        const client = await RespClient.open(ringway.ports[1]);
        await assert.rejects(
          async () => {
            const reply = await client.command('MONITOR');
            throw reply;
          },
          { message: /^ERR 'monitor' .*\(allow_monitor\)$/ },
        );
        assert.equal(await client.command('PING'), 'PONG');
        client.close();
      });
    });
  }
});
