import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { send, startFake } from '../../support/fake-server.ts';
import { RespClient } from '../../support/resp-client.ts';
import { shards, startInProcess } from '../../support/ringway.ts';

test('a server that takes SELECT 01: nobody else gets the connection of that transaction', async (t) => {
  const db: Map<Socket, string> = new Map();
  const seen: string[] = [];
  let queues = false;
  const server = await startFake((_index, request, socket) => {
    const text = request.toString('latin1');
    const [word, first] = text.split('\r\n').filter((_, i) => i % 2 === 0 && i > 0);
    if (word === 'MULTI') queues = true;
    if (word === 'SELECT') db.set(socket, first);
    if (word === 'BLPOP') seen.push(db.get(socket) ?? '0');
    if (word === 'BLPOP') return send('*-1\r\n');
    if (word === 'CLIENT') return send(':7\r\n');
    if (word === 'DISCARD') return send('-ERR DISCARD without MULTI\r\n');
    if (word === 'EXEC') {
      queues = false;
      return send(db.has(socket) ? '*1\r\n+OK\r\n' : '*0\r\n');
    }
    return send(queues && word !== 'MULTI' ? '+QUEUED\r\n' : '+OK\r\n');
  });
  t.after(() => server.stop());
  const ringway = await startInProcess({ servers: shards([server.port]) });
  t.after(() => ringway.stop());
  const [client, other] = await Promise.all([1, 2].map(() => RespClient.open(ringway.port)));
  t.after(() => [client, other].forEach((each) => void each.close()));
  const replies = await client.pipeline([['MULTI'], ['SELECT', '01'], ['EXEC']]);
  assert.equal(String(replies[2]), 'OK');
  assert.equal(await other.command('BLPOP', 'x', '0.1'), null);
  assert.deepEqual(seen, ['0']);
});
