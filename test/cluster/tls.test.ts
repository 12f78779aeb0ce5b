import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { certificates } from '../support/certificates.ts';
import { startCluster, type TestCluster } from '../support/clusters.ts';
import { freePort } from '../support/free-port.ts';
import type { RealServer } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

const KEYS = Array.from({ length: 60 }, (_, i) => `key:${i}`);
const { authority, server: pair } = certificates();
const slotOf = (key: string) => keySlot(Buffer.from(key), 0, key.length);

/** Nodes speak TLS to each other, and to clients on a port of its own beside the plain one. */
describe('a cluster that is spoken to with TLS', () => {
  const tlsPorts: number[] = [];
  let cluster: TestCluster;
  let ringway: TestRingway;
  let client: RespClient;
  before(async () => {
    cluster = await startCluster({
      ...{ masters: 3, replicas: 1 },
      args: [
        ...['--tls-cluster', 'yes', '--tls-replication', 'yes', '--tls-auth-clients', 'no'],
        ...['--tls-cert-file', pair.cert, '--tls-key-file', pair.key],
        ...['--tls-ca-cert-file', authority.ca],
      ],
      nodeArgs: async () => {
        const port = await freePort();
        tlsPorts.push(port);
        return ['--tls-port', String(port)];
      },
    });
    const seed = Number(
      String(await command(cluster.nodes[0].port, 'CONFIG', 'GET', 'tls-port')).split(',')[1],
    );
    ringway = await startInProcess({
      ...{ servers: [`127.0.0.1:${seed}`], cluster: true, timeout: 5000, failover_wait: 20_000 },
      ...{ server_tls: true, server_tls_ca_file: authority.ca, read_from: 'prefer-replica' },
    });
    client = await RespClient.open({ port: ringway.port, timeoutMs: 30_000 });
  });
  after(async () => {
    client?.close();
    await ringway?.stop();
    await cluster?.stop();
  });

  /** Ports of the servers of the pool. */
  async function served(): Promise<number[]> {
    const info = String(await client.text('INFO', 'topology'));
    return [...info.matchAll(/name=127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
  }

  test('is reached on its TLS ports alone, redirections too', async () => {
    for (const key of KEYS) assert.equal(await client.text('SET', key, key), 'OK');
    assert.deepEqual(await client.text('MGET', ...KEYS), KEYS);
    const ports = await served();
    assert.equal(ports.length, 3);
    assert.ok(
      ports.every((port) => tlsPorts.includes(port)),
      ports.join(),
    );
    const slot = slotOf('not-yet');
    const owner = await cluster.ownerOf(slot);
    const to = cluster.nodes.slice(0, 3).find((node) => node !== owner) as RealServer;
    await cluster.moveSlots([slot], to);
    assert.equal(await client.text('SET', 'not-yet', '1'), 'OK');
    assert.equal(String(await command(to.port, 'CLUSTER', 'COUNTKEYSINSLOT', String(slot))), '1');
    assert.match(String(await client.text('INFO', 'topology')), /redirections_moved:[1-9]/);
  });

  test('replicas are read, and take over, over TLS', async () => {
    await waitFor('a replica to be read', async () => {
      for (const key of KEYS) await client.text('GET', key);
      return (
        cluster.nodes.length === 6 &&
        /readers=1/.test(String(await client.text('INFO', 'topology')))
      );
    });
    await command(cluster.nodes[3].port, 'CLUSTER', 'FAILOVER');
    await waitFor('it to be a master', async () => {
      return ((await command(cluster.nodes[3].port, 'ROLE')) as string[])[0] === 'master';
    });
    for (const key of KEYS) assert.equal(await client.text('SET', key, '2'), 'OK');
    const ports = await served();
    assert.ok(
      ports.every((port) => tlsPorts.includes(port)),
      ports.join(),
    );
  });
});
