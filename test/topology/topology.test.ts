import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { SYSTEM_CLOCK } from '../../src/topology/clock.ts';
import type { ShardSpec } from '../../src/topology/shard.ts';
import { Topology } from '../../src/topology/topology.ts';
import { type FakeMasterServer, startFakeMaster } from '../support/fake-master.ts';
import { type FakeSentinel, startFakeSentinel } from '../support/fake-sentinel.ts';
import { waitFor } from '../support/wait.ts';

const PASSWORD = 'sentinels-topsecret';

describe('a topology', () => {
  let master: FakeMasterServer;
  let replica: FakeMasterServer;
  let sentinel: FakeSentinel;
  let topology: Topology;
  let answer: (words: readonly string[]) => string | undefined;
  const steps: string[] = [];
  const said: string[] = [];

  beforeEach(async () => {
    answer = () => undefined;
    steps.length = 0;
    said.length = 0;
    master = await startFakeMaster();
    replica = await startFakeMaster();
    replica.isMaster = false;
    const facts = { port: master.port, epoch: 1, replicas: [replica.port] };
    sentinel = await startFakeSentinel({ cache: facts }, (words) => answer(words));
    topology = new Topology({
      clock: SYSTEM_CLOCK,
      steer: (step) => void (step.action !== 'read' && steps.push(`${step.action} ${step.port}`)),
      say: (text) => void said.push(text),
    });
  });

  afterEach(async () => {
    topology.stop();
    await Promise.all([sentinel.stop(), master.server.stop(), replica.server.stop()]);
  });

  function shard(login: readonly string[] | null): ShardSpec {
    const address = { host: '127.0.0.1', port: master.port };
    const sentinels = [{ host: '127.0.0.1', port: sentinel.port }];
    const names = { pool: 'p', server: 'cache', master: 'cache' };
    const tls = { tls: null, sentinelTls: null };
    const logins = { sentinelLogin: () => login, serverLogin: () => null };
    const reads = { from: 'master', maxLag: 0 } as const;
    const lists = { sentinels, replicas: [], promotion: null, reads };
    return { ...names, address, ...lists, sentinelAccess: String(login), ...logins, ...tls };
  }

  /** It has said that it is a replica. */
  async function replicaIsAsked(): Promise<void> {
    const before = replica.server.received.length;
    await waitFor('its role', () => {
      const asked = replica.server.received.slice(before).filter((each) => each.includes('ROLE'));
      return asked.length > 1;
    });
  }

  function announce(): void {
    const channel = '+failover-state-send-slaveof-noone';
    const at = `cache 127.0.0.1 ${master.port}`;
    sentinel.publish(channel, `slave x 127.0.0.1 ${replica.port} @ ${at}`);
  }

  test('that is told of other sentinels in a failover goes on waiting, and moves', async () => {
    topology.follow([shard(null)]);
    await waitFor('replicas', () => topology.views[0].replicas.length === 1);
    await waitFor('the hold', () => {
      announce();
      return steps.length > 0;
    });
    await replicaIsAsked();
    topology.follow([shard(['another'])]);
    assert.equal(topology.views[0].state, 'switching');
    replica.isMaster = true;
    await waitFor('the move', () => steps.at(-1) === `move ${replica.port}`);
    // The sentinel names the old one still, which says that it is a master.
    topology.follow([shard(null)]);
    await waitFor('replicas', () => topology.views[0].replicas.length > 0);
    assert.equal(topology.views[0].address, `127.0.0.1:${replica.port}`);
    assert.equal(topology.views[0].state, 'steady');
  });

  test('that is frozen in a failover sees it through, and nothing else', async () => {
    topology.follow([shard(null)]);
    await waitFor('replicas', () => topology.views[0].replicas.length === 1);
    await waitFor('the hold', () => {
      announce();
      return steps.length > 0;
    });
    topology.frozen = true;
    assert.equal(topology.known[0].promoting?.port, replica.port);
    await replicaIsAsked();
    assert.deepEqual(steps, [`hold ${master.port}`]);
    replica.isMaster = true;
    await waitFor('the move', () => steps.at(-1) === `move ${replica.port}`);
    assert.deepEqual(topology.known, [
      { pool: 'p', server: 'cache', address: { host: '127.0.0.1', port: replica.port }, epoch: 0 },
    ]);
    sentinel.masters.set('cache', { port: master.port, epoch: 9, replicas: [replica.port] });
    sentinel.publish('+switch-master', `cache 127.0.0.1 1 127.0.0.1 ${master.port}`);
    await waitFor('the news', () => topology.views[0].address === `127.0.0.1:${master.port}`);
    assert.equal(steps.at(-1), `move ${replica.port}`);
    topology.frozen = false;
    assert.equal(steps.at(-1), `move ${master.port}`);
  });

  test('answers whoever wants a failover when the sentinel does not', {
    timeout: 10_000,
  }, async () => {
    answer = ([, word]) => (word === 'FAILOVER' ? '' : undefined);
    topology.follow([shard(null)]);
    await waitFor('the sentinel', () => topology.views[0].sentinelsUp === 1);
    const code = 'RINGWAY_USAGE';
    const said = { code, message: /says: nothing/ };
    await assert.rejects(topology.failover('p', 'cache'), said);
    topology.frozen = true;
    const frozen = { code, message: 'the topology is frozen, until: topology resume' };
    await assert.rejects(topology.failover('p', 'cache'), frozen);
  });

  for (const text of [
    `-ERR unknown command 'AUTH', with args beginning with: '${PASSWORD}' `,
    `-ERR what is "${PASSWORD}"?`,
  ]) {
    test(`tells no password that a sentinel repeats: ${text.slice(0, 12)}`, async () => {
      answer = ([word]) => (word === 'AUTH' ? `${text}\r\n` : undefined);
      topology.follow([shard([PASSWORD])]);
      await waitFor('a word of it', () => said.length > 0);
      assert.match(said[0], /refuses the login/);
      assert.doesNotMatch(said.join('\n'), /topsecret/);
    });
  }
});
