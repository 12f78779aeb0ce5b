import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { type FakeServer, send, startFake } from '../support/fake-server.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, shards, startChild, startInProcess } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// What a client has asked for and a server does not answer: it is counted while the client is
// there, and gone when the client is.

const MB = 1 << 20;
const BIG = Buffer.alloc(16 * MB, 'x');
const ROUNDS = 24;
const skip = process.platform === 'linux' ? false : 'needs /proc';

const KEYS = '*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n';
const MGET_KEYS = Array.from({ length: 16 }, (_, i) => `key:${i * 7919}`);
const MGET = `*17\r\n$4\r\nMGET\r\n${MGET_KEYS.map((k) => `$${k.length}\r\n${k}\r\n`).join('')}`;
const GET = `get ${MGET_KEYS.join(' ')}\r\n`;

/** A reply to `request` of which one element is BIG. */
function large(request: string): Buffer {
  const bulk = [Buffer.from(`$${BIG.length}\r\n`), BIG, Buffer.from('\r\n')];
  if (request.startsWith('get ')) {
    const [, key] = request.trim().split(' ');
    return Buffer.concat([Buffer.from(`VALUE ${key} 0 ${BIG.length}\r\n`), BIG, END]);
  }
  const count = /mget/i.test(request) ? Number(/^\*(\d+)/.exec(request)?.[1]) - 1 : 1;
  return Buffer.concat([Buffer.from(`*${count}\r\n`), ...bulk, nulls(count - 1)]);
}

const END = Buffer.from('\r\nEND\r\n');

function nulls(count: number): Buffer {
  return Buffer.from('$-1\r\n'.repeat(count));
}

describe('clients that have gone', () => {
  const servers: FakeServer[] = [];
  let ringway: { stop(): Promise<void> } | null = null;

  afterEach(async () => {
    await ringway?.stop();
    ringway = null;
    for (const server of servers.splice(0)) await server.stop();
  });

  for (const [name, request, pool] of [
    ['KEYS', KEYS, {}],
    ['MGET', MGET, {}],
    ['get of several keys', GET, { redis: false }],
    ['stats of all servers', 'stats servers\r\n', { redis: false }],
  ] as const) {
    test(`${name}: what one server said while another is silent is no longer kept`, {
      skip,
    }, async () => {
      const lines = (bytes: Buffer, at: number): number => bytes.indexOf('\n', at) + 1 || -1;
      const end = request.startsWith('*') ? undefined : lines;
      let answered = 0;
      const talks = await startFake((_, bytes) => {
        answered++;
        if (/^stats/.test(bytes.toString())) {
          const line = Buffer.from(`STAT ${'x'.repeat(100)} ${'y'.repeat(900)}\r\n`);
          return send(Buffer.concat([...new Array(16 * 1024).fill(line), END.subarray(2)]));
        }
        return send(large(bytes.toString('latin1')));
      }, end);
      const silent = await startFake(() => ({ do: 'silence' }), end);
      servers.push(talks, silent);
      const child: ChildRingway = await startChild(
        { servers: shards([talks.port, silent.port]), ...pool },
        { args: ['--memory-mib=64'] },
      );
      ringway = child;
      const start = child.peakMemory();
      for (let i = 0; i < ROUNDS; i++) {
        const socket = connect(child.port, '127.0.0.1');
        socket.on('error', () => {});
        socket.write(request);
        await waitFor('the answer of one server', () => answered > i);
        await waitFor('it to be taken', () => {
          return [...talks.open].every(({ writableLength }) => writableLength === 0);
        });
        socket.destroy();
      }
      assert.equal(answered, ROUNDS);
      const grown = Math.round((child.peakMemory() - start) / MB);
      assert.ok(grown < 250, `grew by ${grown} MB`);
    });
  }

  test('WAIT without an end and requests behind it: the end of the connection is seen', async () => {
    const server = await startFake((_, bytes) =>
      send(/WAIT/.test(`${bytes}`) ? ':0\r\n' : '+OK\r\n'),
    );
    servers.push(server);
    const started = await startInProcess({ servers: shards([server.port]) });
    ringway = started;
    for (const text of ['WAIT 9 0\r\nPING\r\n', 'CLIENT REPLY OFF\r\nWAIT 9 0\r\nPING\r\n']) {
      const socket = connect(started.port, '127.0.0.1');
      socket.write(text);
      const before = server.received.length;
      await waitFor('two polls', () => server.received.length >= before + 2);
      socket.destroy();
    }
    await delay(600); // the longest pause between two polls
    const { length } = server.received;
    await delay(1_100);
    assert.equal(server.received.length, length, 'nobody waits any more');
  });

  test('what is sent behind WAIT in several pieces comes in its order', async () => {
    let replicas = 0;
    const server = await startFake((_, bytes) => {
      return send(/WAIT/.test(`${bytes}`) ? `:${replicas}\r\n` : `+${`${bytes}`.length}\r\n`);
    });
    servers.push(server);
    const started = await startInProcess({ servers: shards([server.port]) });
    ringway = started;
    const client = await RespClient.open(started.port);
    await client.send('WAIT 1 0\r\n');
    const sizes = [1, 5_000, 20_000, 30_000, 3, 30_000, 32_000];
    for (const size of sizes) {
      const half = size >> 1;
      await client.send(`*2\r\n$3\r\nGET\r\n$${size}\r\n${'k'.repeat(half)}`);
      await delay(20);
      void client.send(`${'k'.repeat(size - half)}\r\n`);
      await delay(5);
    }
    replicas = 1;
    const [waited, ...got] = await client.read(sizes.length + 1);
    assert.equal(waited, 1);
    const expected = sizes.map((size) => `${size + `*2\r\n$3\r\nGET\r\n$${size}\r\n\r\n`.length}`);
    assert.deepEqual(got.map(String), expected);
    client.close();
  });
});
