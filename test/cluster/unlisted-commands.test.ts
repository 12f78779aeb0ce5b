import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { startBefore, startFakeCluster } from '../support/fake-cluster.ts';
import { RespClient } from '../support/resp-client.ts';
import { VARIANTS } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

/** A key of the first of two nodes. */
const KEY = 'bar';
const SLOT = keySlot(Buffer.from(KEY), 0, KEY.length);

/** What a server says of a command with its key in word 1, or where only it knows. */
const learnt = (flag: string) =>
  `*1\r\n*6\r\n$7\r\nfoo.set\r\n:-2\r\n*2\r\n+write\r\n+${flag}\r\n:1\r\n:1\r\n:1\r\n`;
const KEYS_OF_ALL = `*1\r\n$3\r\n${KEY}\r\n`;

const ASKED = { unknown_commands: 'ask' };
const WAYS = [
  ['configured', { custom_commands: 'FOO.SET 1' }, '', ['FOO.SET', KEY, '1']],
  ['configured, with a count of keys', { custom_commands: 'FOO.SET numkeys 2' }, '', null],
  ['learnt from a server', ASKED, learnt('fast'), ['FOO.SET', KEY, '1']],
  ['learnt, with keys anywhere', ASKED, learnt('movablekeys'), ['FOO.SET', 'x', KEY]],
] as const;

for (const [name, keys, info, words] of WAYS) {
  describe(`a command that is not in the table, ${name}, in a cluster`, () => {
    const request: string[] = [...(words ?? ['FOO.SET', 'x', '1', KEY])];
    const stops: (() => Promise<unknown>)[] = [];
    after(async () => {
      for (const stop of stops.toReversed()) await stop();
    });

    async function start(word: 'MOVED' | 'ASK') {
      const target: { port?: number } = {};
      const cluster = await startFakeCluster(2, (node, text) => {
        if (text.startsWith('COMMAND INFO')) return info;
        if (text.startsWith('COMMAND GETKEYS')) return KEYS_OF_ALL;
        if (node === 1 || !text.startsWith('FOO.SET')) return undefined;
        return `-${word} ${SLOT} 127.0.0.1:${target.port}\r\n`;
      });
      stops.push(() => cluster.stop());
      [, target.port] = cluster.ports;
      const times = { timeout: 2000, failover_wait: 1500 };
      const ringway = await startBefore(cluster, { ...times, ...keys }, VARIANTS[0]);
      stops.push(() => ringway.stop());
      const client = await RespClient.open(ringway.port);
      stops.push(async () => client.close());
      return { cluster, client };
    }

    test('goes where MOVED says, and the nodes are asked who has its slot', async () => {
      const { cluster, client } = await start('MOVED');
      const before = cluster.refreshes;
      assert.equal(String(await client.command(...request)), 'OK');
      assert.ok(cluster.asked[1].includes(request.join(' ')));
      await waitFor('the nodes to be asked', () => cluster.refreshes > before);
    });

    test('goes where ASK says, with the word before it', async () => {
      const { cluster, client } = await start('ASK');
      assert.equal(String(await client.command(...request)), 'OK');
      assert.deepEqual(cluster.asked[1].slice(-2), ['ASKING', request.join(' ')]);
    });
  });
}
