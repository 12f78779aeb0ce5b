import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../bench/random.ts';
import { startCluster } from '../support/clusters.ts';
import { allCodecs } from '../support/codec-all.ts';
import { type KeyRequest, slotsOf, useSlotsAsServers } from '../support/codec-slots.ts';
import { RespClient } from '../support/resp-client.ts';

const KEYS = 100_000;
const AT_ONCE = 500;
const LONGEST = 60;
/** Braces among them: what stands between two is the tag. */
const LETTERS = 'abcdefgh0123456789:_-{}';

test('every codec has the slots that CLUSTER KEYSLOT says', async (t) => {
  const cluster = await startCluster({ masters: 3, replicas: 0 });
  t.after(() => cluster.stop());
  const client = await RespClient.open(cluster.nodes[0].port);
  t.after(() => client.close());
  const codecs = allCodecs();
  for (const { codec } of codecs) useSlotsAsServers(codec);
  const random = new Random(20121);
  for (let done = 0; done < KEYS; done += AT_ONCE) {
    const requests: KeyRequest[] = Array.from({ length: AT_ONCE }, () => {
      return [random.text(random.integer(0, LONGEST), LETTERS), null];
    });
    const told = await Promise.all(requests.map(([key]) => client.text('CLUSTER', 'KEYSLOT', key)));
    for (const { label, codec } of codecs) assert.deepEqual(slotsOf(codec, requests), told, label);
  }
});
