import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waitFor } from '../support/wait.ts';
import { trackers } from './trackers.ts';

const INVALIDATE = '>2\r\n$10\r\ninvalidate\r\n*1\r\n';
const OF_STREAM = `${INVALIDATE}$1\r\ns\r\n`;

describe('a client that tracks and reads what may block', () => {
  const { open, track } = trackers();

  test('is told behind the reply, which no server has noted', async () => {
    const client = await track();
    const writer = await open();
    await writer.ask(['DEL', 's']);
    await writer.ask(['XADD', 's', '1-1', 'f', 'v']);
    const [reply, told] = await client.ask(['XREAD', 'BLOCK', 0, 'STREAMS', 's', '0'], 2);
    assert.match(reply, /^%1\r\n\$1\r\ns\r\n/);
    assert.equal(told, OF_STREAM);
    // The same when it has had to wait.
    client.send(['XREAD', 'BLOCK', 0, 'STREAMS', 's', '1-1']);
    await waitFor('it to be blocked', async () => {
      return String(await writer.ask(['INFO', 'clients'])).includes('blocked_clients:1');
    });
    assert.deepEqual(client.frames, []);
    await writer.ask(['XADD', 's', '1-2', 'f', 'v']);
    const [later, toldLater] = await client.take(2);
    assert.match(later, /^%1\r\n\$1\r\ns\r\n/);
    assert.equal(toldLater, OF_STREAM);
    for (const each of [client, writer]) each.close();
  });

  test('is told of another key at once', async () => {
    const client = await track();
    const writer = await open();
    await client.ask(['GET', 'k']);
    client.send(['XREAD', 'BLOCK', 0, 'STREAMS', 's', '$']);
    await waitFor('it to be blocked', async () => {
      return String(await writer.ask(['INFO', 'clients'])).includes('blocked_clients:1');
    });
    await writer.ask(['SET', 'k', 'v']);
    assert.deepEqual(await client.take(1), [`${INVALIDATE}$1\r\nk\r\n`]);
    for (const each of [client, writer]) each.close();
  });
});
