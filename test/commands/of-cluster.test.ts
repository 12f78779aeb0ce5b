import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runCli } from '../support/command.ts';
import { slotsKnown, startFakeCluster } from '../support/fake-cluster.ts';
import { freePort } from '../support/free-port.ts';
import { follows } from '../support/promotions.ts';
import { startRedis } from '../support/real-servers.ts';
import { startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

describe('of a Redis Cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-of-cluster-'));
  const file = join(folder, 'cluster.yml');
  const lines = ['listen: 127.0.0.1:22121', 'redis: true', 'cluster: true', 'servers:'];
  writeFileSync(file, `p:\n  ${lines.join('\n  ')}\n    - 127.0.0.1:1:1\n`);
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('check says that its nodes decide', async () => {
    const { stdout, status } = await runCli(['check', file]);
    assert.equal(status, 0);
    assert.equal(stdout, 'pool p: Redis Cluster, whose nodes say who has which slots\n');
  });

  test('explain names the slot, as CLUSTER KEYSLOT does', async () => {
    const { stdout } = await runCli(['explain', 'user{foo}:1', '-c', file]);
    assert.match(stdout, /^slot {9}12182$/m);
    assert.match(stdout, /^server {7}the node that has the slot/m);
  });

  test('explain --live names the node that has the slot', async (t) => {
    const cluster = await startFakeCluster(2, () => undefined);
    t.after(() => cluster.stop());
    const http = await freePort();
    const pool = { name: 'p', servers: [`127.0.0.1:${cluster.ports[0]}`], cluster: true };
    const ringway = await startChild(pool, { args: ['--http-addr', `127.0.0.1:${http}`] });
    t.after(() => ringway.stop());
    await slotsKnown(ringway, cluster);
    const live = ['-c', ringway.file, '--live', '--http-addr', `127.0.0.1:${http}`];
    const { stdout } = await runCli(['explain', 'foo', ...live]);
    assert.match(stdout, /^slot {9}12182$/m);
    const node = `127.0.0.1:${cluster.ports[1]}`;
    assert.match(stdout, new RegExp(`^now {10}${node}, which serves$`, 'm'));
  });
});

test('explain --live says where a master is now, and its replicas', async (t) => {
  const master = await startRedis();
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', `${master.port}`] });
  t.after(() => Promise.all([master.stop(), replica.stop()]));
  await waitFor('the replica', () => follows(replica));
  const http = await freePort();
  const pool = {
    ...{ name: 'p', servers: [`127.0.0.1:${master.port}:1 a`], read_from: 'prefer-replica' },
    replicas: [`127.0.0.1:${replica.port} a`],
  };
  const ringway = await startChild(pool, { args: ['--http-addr', `127.0.0.1:${http}`] });
  t.after(() => ringway.stop());
  const live = ['-c', ringway.file, '--live', '--http-addr', `127.0.0.1:${http}`];
  let shown = '';
  await waitFor('the replica to be read', async () => {
    shown = (await runCli(['explain', 'key', ...live])).stdout;
    return /reads go there/.test(shown);
  });
  assert.match(shown, new RegExp(`^now {10}a at 127.0.0.1:${master.port}, which serves$`, 'm'));
  const beside = `127.0.0.1:${replica.port}, replica, \\d+ bytes behind, reads go there`;
  assert.match(shown, new RegExp(`^beside it {4}${beside}$`, 'm'));
});
