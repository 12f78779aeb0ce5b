import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { slotsKnown, startFakeCluster } from '../support/fake-cluster.ts';
import { freePort } from '../support/free-port.ts';
import { RespClient } from '../support/resp-client.ts';
import { startChild } from '../support/ringway.ts';

/** A key of the first of two nodes. */
const KEY = 'bar';

test('redirections of a cluster are counted by their kinds', async () => {
  let ports: readonly number[] = [];
  const cluster = await startFakeCluster(2, (node, text) => {
    if (node !== 0 || !text.includes(KEY)) return undefined;
    return `-ASK ${keySlot(Buffer.from(KEY), 0, KEY.length)} 127.0.0.1:${ports[1]}\r\n`;
  });
  ports = cluster.ports;
  const http = await freePort();
  const spec = { servers: [`127.0.0.1:${ports[0]}`], cluster: true };
  const ringway = await startChild(spec, { args: ['--http-addr', `127.0.0.1:${http}`] });
  const client = await RespClient.open(ringway.port);
  try {
    await slotsKnown(ringway, cluster);
    for (let i = 0; i < 3; i++) assert.equal(await client.text('SET', KEY, i), 'OK');
    const text = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
    assert.match(text, /ringway_redirections_total\{pool="pool1",kind="ask"\} 3\n/);
    assert.match(text, /ringway_redirections_total\{pool="pool1",kind="moved"\} 0\n/);
  } finally {
    client.close();
    await ringway.stop();
    await cluster.stop();
  }
});
