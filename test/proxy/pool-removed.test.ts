import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { JsCodec } from '../../src/codec/js-codec.ts';
import { parseConfig } from '../../src/config/index.ts';
import { arenaBytes, ProxyServer } from '../../src/proxy/proxy-server.ts';
import { holdingsOf } from '../support/at-rest.ts';
import { type Action, send, startFake } from '../support/fake-server.ts';
import { RespClient } from '../support/resp-client.ts';
import { poolFile } from '../support/ringway.ts';
import { NO_LOG } from '../support/test-engine.ts';
import { waitFor } from '../support/wait.ts';

const SILENCE: Action = { do: 'silence' };
const ASKED = [['GET', 'a'], ['MGET', 'a', 'b'], ['BLPOP', 'a', '0'], ['DBSIZE']];

async function configOf(name: string, servers: string[]) {
  return parseConfig(Buffer.from((await poolFile([{ name, servers }])).text), 'test.yml');
}

test('a pool that is gone lets go of clients whose requests nobody answers', async (t) => {
  const wanted = ASKED.map(([word]) => `${word}\r\n`);
  let asked = 0;
  const server = await startFake((_index, request) => {
    const text = request.toString('latin1').toUpperCase();
    if (!wanted.some((word) => text.includes(word))) return send('+OK\r\n');
    asked++;
    return SILENCE;
  });
  const servers = [`127.0.0.1:${server.port}:1`];
  const config = await configOf('before', servers);
  const codec = new JsCodec(arenaBytes(config));
  const proxy = new ProxyServer(config, { codec, log: NO_LOG, reader: 'data' });
  const fresh = holdingsOf(proxy.engine);
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  listener.on('connection', (socket: Socket) => void proxy.accept('before', socket, 'plain'));
  t.after(async () => {
    listener.close();
    await proxy.stop(0);
    await server.stop();
  });
  const { port } = listener.address() as { port: number };
  const ends = ASKED.map(async (words) => {
    const client = await RespClient.open(port);
    return client.command(...words).then(String, (error: Error) => error.message);
  });
  await waitFor('all to be asked', () => asked === ASKED.length);
  proxy.prepare(await configOf('behind', servers)).commit(0);
  for (const end of await Promise.all(ends)) assert.match(end, /ended after 0 of 1/);
  await waitFor('the pool to be gone', () => server.open.size === 0);
  assert.deepEqual(holdingsOf(proxy.engine), fresh);
});
