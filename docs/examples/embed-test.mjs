// node --test embed-test.mjs, with Redis servers on the ports of REDIS_PORTS
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'redis';
import { inFrontOf } from 'ringway';

test('what the application writes, it reads', async (t) => {
  const ports = (process.env.REDIS_PORTS ?? '6379,6380').split(',');
  const ringway = await inFrontOf(ports.map((port) => `127.0.0.1:${port}`));
  const client = await createClient({ url: `redis://127.0.0.1:${ringway.port}` }).connect();
  t.after(async () => {
    await client.close();
    await ringway.stop();
  });
  await client.mSet({ apple: '1', banana: '2', cherry: '3' });
  ringway.order('test', `127.0.0.1:${ports[0]}`, 'eject');
  assert.equal((await client.mGet(['apple', 'banana', 'cherry'])).length, 3);
});
