import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { selectCodec } from '../../../src/codec/select.ts';
import { parseConfig } from '../../../src/config/index.ts';
import { LANE_LIMIT } from '../../../src/limits.ts';
import { handleOf, type NativeHandle, socketOf } from '../../../src/net/handles.ts';
import type { ClientConnection } from '../../../src/proxy/client/client-connection.ts';
import type { ClientState } from '../../../src/proxy/client/moving-client.ts';
import { arenaBytes, ProxyServer } from '../../../src/proxy/proxy-server.ts';
import { freePort } from '../../support/free-port.ts';
import { closed, inTime, waitFor } from '../../support/wait.ts';

/** A proxy that is given its clients, as those of another process are. */
async function start(t: TestContext) {
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

  /** @returns both ends of a connection */
  async function dial(): Promise<[Socket, Socket]> {
    const { port: at } = listener.address() as { port: number };
    const socket = connect(at, '127.0.0.1');
    open.push(socket);
    const [taken] = (await once(listener, 'connection')) as [Socket];
    return [socket, taken];
  }

  function take(taken: Socket): ClientConnection {
    const client = proxy.accept('p', taken, 'moved');
    assert.ok(client !== null);
    return client;
  }

  return { lines, dial, take };
}

/** What comes with such a client. @param rest what it has asked for */
function stateOf(
  { login, session, pool }: ClientConnection,
  db: number,
  rest: string,
): ClientState {
  const who = { pool: 'p', login: login.saved, db, resp: 2 } as const;
  return { ...who, session: session.save(pool), rest: Buffer.from(rest) };
}

test('a client that comes from another process is closed when its database has no room', async (t) => {
  const { lines, dial, take } = await start(t);
  const before = take((await dial())[1]);
  const state = (db: number): ClientState => stateOf(before, db, '*1\r\n$4\r\nPING\r\n');
  for (let db = 1; db < LANE_LIMIT; db++) before.pool.lanes.find(db, 2, false, null)?.enter();
  const [known, first] = await dial();
  take(first).arrive(state(7));
  assert.equal(String((await inTime('a reply', once(known, 'data')))[0]), '+PONG\r\n');
  const [late, second] = await dial();
  take(second).arrive(state(LANE_LIMIT));
  const heard: Buffer[] = [];
  late.on('data', (chunk: Buffer) => heard.push(chunk));
  await closed(late);
  assert.deepEqual(heard, []);
  assert.ok(lines.some((line) => line.endsWith(`no room for database ${LANE_LIMIT}, RESP2`)));
});

test('a client that resets on its way from another process is none of a unix socket', async (t) => {
  const { lines, dial, take } = await start(t);
  const [client, taken] = await dial();
  const handle = handleOf(taken) as NativeHandle;
  const { getpeername } = handle as unknown as { getpeername(address: object): number };
  client.resetAndDestroy();
  await waitFor('the reset', () => getpeername.call(handle, {}) !== 0);
  const arrived = take(socketOf(handle));
  arrived.arrive(stateOf(arrived, 0, ''));
  await waitFor('the log', () => lines.some((line) => line.includes('ECONNRESET')));
  const [line] = lines.filter((each) => each.includes('ECONNRESET'));
  assert.equal(line, 'client that has gone failed: read ECONNRESET');
});
