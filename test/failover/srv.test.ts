import assert from 'node:assert/strict';
import { getServers, setServers } from 'node:dns';
import { after, before, describe, test } from 'node:test';
import { slotsKnown, startFakeCluster } from '../support/fake-cluster.ts';
import { startFakeSentinel } from '../support/fake-sentinel.ts';
import { NameServer } from '../support/name-server.ts';
import { follows } from '../support/promotions.ts';
import { startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

/** What SRV records name: hosts, never addresses. */
const at = ({ port }: { readonly port: number }) => ({ host: 'localhost', port });

describe('names of SRV records', () => {
  const names = new NameServer();
  const usual = getServers();
  before(async () => setServers([await names.open()]));
  after(() => {
    setServers(usual);
    names.close();
  });

  test('list sentinels: those that are listed are asked, and others when these change', async (t) => {
    const servers = await Promise.all([startRedis(), startRedis()]);
    const sentinels = await Promise.all(
      servers.map(({ port }) => startFakeSentinel({ a: { port, epoch: 1, replicas: [] } })),
    );
    t.after(() => Promise.all([...servers, ...sentinels].map((each) => each.stop())));
    const service = '_sentinel._tcp.redis.test';
    const ringway = await startInProcess({
      servers: ['127.0.0.1:1:1 a'],
      sentinels: [`srv:${service}`],
      dns_interval: 1000,
    });
    t.after(() => ringway.stop());
    const client = await RespClient.open(ringway.port);
    t.after(() => client.close());
    await waitFor('the name to be asked', () => /not to be had/.test(ringway.log.join()));
    const set = client.text('SET', 'key', 'first');
    names.services.set(service, [at(sentinels[0].server)]);
    assert.equal(await set, 'OK', 'it waits for the first sentinel that is known');
    assert.equal(await command(servers[0].port, 'GET', 'key'), 'first');
    names.services.set(service, [at(sentinels[1].server)]);
    await waitFor('the master of the other', async () => {
      return (await client.text('GET', 'key')) === null;
    });
    assert.match(ringway.log.join('\n'), /_sentinel\._tcp\.redis\.test lists localhost:\d+/);
    // The list is gone: what was listed last stays.
    names.services.delete(service);
    assert.equal(await client.text('SET', 'key', 'second'), 'OK');
    assert.equal(await command(servers[1].port, 'GET', 'key'), 'second');
  });

  test('list nodes of a cluster', async (t) => {
    const cluster = await startFakeCluster(2, () => undefined);
    t.after(() => cluster.stop());
    const service = '_redis._tcp.cluster.test';
    names.services.set(service, [at({ port: cluster.ports[1] }), at({ port: 1 })]);
    const ringway = await startInProcess({ servers: [`srv:${service}`], cluster: true });
    t.after(() => ringway.stop());
    await slotsKnown(ringway, cluster);
    const client = await RespClient.open(ringway.port);
    assert.equal(await client.text('SET', 'a', 1), 'OK');
    client.close();
  });

  test('list the servers of one shard, each of which says its role itself', async (t) => {
    const master = await startRedis();
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', `${master.port}`] });
    t.after(() => Promise.all([master.stop(), replica.stop()]));
    await waitFor('the replica', () => follows(replica));
    const service = '_redis._tcp.shard.test';
    names.services.set(service, [at(master)]);
    const ringway = await startInProcess({
      servers: [`localhost:${master.port}:1 s1`],
      replicas: [`srv:${service} s1`],
      dns_interval: 1000,
    });
    t.after(() => ringway.stop());
    const client = await RespClient.open(ringway.port);
    t.after(() => client.close());
    assert.equal(await client.text('SET', 'a', 1), 'OK');
    // One that comes later is known before it is needed.
    names.services.set(service, [at(replica), at(master)]);
    const listed = `lists localhost:${Math.min(master.port, replica.port)}, localhost`;
    await waitFor('it to be listed', () => ringway.log.join().includes(listed));
    assert.equal(await command(master.port, 'FAILOVER'), 'OK');
    await waitFor('writes there', async () => {
      assert.equal(await client.text('SET', 'a', 2), 'OK');
      return /the master has moved/.test(ringway.log.join());
    });
    assert.equal(await command(replica.port, 'GET', 'a'), '2');
  });
});
