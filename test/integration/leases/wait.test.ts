import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { shards, startInProcess } from '../../support/ringway.ts';
import { waitFor } from '../../support/wait.ts';

test('WAIT counts what a transaction wrote over a connection of its own', async () => {
  const server = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(server.port)] });
  const ringway = await startInProcess({ servers: shards([server.port]) });
  const client = await RespClient.open(ringway.port);
  const other = await RespClient.open(ringway.port);
  await waitFor('the replica', async () => (await client.command('WAIT', '1', '100')) === 1);
  const writes = [
    [['WATCH', 'a'], ['MULTI'], ['SET', 'a', '1'], ['EXEC']],
    [['MULTI'], ['SELECT', '1'], ['SET', 'a', '1'], ['SELECT', '0'], ['EXEC']],
    [
      ['RPUSH', 'list', '1'],
      ['BLPOP', 'list', '0'],
    ],
  ];
  for (const requests of writes) {
    // Nothing else of this client is behind the write.
    await waitFor('the replica', async () => (await other.command('WAIT', '1', '100')) === 1);
    replica.kill('SIGSTOP');
    await client.pipeline(requests);
    assert.equal(await client.command('WAIT', '1', '30'), 0, String(requests[0]));
    replica.kill('SIGCONT');
    await waitFor('the replica', async () => (await client.command('WAIT', '1', '500')) === 1);
  }
  client.close();
  other.close();
  await ringway.stop();
  await replica.stop();
  await server.stop();
});
