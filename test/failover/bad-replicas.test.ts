import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { wordsOf } from '../support/fake-sentinel.ts';
import { type FakeServer, send, startFake } from '../support/fake-server.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

const READS = Array.from({ length: 50 }, (_, i) => i);

/** A server that says it is an up-to-date replica, and answers reads with something else. */
async function startBadReplica(master: RealServer, answer: string | null): Promise<FakeServer> {
  const text = String(await command(master.port, 'INFO', 'replication'));
  const replid = /master_replid:(\w+)/.exec(text)?.[1] ?? '';
  const facts = `role:slave\r\nmaster_link_status:up\r\nslave_repl_offset:999999999\r\nmaster_replid:${replid}\r\n`;
  return await startFake((_, request, socket) => {
    const [name = ''] = wordsOf(request);
    if (name === 'INFO') return send(`$${facts.length}\r\n${facts}\r\n`);
    if (name === 'PING') return send('+PONG\r\n');
    if (answer === null) {
      socket.destroy();
      return undefined;
    }
    return answer === '' ? undefined : send(answer);
  });
}

describe('a replica that does not answer reads', () => {
  let master: RealServer;
  before(async () => {
    master = await startRedis();
    await command(master.port, 'SET', 'a', '1');
  });
  after(() => master.stop());

  const answers: readonly (readonly [what: string, answer: string | null])[] = [
    ['loads its data', '-LOADING Redis is loading the dataset in memory\r\n'],
    ['has lost its master', '-MASTERDOWN Link with MASTER is down\r\n'],
    ['says what is no reply', '!!!\r\n'],
    ['closes the connection', null],
    ['hangs', ''],
  ];
  for (const [what, answer] of answers) {
    test(`as it ${what}: its master answers them, in their order`, async () => {
      const replica = await startBadReplica(master, answer);
      const ringway = await startInProcess({
        servers: [`127.0.0.1:${master.port}:1 s1`],
        replicas: [`127.0.0.1:${replica.port} s1`],
        read_from: 'prefer-replica',
        read_after_write: 0,
        timeout: 300,
      });
      const client = await RespClient.open(ringway.port);
      const reads = (): number => replica.received.filter((each) => each.includes('GET')).length;
      try {
        await waitFor('it to be asked', async () => {
          const replies = await Promise.all(READS.map(() => client.text('GET', 'a')));
          assert.deepEqual([...new Set(replies)], ['1']);
          return reads() > 0;
        });
        // It is left alone for a while.
        const before = reads();
        for (const _ of READS) assert.equal(await client.text('GET', 'a'), '1');
        assert.ok(reads() - before <= READS.length / 2, `${reads() - before}`);
        assert.deepEqual(await client.text('MGET', 'a', 'a'), ['1', '1']);
        assert.equal(await client.text('SET', 'a', 1), 'OK');
      } finally {
        client.close();
        await ringway.stop();
        await replica.stop();
      }
    });
  }
});
