import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NumberedLoad, type NumberedResult } from '../support/numbered-load.ts';
import type { RealServer } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { command, type SentinelSet, settled, startSentinelSet } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

const CLIENTS = 8;
const DEPTH = 4;
/** Requests that all clients have under way at most. */
const UNDER_WAY = CLIENTS * DEPTH * 2;

describe('a pool with sentinels', () => {
  let set: SentinelSet;
  let ringway: TestRingway;
  before(async () => {
    set = await startSentinelSet({ shards: 1, replicas: 2 });
    ringway = await startInProcess({ servers: set.servers, sentinels: set.lines, timeout: 2000 });
  });
  after(async () => {
    await ringway?.stop();
    await set?.stop();
  });

  async function master(): Promise<RealServer> {
    const port = await waitFor('sentinels to agree', () => set.masterOf(0));
    return set.shards[0].find((server) => server.port === port) as RealServer;
  }

  async function startLoad(): Promise<NumberedLoad> {
    await settled(set);
    const load = new NumberedLoad({ port: ringway.port, clients: CLIENTS, depth: DEPTH });
    await waitFor('some load', () => load.acknowledged > 500);
    return load;
  }

  /** Another master than `before`, which has served some of the load. */
  async function nextMaster(before: RealServer, load: NumberedLoad): Promise<void> {
    await waitFor('another master', async () => (await set.masterOf(0)) !== before.port);
    const served = load.acknowledged;
    await waitFor('load on it', () => load.acknowledged > served + 500);
  }

  /** Nothing was wrong, and errors had nobody whose request was not sent to a server that failed. */
  function judge({ wrong, errors }: NumberedResult, error: RegExp): void {
    assert.deepEqual(wrong, []);
    const count = [...errors.values()].reduce((sum, each) => sum + each, 0);
    assert.ok(count <= UNDER_WAY, `${count} errors`);
    for (const text of errors.keys()) assert.match(text, error);
  }

  test('a planned failover loses nothing', async () => {
    const other = await RespClient.open(ringway.port);
    assert.equal(await other.text('SELECT', 3), 'OK');
    assert.equal(await other.text('SET', 'where', 'database 3'), 'OK');
    const load = await startLoad();
    const before = await master();
    await command(set.sentinels[0].port, 'SENTINEL', 'FAILOVER', 'shard1');
    await nextMaster(before, load);
    const result = await load.stop();
    judge(result, /no longer the master/);
    assert.equal(result.lost, 0);
    assert.equal(await other.text('GET', 'where'), 'database 3');
    other.close();
    assert.match(ringway.log.join('\n'), /has moved from \S+ to \S+, just promoted/);
  });

  test('the master is killed: what was not sent to it goes to the next one', async () => {
    const load = await startLoad();
    const before = await master();
    before.kill('SIGKILL');
    await nextMaster(before, load);
    judge(await load.stop(), /reset|unknown|no longer the master/i);
    await before.restart();
  });

  test('one that comes back as a master is sent nothing', async () => {
    const now = await master();
    const old = set.shards[0].find(({ running, port }) => running && port !== now.port);
    const client = await RespClient.open(ringway.port);
    assert.equal(await client.text('SET', 'where', 'new'), 'OK');
    assert.equal(await client.text('GET', 'where'), 'new');
    assert.notEqual(old?.port, now.port);
    assert.equal(await command(now.port, 'GET', 'where'), 'new');
    client.close();
  });

  test('the master hangs, and wakes up when another has taken its place', async () => {
    const load = await startLoad();
    const before = await master();
    before.kill('SIGSTOP');
    await nextMaster(before, load);
    before.kill('SIGCONT');
    const served = load.acknowledged;
    await waitFor('more load', () => load.acknowledged > served + 500);
    judge(await load.stop(), /timed out|no longer the master/);
  });
});
