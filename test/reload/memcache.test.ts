import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { RawClient } from '../memcache/raw-client.ts';
import { startMemcached } from '../support/real-servers.ts';
import { startInProcess } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

test('a memcached pool: half a set is finished on the server that the key has now', async () => {
  const servers = await Promise.all([1, 2].map(() => startMemcached()));
  const [one, two] = servers.map(({ port }, i) => `127.0.0.1:${port}:1 m${i + 1}`);
  const running = await startInProcess({ redis: false, servers: [one] });
  const config = (line: string) =>
    parseConfig(
      Buffer.from(`pool1:\n  listen: 127.0.0.1:${running.port}\n  servers:\n    - ${line}\n`),
      'next.yml',
    );
  const small = await RawClient.open(running.port);
  const large = await RawClient.open(running.port);
  const body = 'x'.repeat(300_000);
  small.send('set small 0 0 4\r\n12');
  large.send(`set large 0 0 300000\r\n${body.slice(0, 200_000)}`);
  await delay(50);
  await running.ringway.reload(config(two));
  small.send('34\r\nget small\r\n');
  large.send(`${body.slice(200_000)}\r\nget large\r\n`);
  const stored = 'STORED\r\nVALUE small 0 4\r\n1234\r\nEND\r\n';
  await waitFor('the small one', () => small.received.toString('latin1') === stored);
  await waitFor('the large one', () => large.received.toString('latin1').endsWith('END\r\n'));
  assert.ok(large.received.toString('latin1').includes(`VALUE large 0 300000\r\n${body}\r\n`));
  const direct = await RawClient.open(servers[1].port);
  direct.send('get small\r\n');
  await waitFor('the value', () => direct.received.toString('latin1').includes('1234'));
  for (const client of [small, large, direct]) client.socket.destroy();
  await running.stop();
  await Promise.all(servers.map((server) => server.stop()));
});
