import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder, send, startFake } from '../support/fake-server.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, VARIANTS } from '../support/ringway.ts';

for (const variant of VARIANTS) {
  test(`a reply nested deeper than max_reply_depth is refused, ${variant.label}`, async () => {
    const three = '*1\r\n*1\r\n*1\r\n:1\r\n';
    const server = await startFake(inOrder([send(three), send(`*1\r\n${three}`), send('+ok\r\n')]));
    const limits = { servers: shards([server.port]), max_reply_depth: 3 };
    const ringway = await startInProcess(limits, variant);
    const client = await RespClient.open(ringway.port);
    assert.deepEqual(await client.command('GET', 'a'), [[[1]]]);
    assert.match(String(await client.command('GET', 'b')), /ERR Invalid argument/);
    assert.equal(String(await client.command('GET', 'c')), 'ok');
    assert.equal(server.connections, 2);
    client.close();
    await ringway.stop();
    await server.stop();
  });
}
