import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { freePort } from '../support/free-port.ts';
import { checkPrometheus, type Samples } from '../support/prometheus-text.ts';
import { startPromotionSet } from '../support/promotions.ts';
import { startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

const PATIENCE_MS = 30_000;
const SHARD = { pool: 'pool1', server: 's1' };

describe('the metrics of a shard whose master the proxies replace', () => {
  test('tell of witnesses, leases, the fence, a frozen topology, and the promotion', async (t) => {
    const set = await startPromotionSet();
    t.after(() => set.stop());
    const http = await freePort();
    const socket = `/tmp/ringway-promotion-${process.pid}-${http}.sock`;
    const args = ['--http-addr', `${http}`, '--admin-socket', socket, '--workers', '2'];
    const ringway = await startChild({ ...set.pool, failover_wait: 20_000 }, { args });
    t.after(() => ringway.stop());
    const read = async (): Promise<Samples> => {
      return checkPrometheus(await (await fetch(`http://127.0.0.1:${http}/metrics`)).text());
    };
    const until = (name: string, labels: Record<string, string>, value: number): Promise<boolean> =>
      waitFor(
        `${name} to be ${value}`,
        async () => {
          const samples = await read();
          return samples.names.has(name) && samples.sum(name, labels) === value;
        },
        PATIENCE_MS,
      );

    await until('ringway_witnesses_up', { pool: 'pool1' }, 3);
    await until('ringway_promotion_fenced', SHARD, 1);
    await until('ringway_promotion_proxies', SHARD, 1);
    const before = await read();
    assert.equal(before.sum('ringway_witnesses', { pool: 'pool1' }), 3);
    for (const name of ['topology_frozen', 'promotion_frozen', 'promotion_master_down']) {
      assert.ok(before.names.has(`ringway_${name}`), name);
      assert.equal(before.sum(`ringway_${name}`, {}), 0, name);
    }
    assert.equal(before.sum('ringway_promotions_total', SHARD), 0);

    await askAdmin(socket, 'topology freeze', 10_000);
    await until('ringway_topology_frozen', {}, 1);
    await until('ringway_promotion_frozen', SHARD, 1);
    await askAdmin(socket, 'topology resume', 10_000);
    await until('ringway_promotion_frozen', SHARD, 0);

    set.servers[0].kill('SIGKILL');
    await until('ringway_promotions_total', { ...SHARD, result: 'done' }, 1);
    await until('ringway_promotion_epoch', SHARD, 1);
    await until('ringway_server_moves_total', SHARD, 1);
    // The witnesses tell it with their next answer.
    await waitFor('the term', async () => (await read()).sum('ringway_promotion_term', SHARD) >= 1);
    const after = await read();
    assert.ok(after.sum('ringway_promotion_leases_total', { ...SHARD, result: 'granted' }) >= 1);
    assert.equal(after.sum('ringway_promotions_total', { ...SHARD, result: 'failed' }), 0);
  });
});
