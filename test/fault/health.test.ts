import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { send, startFake } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startInProcess } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// What ringway does beyond nutcracker: probes, a breaker, reads that are sent again.

const isPing = (request: Buffer): boolean => /ping/i.test(request.toString('latin1'));

describe('the health of servers', () => {
  test('server_probe: an ejected server returns only when it answers a PING', async () => {
    let well = false;
    let asked = 0;
    const fake = await startFake((_, request) => {
      if (!isPing(request)) asked++;
      return well ? send('+PONG\r\n') : { do: 'reset' };
    });
    const pool = { auto_eject_hosts: true, server_failure_limit: 1, server_retry_timeout: 100 };
    const servers = shards([fake.port]);
    const ringway = await startInProcess({ servers, ...pool, server_probe: true });
    const client = await RespClient.open(ringway.port);
    try {
      assert.match(String(await client.command('GET', 'a')), /reset by peer/);
      for (let i = 0; i < 10; i++) {
        await delay(40);
        assert.match(String(await client.command('GET', 'a')), /Connection refused/);
      }
      assert.equal(asked, 1, 'no request of a client was the probe');
      well = true;
      await waitFor('the server to return', async () => {
        return (await client.command('GET', 'a')) === 'PONG';
      });
    } finally {
      client.close();
      await ringway.stop();
      await fake.stop();
    }
  });

  test('a breaker: a server that is not there is tried seldom, and again once it is', async () => {
    const port = await freePort();
    const servers = shards([port]);
    const ringway = await startInProcess({ servers, breaker_failures: 3, breaker_max_wait: 300 });
    const client = await RespClient.open(ringway.port);
    try {
      const began = performance.now();
      let tries = 0;
      for (; performance.now() - began < 600; tries++) {
        assert.match(String(await client.command('GET', 'a')), /Connection refused/);
      }
      const stats = JSON.parse(ringway.ringway.stats()).pool1.shard1;
      assert.ok(stats.server_err < tries / 2, `${stats.server_err} connections, ${tries} requests`);
    } finally {
      client.close();
      await ringway.stop();
    }
  });

  test('retry_reads: a read is sent again, a write is not', async () => {
    let gets = 0;
    let sets = 0;
    const fake = await startFake((_, request) => {
      if (/set/i.test(request.toString('latin1', 0, 12))) {
        sets++;
        return { do: 'reset' };
      }
      return ++gets % 2 === 1 ? { do: 'reset' } : send('+read\r\n');
    });
    const ringway = await startInProcess({ servers: shards([fake.port]), retry_reads: 1 });
    const client = await RespClient.open(ringway.port);
    try {
      assert.equal(await client.command('GET', 'a'), 'read');
      assert.match(String(await client.command('SET', 'a', 'b')), /reset by peer/);
      assert.deepEqual([gets, sets], [2, 1]);
    } finally {
      client.close();
      await ringway.stop();
      await fake.stop();
    }
  });
});
