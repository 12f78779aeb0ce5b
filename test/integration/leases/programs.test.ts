import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type RealServer, startRedis, startRedisSet } from '../../support/real-servers.ts';
import { RespClient, type Word } from '../../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../../support/ringway.ts';
import { encodeSequence } from '../../support/sequences.ts';

// Programs of three clients, the same before a Redis and before ringways with one and four servers:
// the same bytes come back, and the same data is left. Clients take turns, and what one sends in
// its turn goes out in one packet.

const CLIENTS = 3;
const key = fc.constantFrom('{p}a', '{p}b', '{p}c');

const step: fc.Arbitrary<Word[]> = fc.oneof(
  { arbitrary: fc.tuple(fc.constantFrom('INCR', 'GET', 'DEL', 'STRLEN'), key), weight: 4 },
  { arbitrary: fc.tuple(fc.constant('SET'), key, fc.nat({ max: 9 })), weight: 4 },
  { arbitrary: fc.tuple(fc.constantFrom('APPEND', 'LPUSH'), key, fc.nat({ max: 9 })), weight: 2 },
  { arbitrary: fc.tuple(fc.constant('MGET'), key, key), weight: 1 },
  { arbitrary: fc.constant(['MULTI']), weight: 4 },
  { arbitrary: fc.constant(['EXEC']), weight: 4 },
  { arbitrary: fc.constant(['DISCARD']), weight: 1 },
  { arbitrary: fc.tuple(fc.constant('WATCH'), key), weight: 3 },
  { arbitrary: fc.tuple(fc.constant('WATCH'), key, key), weight: 1 },
  { arbitrary: fc.constant(['UNWATCH']), weight: 1 },
  { arbitrary: fc.tuple(fc.constant('SELECT'), fc.constantFrom('0', '1', '99')), weight: 2 },
  {
    arbitrary: fc.constantFrom<Word[]>(['GET'], ['NOSUCH'], ['EXEC', 'x'], ['MULTI', 'x']),
    weight: 1,
  },
  { arbitrary: fc.constant(['PING']), weight: 1 },
) as fc.Arbitrary<Word[]>;

const program = fc.array(
  fc.record({
    client: fc.nat({ max: CLIENTS - 1 }),
    requests: fc.array(step, { minLength: 1, maxLength: 6 }),
  }),
  { minLength: 1, maxLength: 24 },
);

let direct: RealServer;
let servers: RealServer[];
const ringways: TestRingway[] = [];

before(async () => {
  direct = await startRedis();
  servers = await startRedisSet(5);
  const lines = shards(servers.map(({ port }) => port));
  ringways.push(await startInProcess({ servers: lines.slice(0, 1), hash_tag: '{}' }));
  ringways.push(await startInProcess({ servers: lines.slice(1), hash_tag: '{}' }));
});
after(async () => {
  for (const ringway of ringways) await ringway.stop();
  await Promise.all([direct, ...servers].map((server) => server.stop()));
});

interface Turn {
  readonly client: number;
  readonly requests: readonly Word[][];
}

/** @returns all replies, then what is left in both databases */
async function run(port: number, turns: readonly Turn[]): Promise<string[]> {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => RespClient.open(port)));
  const got: string[] = [];
  const names: Word[][] = ['{p}a', '{p}b', '{p}c'].map((name) => ['DUMP', name]);
  const before = await RespClient.open(port);
  for (const db of ['0', '1'])
    await before.pipeline([
      ['SELECT', db],
      ['DEL', '{p}a', '{p}b', '{p}c'],
    ]);
  for (const { client, requests } of turns) {
    await clients[client].send(encodeSequence(requests));
    got.push(String(await clients[client].readRaw(requests.length)));
  }
  for (const db of ['0', '1']) {
    await before.send(encodeSequence([['SELECT', db], ...names]));
    got.push((await before.readRaw(names.length + 1)).toString('latin1'));
  }
  for (const client of [before, ...clients]) client.close();
  return got;
}

test('random programs of three clients: the replies and the data of Redis', async () => {
  await fc.assert(
    fc.asyncProperty(program, async (turns) => {
      const wanted = await run(direct.port, turns);
      for (const { port } of ringways) assert.deepEqual(await run(port, turns), wanted);
    }),
    { numRuns: 150, seed: 11 },
  );
});
