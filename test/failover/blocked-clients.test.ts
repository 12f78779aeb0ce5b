import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { command, type SentinelSet, settled, startSentinelSet } from '../support/sentinels.ts';
import { encodeSequence } from '../support/sequences.ts';
import { waitFor } from '../support/wait.ts';

describe('who is blocked or watches keys while the master changes', () => {
  let set: SentinelSet;
  let ringway: TestRingway;
  before(async () => {
    set = await startSentinelSet({ shards: 1, replicas: 1 });
    ringway = await startInProcess({ servers: set.servers, sentinels: set.lines, timeout: 2000 });
  });
  after(async () => {
    await ringway?.stop();
    await set?.stop();
  });

  async function blockedAt(port: number): Promise<number> {
    const info = String(await command(port, 'INFO', 'clients'));
    return Number(/blocked_clients:(\d+)/.exec(info)?.[1]);
  }

  test('hears of it, once, and goes on with the next one', async () => {
    const before = await settled(set);
    const [blocked, watching, other] = await Promise.all(
      [1, 2, 3].map(() => RespClient.open(ringway.port)),
    );
    await blocked.send(encodeSequence([['BLPOP', 'list', '0']]));
    assert.equal(String(await watching.command('WATCH', 'key')), 'OK');
    await waitFor('it to be blocked', async () => (await blockedAt(before.port)) === 1);
    await command(set.sentinels[0].port, 'SENTINEL', 'FAILOVER', 'shard1');
    const [said] = await blocked.read(1);
    assert.match(String(said), /^ReplyError: (UNBLOCKED|ERR .*no longer the master|ERR )/);
    const after = await waitFor('another master', async () => {
      const port = await set.masterOf(0);
      return port > 0 && port !== before.port ? port : null;
    });
    // Nobody can say whether its key has changed.
    const block = [['MULTI'], ['SET', 'key', '1'], ['EXEC']];
    assert.equal((await watching.pipeline(block))[2], null);
    await blocked.send(encodeSequence([['BLPOP', 'list', '0']]));
    await waitFor('it to be blocked there', async () => (await blockedAt(after)) === 1);
    assert.equal(await other.command('RPUSH', 'list', 'element'), 1);
    assert.equal(String((await blocked.read(1))[0]), 'list,element');
    assert.equal(await blockedAt(before.port), 0);
    for (const client of [blocked, watching, other]) client.close();
  });
});
