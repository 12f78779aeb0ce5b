import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startMemcached, startRedisSet } from '../support/real-servers.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { readToEnd } from '../support/to-end.ts';
import { delay, inTime } from '../support/wait.ts';

// The traffic of test/golden/stats-sample.json again, on real servers: the stats must come out as
// the recorded nutcracker's, byte for byte, except for what differs between two runs.

interface Sample {
  traffic: { port?: number; request_text?: string; note?: string }[];
  raw_stats_text: string;
}

const sample: Sample = JSON.parse(readFileSync('test/golden/stats-sample.json', 'utf8'));

function bytesOf(text: string): string {
  return text.replaceAll('\\r', '\r').replaceAll('\\n', '\n');
}

/** Sends a request on a connection of its own, and closes it when the reply is there. */
function ask(port: number, request: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.on('connect', () => socket.write(request));
    socket.on('data', () => {});
    setTimeout(() => socket.end(), 200);
  });
}

/** Puts the same text in the place of what cannot be the same. */
function levelled(text: string): string {
  return text
    .replace(/"source":"[^"]*"/, '"source":"HOST"')
    .replace(/"version":"[^"]*"/, '"version":"V"')
    .replace(/"(uptime|timestamp)":\d+/g, '"$1":0')
    .replace(/"(total|curr)_connections":\d+/g, '"$1_connections":0')
    .replace(/"server_ejected_at":[1-9]\d*/g, '"server_ejected_at":AT')
    .replace(/"127\.0\.0\.1:\d+":/, '"127.0.0.1:PORT":');
}

describe('the stats port', () => {
  let redis: RealServer[];
  let memcached: RealServer;
  let ringway: ChildRingway;
  const deadPort = 31399;

  before(async () => {
    redis = await startRedisSet(3);
    memcached = await startMemcached();
    ringway = await startChild([
      {
        name: 'pool_b',
        timeout: 5000,
        servers: redis.map(({ port }, i) => `127.0.0.1:${port}:1 shard${i + 1}`),
      },
      {
        name: 'cache',
        redis: false,
        auto_eject_hosts: true,
        server_failure_limit: 1,
        server_retry_timeout: 60000,
        servers: [`127.0.0.1:${deadPort}:1`, `127.0.0.1:${memcached.port}:1 mc1`],
      },
    ]);
  });

  after(async () => {
    await ringway?.stop();
    await Promise.all([...(redis ?? []), memcached].map((server) => server?.stop()));
  });

  test('after the recorded traffic it says what nutcracker said', async () => {
    const ports: Record<number, number> = { 31640: ringway.ports[0], 31641: ringway.ports[1] };
    // The recording opened and closed connections to each pool first.
    for (const port of ringway.ports) await ask(port, '');
    for (const { port, request_text: text } of sample.traffic) {
      if (port !== undefined && text !== undefined) await ask(ports[port], bytesOf(text));
    }
    const staying = connect(ringway.ports[0], '127.0.0.1');
    staying.write('*2\r\n$3\r\nGET\r\n$1\r\na\r\n');
    await delay(300);
    const text = await readToEnd(ringway.statsPort, []);
    staying.destroy();
    const stats = JSON.parse(text);
    assert.equal(stats.service, 'nutcracker');
    assert.ok(text.endsWith('}\n'));
    const expected = levelled(sample.raw_stats_text);
    const different: [recorded: string, ours: string][] = [
      // nutcracker closed the client that sent INFO; ringway answers it and keeps the connection.
      ['"client_eof":6, "client_err":1', '"client_eof":7, "client_err":0'],
      // It counted a key of some fragments of MGET twice, and ends a memcached get with a blank.
      ['"request_bytes":96', '"request_bytes":89'],
      ['"request_bytes":91', '"request_bytes":83'],
      ['"request_bytes":44', '"request_bytes":43'],
    ];
    const kinder = different.reduce((all, [old, ours]) => all.replace(old, ours), expected);
    assert.equal(levelled(text), kinder);
  });

  test('it reads nothing, and many at once are served', async () => {
    const socket = connect(ringway.statsPort, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\n\r\n'.repeat(1000));
    socket.on('error', () => {});
    const texts = await Promise.all(
      Array.from({ length: 20 }, () => readToEnd(ringway.statsPort, [])),
    );
    for (const text of texts) assert.equal(JSON.parse(text).service, 'nutcracker');
    socket.destroy();
  });

  test('more connections than it takes, that all stay open and talk, keep nobody out', async () => {
    const sockets = Array.from({ length: 200 }, () => {
      const socket = connect({ port: ringway.statsPort, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => {});
      socket.on('connect', () => socket.write('x'.repeat(100)));
      return socket;
    });
    await delay(100);
    for (let i = 0; i < 5; i++) {
      assert.equal(JSON.parse(await readToEnd(ringway.statsPort, [])).service, 'nutcracker');
    }
    for (const socket of sockets) socket.destroy();
  });

  test('who goes on talking is closed all the same', async () => {
    const socket = connect({ port: ringway.statsPort, host: '127.0.0.1', allowHalfOpen: true });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => {});
    socket.resume();
    const talk = setInterval(() => socket.write('.'), 100);
    await inTime('it to be closed', closed).finally(() => clearInterval(talk));
  });
});
