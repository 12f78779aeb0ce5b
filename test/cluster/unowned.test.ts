import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { startBefore, startFakeCluster } from '../support/fake-cluster.ts';
import { RespClient } from '../support/resp-client.ts';
import { VARIANTS } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

/** Keys of a slot that a node has, and of one that nobody has. */
const [OWNED, UNOWNED] = ['bar', 'foo'];
const DOWN = 'ReplyError: CLUSTERDOWN Hash slot not served';

for (const variant of VARIANTS.slice(0, 3)) {
  describe(`a slot that no node has, ${variant.label}`, () => {
    const stops: (() => Promise<unknown>)[] = [];
    after(async () => {
      for (const stop of stops.toReversed()) await stop();
    });

    async function start(failoverWaitMs = 100) {
      const cluster = await startFakeCluster(2, (_, text) => {
        if (/^(BLPOP|XREAD)/.test(text)) return '*2\r\n$3\r\nbar\r\n$1\r\nx\r\n';
        if (text === 'DISCARD') return '-ERR DISCARD without MULTI\r\n';
        return text === 'EXEC' ? '*1\r\n+OK\r\n' : undefined;
      });
      stops.push(() => cluster.stop());
      cluster.disown(1);
      const ringway = await startBefore(cluster, { failover_wait: failoverWaitMs }, variant);
      stops.push(() => ringway.stop());
      const client = await RespClient.open(ringway.port);
      stops.push(async () => client.close());
      const ask = async (...requests: string[]): Promise<string[]> => {
        const words = requests.map((each) => each.split(' '));
        return (await client.pipeline(words)).map(String);
      };
      const waits = async (): Promise<void> => {
        const looks = cluster.looks;
        await waitFor('somebody to look for an owner', () => cluster.looks > looks + 1);
      };
      return { cluster, ask, waits };
    }

    test('is waited for and then not served, in one request and in the part of one', async () => {
      const { cluster, ask } = await start();
      const requests = [`GET ${UNOWNED}`, `MGET ${OWNED} ${UNOWNED}`, `GET ${OWNED}`];
      assert.deepEqual(await ask(...requests), [DOWN, DOWN, 'OK']);
      assert.deepEqual(cluster.asked, [[`GET ${OWNED}`], []]);
    });

    test('is not served to WATCH, and EXEC behind it executes nothing', async () => {
      const { cluster, ask } = await start();
      const requests = [`WATCH ${UNOWNED}`, 'MULTI', `SET ${OWNED} 1`, 'EXEC', `GET ${OWNED}`];
      const [watched, , , executed, next] = await ask(...requests);
      assert.equal(watched, DOWN);
      assert.match(executed, /^ReplyError: EXECABORT/);
      assert.equal(next, 'OK');
      assert.ok(cluster.asked.flat().every((text) => !text.startsWith('SET')));
    });

    for (const [request, reply] of [
      [`BLPOP ${UNOWNED} 0`, 'bar,x'],
      [`XREAD BLOCK 0 STREAMS ${UNOWNED} $`, 'bar,x'],
      [`WATCH ${UNOWNED}`, 'OK'],
    ]) {
      test(`is waited for by ${request} until a node has it`, async () => {
        const { cluster, ask, waits } = await start(60_000);
        const asked = ask(request, `GET ${UNOWNED}`);
        await waits();
        assert.deepEqual(cluster.asked.flat(), []);
        cluster.own(1, 0);
        assert.deepEqual(await asked, [reply, 'OK']);
        assert.ok(cluster.asked[0].includes(request));
      });
    }

    test('is waited for by a transaction, in its first command, until a node has it', async () => {
      const { cluster, ask, waits } = await start(60_000);
      const asked = ask('MULTI', `SET ${UNOWNED} 1`, 'EXEC', `GET ${UNOWNED}`);
      await waits();
      cluster.own(1, 0);
      assert.deepEqual(await asked, ['OK', 'QUEUED', 'OK', 'OK']);
    });

    for (const request of [
      `BLPOP ${UNOWNED} 0`,
      `BLMOVE ${UNOWNED} ${UNOWNED} LEFT LEFT 0`,
      `BZMPOP 0 1 ${UNOWNED} MIN`,
      `XREAD BLOCK 0 STREAMS ${UNOWNED} $`,
    ]) {
      test(`is not served to ${request}: nobody waits`, async () => {
        const { cluster, ask } = await start();
        const replies = await ask(request, `BLPOP ${OWNED} 0`);
        assert.deepEqual(replies, [DOWN, 'bar,x']);
        assert.ok(cluster.asked.flat().every((text) => !text.includes(UNOWNED)));
      });
    }
  });
}
