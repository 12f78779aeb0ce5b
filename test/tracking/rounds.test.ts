import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { send, startFake } from '../support/fake-server.ts';
import { shards, startInProcess } from '../support/ringway.ts';
import { Subscriber } from '../support/subscriber.ts';
import { waitFor } from '../support/wait.ts';

const INVALIDATE = '>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n';

test('a key that changes twice is told of twice, when what the server says comes late', async () => {
  let line: Socket | null = null;
  let pings = 0;
  const server = await startFake((_index, request, socket) => {
    const text = request.toString('latin1');
    if (text.includes('HELLO')) return send('%1\r\n$5\r\nproto\r\n:3\r\n');
    if (text.includes('ringway-tracking')) line = socket;
    if (text.includes('\r\nID\r\n')) return send(':7\r\n');
    if (text.includes('PING') && socket === line) {
      pings++;
      return undefined;
    }
    return send(text.includes('GET') ? '$1\r\nv\r\n' : '+OK\r\n');
  });
  const say = (text: string): void => void (line as unknown as Socket).write(text);
  const ringway = await startInProcess({ servers: shards([server.port]) });
  const client = await Subscriber.open(ringway.port);
  await client.ask(['HELLO', '3']);
  await client.ask(['CLIENT', 'TRACKING', 'ON']);
  assert.deepEqual(await client.ask(['GET', 'k']), ['$1\r\nv\r\n']);
  await waitFor('the servers to be asked', () => pings === 1);
  // The server has answered that, the key has changed, and it is read again; both are under way.
  assert.deepEqual(await client.ask(['GET', 'k']), ['$1\r\nv\r\n']);
  await waitFor('the servers to be asked again', () => pings === 2);
  say(`+PONG\r\n${INVALIDATE}`);
  assert.deepEqual(await client.take(1), [INVALIDATE]);
  // That was of the first read. It changes again: the server knows of the second one.
  say(`+PONG\r\n${INVALIDATE}`);
  assert.deepEqual(await client.take(1), [INVALIDATE]);
  client.close();
  await ringway.stop();
  await server.stop();
});

test('a key whose value takes long is told of once, however late it was answered', async () => {
  let line: Socket | null = null;
  let reader: Socket | null = null;
  let pings = 0;
  const server = await startFake((_index, request, socket) => {
    const text = request.toString('latin1');
    if (text.includes('HELLO')) return send('%1\r\n$5\r\nproto\r\n:3\r\n');
    if (text.includes('ringway-tracking')) line = socket;
    if (text.includes('\r\nID\r\n')) return send(':7\r\n');
    if (text.includes('PING') && socket === line) {
      // The value comes behind a question, and long before the next.
      if (reader !== null && ++pings === 1) reader.write('$1\r\nv\r\n');
      return send('+PONG\r\n');
    }
    if (!text.includes('GET')) return send('+OK\r\n');
    reader = socket;
    return undefined;
  });
  const ringway = await startInProcess({ servers: shards([server.port]) });
  const client = await Subscriber.open(ringway.port);
  await client.ask(['HELLO', '3']);
  await client.ask(['CLIENT', 'TRACKING', 'ON']);
  assert.deepEqual(await client.ask(['GET', 'k']), ['$1\r\nv\r\n']);
  await waitFor('the servers to be asked again', () => pings > 1);
  client.send(['PING']);
  assert.deepEqual(await client.take(1), ['+PONG\r\n']);
  // The second time is for somebody else.
  (line as unknown as Socket).write(`${INVALIDATE}${INVALIDATE}`);
  assert.deepEqual(await client.take(1), [INVALIDATE]);
  client.send(['PING']);
  assert.deepEqual(await client.take(1), ['+PONG\r\n']);
  client.close();
  await ringway.stop();
  await server.stop();
});
