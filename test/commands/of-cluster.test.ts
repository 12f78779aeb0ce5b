import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runCli } from '../support/command.ts';

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
});
