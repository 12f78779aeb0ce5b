import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedisSet } from '../../support/real-servers.ts';
import { RespClient, type Word } from '../../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../../support/ringway.ts';
import { Subscriber } from '../../support/subscriber.ts';

// Servers that take nothing any more between MULTI and EXEC: the transaction is not carried out, and
// its client hears why in the words of Redis.

/** What makes a server refuse writes, or all that it is asked, and what ends that. */
const CONDITIONS: Record<string, readonly [begin: Word[][], end: Word[][]]> = {
  'it has no memory': [[['CONFIG', 'SET', 'maxmemory', 1]], [['CONFIG', 'SET', 'maxmemory', 0]]],
  'it has too few replicas': [
    [['CONFIG', 'SET', 'min-replicas-to-write', 1]],
    [['CONFIG', 'SET', 'min-replicas-to-write', 0]],
  ],
  'it is a replica now': [[['REPLICAOF', '127.0.0.1', 1]], [['REPLICAOF', 'NO', 'ONE']]],
  'it is a replica without its master': [
    [
      ['CONFIG', 'SET', 'replica-serve-stale-data', 'no'],
      ['REPLICAOF', '127.0.0.1', 1],
    ],
    [
      ['REPLICAOF', 'NO', 'ONE'],
      ['CONFIG', 'SET', 'replica-serve-stale-data', 'yes'],
    ],
  ],
};

const BLOCKS: Record<string, readonly Word[][]> = {
  'a transaction': [['MULTI'], ['SET', '{t}k', 'v'], ['GET', '{t}k']],
  'one behind WATCH': [['WATCH', '{t}w'], ['MULTI'], ['SET', '{t}k', 'v']],
  'a large one': [['MULTI'], ['SET', '{t}k', 'x'.repeat(300_000)]],
};

describe('a server that refuses what was kept until EXEC', () => {
  let direct: RealServer;
  let servers: RealServer[];
  before(async () => {
    [direct, ...servers] = await startRedisSet(6);
  });
  after(() => Promise.all([direct, ...servers].map((server) => server.stop())));

  async function order(all: readonly RealServer[], requests: Word[][]): Promise<void> {
    for (const { port } of all) {
      const control = await RespClient.open(port);
      for (const reply of await control.pipeline(requests)) assert.equal(String(reply), 'OK');
      control.close();
    }
  }

  /** @param behind what stands behind the port @returns the replies, as they came */
  async function play(
    port: number,
    behind: readonly RealServer[],
    resp: number,
    block: readonly Word[][],
    [begin, end]: readonly [Word[][], Word[][]],
  ): Promise<string[]> {
    const client = await Subscriber.open(port);
    await client.ask(['HELLO', resp]);
    client.send(...block);
    const heard = await client.take(block.length);
    await order(behind, begin);
    heard.push(...(await client.ask(['EXEC'])));
    await order(behind, end);
    for (const words of [['GET', '{t}k'], ['EXEC'], ['PING']]) {
      heard.push(...(await client.ask(words)));
    }
    client.close();
    return heard;
  }

  for (const variant of VARIANTS) {
    describe(variant.label, () => {
      let one: TestRingway;
      let four: TestRingway;
      before(async () => {
        const lines = shards(servers.map(({ port }) => port));
        one = await startInProcess({ servers: lines.slice(0, 1), hash_tag: '{}' }, variant);
        four = await startInProcess({ servers: lines.slice(1), hash_tag: '{}' }, variant);
      });
      after(() => Promise.all([one.stop(), four.stop()]));

      for (const [why, condition] of Object.entries(CONDITIONS)) {
        test(`because ${why}: in the words of Redis`, async () => {
          for (const resp of [2, 3]) {
            for (const [what, block] of Object.entries(BLOCKS)) {
              const wanted = await play(direct.port, [direct], resp, block, condition);
              assert.match(wanted[block.length], /^-EXECABORT /, `${what}, RESP${resp}`);
              for (const [port, behind] of [
                [one.port, servers.slice(0, 1)],
                [four.port, servers.slice(1)],
              ] as const) {
                const got = await play(port, behind, resp, block, condition);
                assert.deepEqual(got, wanted, `${what}, RESP${resp}`);
              }
            }
          }
        });
      }
    });
  }
});
