import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { PEER_DEAD_MS, PEER_PING_MS } from '../../src/limits.ts';
import { certificates } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/real-servers.ts';
import { encodeRequest, parseReply, RespClient } from '../support/resp-client.ts';
import { type ChildRingway, poolFile, shards, startChild } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

const HOST = '127.0.0.1';

/** Connections of the test that runs. */
const sockets: Socket[] = [];

/** What one connection hears, as texts with blanks. */
async function hear(port: number, ...words: string[]): Promise<string[]> {
  const socket = connect(port, HOST);
  sockets.push(socket);
  const heard: string[] = [];
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const found = parseReply(rest);
      if (found === null) return;
      heard.push((found[0] as unknown[]).map(String).join(' '));
      rest = rest.subarray(found[1]);
    }
  });
  socket.write(encodeRequest(...words));
  await waitFor('the acknowledgements', () => heard.length === words.length - 1);
  return heard;
}

interface Fleet {
  readonly proxies: readonly ChildRingway[];
  readonly ports: readonly number[];
  readonly specs: readonly object[];
}

/** Two proxies that announce each other. */
async function startFleet(t: TestContext, workers: number, more = {}): Promise<Fleet> {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const ports = [await freePort(), await freePort()];
  const doors = ports.map((port) => `${HOST}:${port}`);
  const specs = [doors, doors.toReversed()].map((announce) => ({
    ...{ listen: announce[0], announce: announce.join(', '), servers: shards([redis.port]) },
    ...{ sentinel_view: true, cluster_view: 'on', ...more },
  }));
  const args = ['--workers', String(workers)];
  const proxies = await Promise.all(specs.map((spec) => startChild(spec, { args })));
  t.after(async () => {
    for (const proxy of proxies) proxy.kill('SIGCONT');
    // Else they would wait for their clients.
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  });
  return { proxies, ports, specs };
}

describe('proxies that announce each other', () => {
  test('tell when one is gone: as sentinels do, and by the slots of the other', async (t) => {
    const { proxies, ports } = await startFleet(t, 2);
    const [first, second] = ports;
    const client = await RespClient.open(second);
    const slots = (await client.text('CLUSTER', 'SLOTS')) as [string, string, string[]][];
    assert.equal(slots.length, 2);
    await client.text('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'any-name');
    const direct = await hear(second, 'SUBSCRIBE', '+switch-master', '+sdown');
    assert.deepEqual(direct, ['subscribe +switch-master 1', 'subscribe +sdown 2']);
    const all = await hear(second, 'PSUBSCRIBE', '*');

    await proxies[0].stop();
    const moved = `mymaster ${HOST} ${first} ${HOST} ${second}`;
    await waitFor('the message', () => direct.includes(`message +switch-master ${moved}`));
    await waitFor('the other', () => all.includes(`pmessage * +switch-master ${moved}`));
    for (const name of ['pool1', 'shard1']) {
      assert.ok(direct.some((text) => text.startsWith(`message +switch-master ${name} ${HOST}`)));
    }
    const now = (await client.text('CLUSTER', 'SLOTS')) as [number, number, string[]][];
    assert.deepEqual(
      now.map(([from, to, [, port]]) => [Number(from), Number(to), Number(port)]),
      [
        [0, 8191, second],
        [8192, 16383, second],
      ],
    );
    const nodes = String(await client.text('CLUSTER', 'NODES'));
    assert.match(nodes, /^\S+ \S+ myself,master - 0 0 1 connected 0-8191 8192-16383\n$/);
    const [peer] = (await client.text('SENTINEL', 'SENTINELS', 'x')) as string[][];
    assert.equal(peer[peer.indexOf('flags') + 1], 's_down,sentinel,disconnected');
    client.close();
  });

  test('ioredis with a failover detector leaves one that stands still', async (t) => {
    const { proxies, ports } = await startFleet(t, 1, { name: 'mymaster' });
    const client = new Redis({
      ...{ sentinels: ports.map((port) => ({ host: HOST, port })), name: 'mymaster' },
      ...{ failoverDetector: true, sentinelRetryStrategy: () => 100, maxRetriesPerRequest: null },
      ...{ sentinelCommandTimeout: 2000, connectTimeout: 5000 },
    });
    client.on('error', () => {});
    t.after(() => client.disconnect());
    assert.equal(await client.set('a', '1'), 'OK');
    const portNow = (): number => client.stream?.remotePort ?? 0;
    const first = ports.indexOf(portNow());
    proxies[first].kill('SIGSTOP');
    await waitFor('it to go to the other', () => portNow() === ports[1 - first]);
    assert.equal(await client.get('a'), '1');
  });

  test('acknowledge subscriptions to channels of sentinels when no server is there', async (t) => {
    const spec = { servers: [`${HOST}:1:1 dead`], sentinel_view: true };
    const ringway = await startChild(spec);
    t.after(() => {
      for (const socket of sockets.splice(0)) socket.destroy();
      return ringway.stop();
    });
    const heard = await hear(ringway.port, 'SUBSCRIBE', '+switch-master');
    assert.deepEqual(heard, ['subscribe +switch-master 1']);
  });

  test('know each other behind TLS', async (t) => {
    const { server } = certificates();
    const keys = { tls: true, tls_cert_file: server.cert, tls_key_file: server.key };
    const { proxies } = await startFleet(t, 1, keys);
    // Longer than one that does not answer is believed to be there.
    await delay(PEER_DEAD_MS + 2 * PEER_PING_MS);
    const isAway = ({ log }: ChildRingway): boolean =>
      / is away/.test(log.filter((line) => /: proxy|\| proxy/.test(line)).at(-1) ?? '');
    await waitFor('both to be there', () => !proxies.some(isAway));
    for (const { log } of proxies) assert.doesNotMatch(log.join('\n'), /handshake|plain text/);
    await proxies[0].stop();
    await waitFor('one to be missed', () => isAway(proxies[1]));
  });

  test('and one that a reload gives another door tells that, too', async (t) => {
    const { proxies, ports, specs } = await startFleet(t, 2);
    const heard = await hear(ports[0], 'SUBSCRIBE', '+switch-master');
    const announce = `proxy.example:7, ${HOST}:${ports[1]}`;
    const { text } = await poolFile([{ ...specs[0], announce } as never]);
    writeFileSync(proxies[0].file, text);
    proxies[0].kill('SIGHUP');
    const moved = `mymaster ${HOST} ${ports[0]} proxy.example 7`;
    await waitFor('the message', () => heard.includes(`message +switch-master ${moved}`));
  });
});
