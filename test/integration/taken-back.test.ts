import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { PausedClient } from '../fault/paused-client.ts';
import { type RealServer, startMemcached, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { delay } from '../support/wait.ts';

// Reads whose replies are more than their client takes are taken back and sent again later. It gets
// what it would have got: what it wrote before a read, and nothing that it wrote after it.

const KEYS = 6;
const SIZES = [0, 10, 3_000, 40_000, 150_000];
const LIMIT = 1 << 18;

interface Step {
  readonly kind: 'get' | 'get' | 'set' | 'ping' | 'mget';
  readonly key: number;
  readonly size: number;
  readonly times: number;
}

const program = fc.array(
  fc.record({
    kind: fc.constantFrom<Step['kind'][]>('get', 'get', 'get', 'get', 'set', 'ping', 'mget'),
    key: fc.nat({ max: KEYS - 1 }),
    size: fc.constantFrom(...SIZES),
    times: fc.constantFrom(1, 1, 20, 100),
  }),
  { minLength: 1, maxLength: 25 },
);

const bulk = (value: string): string => `$${value.length}\r\n${value}\r\n`;

for (const variant of VARIANTS) {
  describe(`reads that are taken back (${variant.label})`, () => {
    let servers: RealServer[] = [];
    let ringway: TestRingway;
    let round = 0;

    before(async () => {
      servers = await startRedisSet(2);
      const ports = servers.map(({ port }) => port);
      ringway = await startInProcess(
        { servers: shards(ports), client_output_limit: LIMIT, max_pipeline: 2_000 },
        variant,
      );
    });
    after(async () => {
      await ringway?.stop();
      await Promise.all(servers.map((server) => server.stop()));
    });

    /** The requests of a program, and what a client gets that reads each at once. */
    const play = (steps: readonly Step[], prefix: string): [Buffer, string] => {
      const values: string[] = new Array(KEYS).fill('');
      const requests: Buffer[] = [];
      const replies: string[] = [];
      for (let i = 0; i < KEYS; i++) {
        requests.push(encodeRequest('SET', `${prefix}${i}`, ''));
        replies.push('+OK\r\n');
      }
      for (const [number, { kind, key, size, times }] of steps.entries()) {
        const name = `${prefix}${key}`;
        if (kind === 'ping') {
          requests.push(encodeRequest('PING'));
          replies.push('+PONG\r\n');
        } else if (kind === 'set') {
          values[key] = `${number}:`.padEnd(size, String.fromCharCode(97 + (number % 26)));
          requests.push(encodeRequest('SET', name, values[key]));
          replies.push('+OK\r\n');
        } else if (kind === 'mget') {
          const other = (key + 1) % KEYS;
          requests.push(encodeRequest('MGET', name, `${prefix}${other}`));
          // Two of the largest are more than a joined reply may have.
          if (values[key].length + values[other].length > LIMIT / 2) requests.pop();
          else replies.push(`*2\r\n${bulk(values[key])}${bulk(values[other])}`);
        } else {
          const request = encodeRequest('GET', name);
          requests.push(Buffer.alloc(request.length * times, request));
          replies.push(bulk(values[key]).repeat(times));
        }
      }
      return [Buffer.concat(requests), replies.join('')];
    };

    test('random programs of a client that reads late: it gets what it would have got', async () => {
      const other = await RespClient.open(ringway.port);
      await fc.assert(
        fc.asyncProperty(program, fc.constantFrom(0, 5, 30), async (steps, pause) => {
          const [requests, expected] = play(steps, `r${round++}:`);
          const client = new PausedClient(ringway.port);
          client.socket.write(requests);
          const got = client.readsAfter(pause, expected.length);
          assert.equal(await other.text('ECHO', 'hi'), 'hi');
          assert.equal((await got).toString('latin1') === expected, true);
        }),
        { numRuns: 25 },
      );
      other.close();
    });
  });
}

test('memcached gets are taken back too, those in one line with others as well', async () => {
  const memcached = await startMemcached();
  const ringway = await startInProcess({
    servers: shards([memcached.port]),
    redis: false,
    client_output_limit: LIMIT,
  });
  const value = 'v'.repeat(100_000);
  const item = `VALUE big 0 ${value.length}\r\n${value}\r\nEND\r\n`;
  const client = new PausedClient(ringway.port);
  await client.gets(
    Buffer.from(`set big 0 0 ${value.length}\r\n${value}\r\n`),
    'STORED\r\n'.length,
  );
  client.socket.write('get big\r\n'.repeat(300));
  await delay(20);
  const other = new PausedClient(ringway.port);
  await other.gets(Buffer.from('get big\r\n'), item.length);
  const got = await client.readsAfter(100, 300 * item.length);
  assert.equal(got.toString('latin1') === item.repeat(300), true);
  other.socket.destroy();
  await ringway.stop();
  await memcached.stop();
});
