import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { TRACKING_ROUNDS } from '../../src/limits.ts';
import { type Action, send, startFake } from '../support/fake-server.ts';
import { shards, startInProcess } from '../support/ringway.ts';
import { Subscriber } from '../support/subscriber.ts';
import { delay, waitFor } from '../support/wait.ts';

const INVALIDATE = '>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n';
const VALUE = '$1\r\nv\r\n';
const PONG = '+PONG\r\n';

/** What a server says to the questions that are counted, and to reads. */
interface Says {
  toPing?(count: number): Action | undefined;
  toGet?(socket: Socket): Action | undefined;
}

/** A server that tells of keys as the test says, and a client that tracks. */
async function startTeller({ toPing = () => undefined, toGet = () => send(VALUE) }: Says) {
  let line: Socket | null = null;
  let pings = 0;
  const server = await startFake((_index, request, socket) => {
    const text = request.toString('latin1');
    if (text.includes('HELLO')) return send('%1\r\n$5\r\nproto\r\n:3\r\n');
    if (text.includes('ringway-tracking')) line = socket;
    if (text.includes('\r\nID\r\n')) return send(':7\r\n');
    if (text.includes('PING') && socket === line) return toPing(++pings);
    return text.includes('GET') ? toGet(socket) : send('+OK\r\n');
  });
  const ringway = await startInProcess({ servers: shards([server.port]) });
  const client = await Subscriber.open(ringway.port);
  await client.ask(['HELLO', '3']);
  await client.ask(['CLIENT', 'TRACKING', 'ON']);
  return {
    client,
    say: (text: string): void => void (line as unknown as Socket).write(text),
    pings: () => pings,
    stop: async () => {
      client.close();
      await ringway.stop();
      await server.stop();
    },
  };
}

test('a key that changes twice is told of twice, when what the server says comes late', async () => {
  const { client, say, pings, stop } = await startTeller({});
  assert.deepEqual(await client.ask(['GET', 'k']), [VALUE]);
  await waitFor('the servers to be asked', () => pings() === 1);
  // The server has answered that, the key has changed, and it is read again; both are under way.
  assert.deepEqual(await client.ask(['GET', 'k']), [VALUE]);
  await waitFor('the servers to be asked again', () => pings() === 2);
  say(`${PONG}${INVALIDATE}`);
  assert.deepEqual(await client.take(1), [INVALIDATE]);
  // That was of the first read. It changes again: the server knows of the second one.
  say(`${PONG}${INVALIDATE}`);
  assert.deepEqual(await client.take(1), [INVALIDATE]);
  await stop();
});

test('a key whose value takes long is told of once, however late it was answered', async () => {
  let reader: Socket | null = null;
  let asked = 0;
  const { client, say, stop } = await startTeller({
    toPing: () => {
      // The value comes behind a question, and long before the next.
      if (reader !== null && ++asked === 1) reader.write(VALUE);
      return send(PONG);
    },
    toGet: (socket) => {
      reader = socket;
      return undefined;
    },
  });
  assert.deepEqual(await client.ask(['GET', 'k']), [VALUE]);
  await waitFor('the servers to be asked again', () => asked > 1);
  client.send(['PING']);
  assert.deepEqual(await client.take(1), [PONG]);
  // The second time is for somebody else.
  say(`${INVALIDATE}${INVALIDATE}`);
  assert.deepEqual(await client.take(1), [INVALIDATE]);
  client.send(['PING']);
  assert.deepEqual(await client.take(1), [PONG]);
  await stop();
});

test('a value that never comes does not have servers asked all the time', async () => {
  const { client, pings, stop } = await startTeller({
    toPing: () => send(PONG),
    toGet: () => undefined,
  });
  client.send(['GET', 'k']);
  await delay(1_500);
  // Ten times a second it would be more; a machine that is slow asks less often.
  assert.ok(pings() > 0 && pings() <= 6, `${pings()}`);
  await stop();
});

test('a server that answers late is not asked more and more', async () => {
  const { client, say, pings, stop } = await startTeller({});
  for (let i = 0; i < 20; i++) {
    assert.deepEqual(await client.ask(['GET', 'k']), [VALUE]);
    await delay(110);
  }
  const most = pings();
  assert.ok(most <= TRACKING_ROUNDS, `${most} times`);
  say(PONG);
  await waitFor('it to be asked again', () => pings() > most);
  assert.equal(pings(), most + 1);
  await stop();
});
