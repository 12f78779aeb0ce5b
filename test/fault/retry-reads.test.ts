import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder, send, startFake } from '../support/fake-server.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, USUAL } from '../support/ringway.ts';

const RESET = { do: 'reset' } as const;

async function withServer(
  actions: Parameters<typeof inOrder>[0],
  retries: number,
  check: (client: RespClient, received: () => string[]) => Promise<void>,
): Promise<void> {
  const server = await startFake(inOrder(actions));
  const ringway = await startInProcess(
    { servers: shards([server.port]), retry_reads: retries },
    USUAL,
  );
  const client = await RespClient.open(ringway.port);
  try {
    await check(client, () => server.received.map((request) => request.toString('latin1')));
  } finally {
    client.close();
    await ringway.stop();
    await server.stop();
  }
}

test('a read whose server is lost before it answers is sent again', async () => {
  await withServer([RESET, RESET, send('$1\r\nv\r\n')], 2, async (client, received) => {
    assert.equal(String(await client.command('GET', 'k')), 'v');
    assert.equal(received().length, 3);
    assert.equal(new Set(received()).size, 1, 'the same bytes each time');
  });
});

test('with no retries left the client hears what happened', async () => {
  await withServer([RESET], 1, async (client, received) => {
    assert.match(String(await client.command('GET', 'k')), /Connection reset by peer/);
    assert.equal(received().length, 2);
  });
});

test('a write is never sent twice', async () => {
  await withServer([RESET, send('+OK\r\n')], 3, async (client, received) => {
    assert.match(String(await client.command('SET', 'k', 'v')), /Connection reset by peer/);
    assert.equal(received().length, 1);
  });
});

test('without retry_reads a read is sent once', async () => {
  await withServer([RESET, send('$1\r\nv\r\n')], 0, async (client, received) => {
    assert.match(String(await client.command('GET', 'k')), /Connection reset by peer/);
    assert.equal(received().length, 1);
  });
});

test('a read that waits for its retry keeps its place among the replies', async () => {
  await withServer([RESET, send('$1\r\na\r\n'), send('$1\r\nb\r\n')], 2, async (client) => {
    const replies = await client.pipeline([
      ['GET', 'k'],
      ['ECHO', 'mine'],
    ]);
    assert.deepEqual(replies.map(String), ['a', 'mine']);
  });
});

test('a reply that had begun is not asked for again: the client is closed', async () => {
  const half = Buffer.concat([Buffer.from('$200000\r\n'), Buffer.alloc(150_000, 'x')]);
  const actions = [{ do: 'send-and-end', bytes: half } as const];
  await withServer(actions, 3, async (client, received) => {
    await client.send(Buffer.from('*2\r\n$3\r\nGET\r\n$1\r\nk\r\n'));
    await client.readToEnd();
    assert.equal(received().length, 1);
  });
});
