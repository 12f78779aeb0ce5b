import assert from 'node:assert/strict';
import { test } from 'node:test';
import { send, startFake } from '../../support/fake-server.ts';
import { RespClient } from '../../support/resp-client.ts';
import { shards, startInProcess } from '../../support/ringway.ts';

test('a WATCH whose connection is lost, behind another: the next has one, and gives it back', async (t) => {
  let watches = 0;
  const server = await startFake((_index, request) => {
    const text = request.toString('latin1').toUpperCase();
    if (text.includes('UNWATCH')) return send('+OK\r\n');
    if (text.includes('WATCH')) return ++watches === 2 ? { do: 'reset' } : send('+OK\r\n');
    if (text.includes('EXEC')) return send('*0\r\n');
    if (text.includes('DISCARD')) return send('-ERR DISCARD without MULTI\r\n');
    if (text.includes('BLPOP')) return send('*-1\r\n');
    return send(text.includes('CLIENT') ? ':7\r\n' : '+OK\r\n');
  });
  t.after(() => server.stop());
  const keys = { max_leased_connections: 1, lease_wait: 1000 };
  const ringway = await startInProcess({ servers: shards([server.port]), ...keys });
  t.after(() => ringway.stop());
  const [client, other] = await Promise.all([1, 2].map(() => RespClient.open(ringway.port)));
  t.after(() => [client, other].forEach((each) => void each.close()));
  const said: string[] = [];
  for (const key of ['a', 'b', 'c']) said.push(String(await client.command('WATCH', key)));
  assert.match(said.join(), /^OK,ReplyError: ERR .*,OK$/);
  await client.command('MULTI');
  assert.match(String(await client.command('EXEC')), /EXECABORT/);
  // All connections that there may be are free again.
  assert.equal(await other.command('BLPOP', 'x', '0.1'), null);
});
