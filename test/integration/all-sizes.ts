import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { RespClient } from '../support/resp-client.ts';

/** Values around the sizes of records, packets and buffers come back as they were sent. */
export async function allSizesComeBack(client: RespClient): Promise<void> {
  const sizes = [0, 1, 100, 4095, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 300_000];
  for (let round = 0; round < 20; round++) {
    const values = sizes.map((size) => randomBytes(size + round));
    const sets = values.map((value, i) => ['SET', `k${i}`, value]);
    const gets = values.map((_, i) => ['GET', `k${i}`]);
    const replies = await client.pipeline([...sets, ...gets]);
    for (const [i, value] of values.entries()) {
      assert.equal(replies[i], 'OK');
      assert.ok(value.equals(replies[sizes.length + i] as Buffer), `round ${round}, value ${i}`);
    }
    const all = (await client.command('MGET', ...sizes.map((_, i) => `k${i}`))) as Buffer[];
    for (const [i, value] of values.entries()) assert.ok(value.equals(all[i]), `MGET ${i}`);
  }
}
