import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Subscriber } from '../support/subscriber.ts';
import { trackers } from './trackers.ts';

const ALL = '>2\r\n$10\r\ninvalidate\r\n_\r\n';

describe('keys that are read between MULTI and EXEC by a client that tracks', () => {
  const { track } = trackers();

  async function begin(): Promise<Subscriber> {
    const client = await track();
    await client.ask(['MULTI']);
    return client;
  }

  async function read(client: Subscriber, count: number, bytes: number): Promise<void> {
    const requests = Array.from({ length: count }, (_, i) => ['GET', `${i}:`.padEnd(bytes, 'k')]);
    client.send(...requests);
    await client.take(count);
  }

  test('are noted one by one; of too many bytes it is told to forget all', async () => {
    const client = await begin();
    await read(client, 10, 10_000);
    assert.match(String(await client.ask(['EXEC'])), /^\*10\r\n/);
    await client.ask(['MULTI']);
    await read(client, 300, 10_000);
    const [exec, told] = await client.ask(['EXEC'], 2);
    assert.match(exec, /^\*300\r\n/);
    assert.equal(told, ALL);
    client.close();
  });

  test('of one that has failed are of no interest', async () => {
    const client = await begin();
    await client.ask(['CLIENT', 'SETNAME', 'refused']);
    await read(client, 300, 10_000);
    assert.match(String(await client.ask(['EXEC'])), /EXECABORT/);
    assert.deepEqual(await client.ask(['GET', 'k']), ['_\r\n'], 'it is told of nothing');
    client.close();
  });
});
