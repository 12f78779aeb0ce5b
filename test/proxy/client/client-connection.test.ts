import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { selectCodec } from '../../../src/codec/select.ts';
import { parseConfig } from '../../../src/config/index.ts';
import { LANE_LIMIT } from '../../../src/limits.ts';
import type { ClientConnection } from '../../../src/proxy/client/client-connection.ts';
import type { ClientState } from '../../../src/proxy/client/moving-client.ts';
import { arenaBytes, ProxyServer } from '../../../src/proxy/proxy-server.ts';
import { freePort } from '../../support/free-port.ts';
import { closed, inTime } from '../../support/wait.ts';

test('a client that comes from another process is closed when its database has no room', async (t) => {
  const port = await freePort();
  const text = `p:\n  listen: 127.0.0.1:1\n  redis: true\n  servers:\n    - 127.0.0.1:${port}:1\n`;
  const config = parseConfig(Buffer.from(text), 'test.yml');
  const lines: string[] = [];
  const log = { level: 11, write: (_level: number, line: string) => void lines.push(line) };
  const bytes = arenaBytes(config);
  const codec = selectCodec({ wanted: 'js', arenaBytes: bytes, log: () => {} });
  const proxy = new ProxyServer(config, { codec, log, reader: null, memoryLimit: 0 });
  const listener = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const open: Socket[] = [];
  t.after(async () => {
    for (const socket of open) socket.destroy();
    listener.close();
    await proxy.stop(0);
  });

  /** @returns the client's socket, and what the proxy has of it */
  async function enter(): Promise<[Socket, ClientConnection]> {
    const { port: at } = listener.address() as { port: number };
    const socket = connect(at, '127.0.0.1');
    open.push(socket);
    const [taken] = (await once(listener, 'connection')) as [Socket];
    const client = proxy.accept('p', taken, 'moved');
    assert.ok(client !== null);
    return [socket, client];
  }

  const [, before] = await enter();
  const { saved } = before.session;
  const state = (db: number): ClientState => {
    const rest = Buffer.from('*1\r\n$4\r\nPING\r\n');
    return { pool: 'p', login: before.login.saved, db, resp: 2, session: saved, rest };
  };
  for (let db = 1; db < LANE_LIMIT; db++) before.pool.lanes.find(db, 2, false, null)?.enter();
  const [known, first] = await enter();
  first.arrive(state(7));
  assert.equal(String((await inTime('a reply', once(known, 'data')))[0]), '+PONG\r\n');
  const [late, second] = await enter();
  second.arrive(state(LANE_LIMIT));
  const heard: Buffer[] = [];
  late.on('data', (chunk: Buffer) => heard.push(chunk));
  await closed(late);
  assert.deepEqual(heard, []);
  assert.ok(lines.some((line) => line.endsWith(`no room for database ${LANE_LIMIT}, RESP2`)));
});
