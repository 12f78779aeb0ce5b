import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { startFakeSentinel, wordsOf } from '../support/fake-sentinel.ts';
import { send, startFake } from '../support/fake-server.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

const MASTER = '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n';
const LOADING = '-LOADING Redis is loading the dataset in memory\r\n';

test('a connection that is greeted while requests begin to wait is not lost', async () => {
  let loading = false;
  // A connection whose greeting is not answered.
  let greeted: Socket | null = null;
  let holdsBack = false;
  const server = await startFake((_index, request, socket) => {
    const words = wordsOf(request);
    if (words[0] === 'ROLE') {
      if (holdsBack && greeted === null) greeted = socket;
      return greeted === socket ? undefined : send(MASTER);
    }
    if (words[0] === 'PING') return greeted === socket ? undefined : send('+PONG\r\n');
    if (words[0] === 'SET') return send(loading ? LOADING : '+OK\r\n');
    return send(words[0] === 'BLPOP' ? '*2\r\n$1\r\nl\r\n$1\r\nx\r\n' : ':7\r\n');
  });
  const sentinel = await startFakeSentinel({
    cache: { port: server.port, epoch: 1, replicas: [] },
  });
  const ringway = await startInProcess({
    servers: [`127.0.0.1:${server.port}:1 cache`],
    sentinels: [`127.0.0.1:${sentinel.port}`],
  });
  const [client, other] = [
    await RespClient.open(ringway.port),
    await RespClient.open(ringway.port),
  ];
  try {
    assert.equal(await client.text('SET', 'a', 0), 'OK');
    holdsBack = true;
    const element = client.command('BLPOP', 'l', 0);
    await waitFor('the greeting', () => greeted !== null);
    loading = true;
    const write = other.text('SET', 'a', 1);
    await waitFor('the server to be waited for', async () => {
      const info = await RespClient.open(ringway.port);
      const text = await info.text('INFO', 'topology');
      info.close();
      return /state=waiting/.test(String(text));
    });
    (greeted as unknown as Socket).write(`${MASTER}+PONG\r\n`);
    loading = false;
    assert.equal(await write, 'OK');
    assert.deepEqual(String(await element), 'l,x');
  } finally {
    client.close();
    other.close();
    await ringway.stop();
    await sentinel.stop();
    await server.stop();
  }
});
