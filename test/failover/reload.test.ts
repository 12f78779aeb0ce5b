import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { certificates } from '../support/certificates.ts';
import { startFakeSentinel } from '../support/fake-sentinel.ts';
import { freePort } from '../support/free-port.ts';
import { follows } from '../support/promotions.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, type PoolSpec, startChild } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { startTlsRedis } from '../support/tls-servers.ts';
import { waitFor } from '../support/wait.ts';

interface Setting {
  readonly ringway: ChildRingway;
  readonly clients: readonly RespClient[];
  /** Writes the file with another text in it, and has it taken over. */
  reload(from: string, to: string): Promise<void>;
}

async function withRingway(
  workers: number,
  spec: PoolSpec,
  run: (setting: Setting) => Promise<void>,
): Promise<void> {
  const socket = `/tmp/ringway-failover-${process.pid}-${await freePort()}.sock`;
  const args = ['--workers', String(workers), '--admin-socket', socket];
  const ringway = await startChild({ failover_wait: 1000, timeout: 2000, ...spec }, { args });
  const open = () => RespClient.open({ port: ringway.port, timeoutMs: 30_000 });
  const clients = await Promise.all([1, 2, 3, 4].map(open));
  const reload = async (from: string, to: string): Promise<void> => {
    const text = readFileSync(ringway.file, 'utf8');
    assert.ok(text.includes(from));
    writeFileSync(ringway.file, text.replace(from, to));
    await askAdmin(socket, 'reload', 20_000);
  };
  try {
    await run({ ringway, clients, reload });
  } finally {
    for (const client of clients) client.close();
    await ringway.stop();
  }
}

/** All clients do it without an error. */
async function allSay(clients: readonly RespClient[], ...words: string[]): Promise<unknown[]> {
  return Promise.all(clients.map((client) => client.text(...words)));
}

async function follow(replica: RealServer, { port }: RealServer): Promise<void> {
  await command(replica.port, 'REPLICAOF', '127.0.0.1', String(port));
  await waitFor('the replica', () => follows(replica));
}

for (const workers of [1, 2]) {
  describe(`a reload behind a failover, --workers ${workers}`, () => {
    test('that changes how servers are reached stays with the new master', async () => {
      const { authority } = certificates();
      const [first, second] = [await startTlsRedis(), await startTlsRedis()];
      await follow(first.server, second.server);
      const facts = { port: second.tlsPort, epoch: 2, replicas: [first.tlsPort] };
      const sentinel = await startFakeSentinel({ cache: facts });
      const spec = {
        servers: [`127.0.0.1:${first.tlsPort}:1 cache`],
        sentinels: [`127.0.0.1:${sentinel.port}`],
        ...{ server_tls: true, server_tls_ca_file: authority.ca, server_tls_verify: 'full' },
      };
      try {
        await withRingway(workers, spec, async ({ clients, reload }) => {
          await waitFor('the master', () => allSay(clients, 'SET', 'k', '1'));
          await reload('"full"', '"ca"');
          for (const n of ['2', '3', '4']) await allSay(clients, 'SET', 'k', n);
          assert.equal(await command(second.server.port, 'GET', 'k'), '4');
        });
      } finally {
        await Promise.all([sentinel.stop(), first.server.stop(), second.server.stop()]);
      }
    });

    test('that brings the file up to date leaves readers and connections as they are', async () => {
      const [first, second, third] = await Promise.all([startRedis(), startRedis(), startRedis()]);
      await Promise.all([first, third].map((replica) => follow(replica, second)));
      const facts = { port: second.port, epoch: 2, replicas: [first.port, third.port] };
      const sentinel = await startFakeSentinel({ cache: facts });
      const spec = {
        servers: [`127.0.0.1:${first.port}:1 cache`],
        sentinels: [`127.0.0.1:${sentinel.port}`],
        read_from: 'replica',
        read_after_write: 0,
      };
      try {
        await withRingway(workers, spec, async ({ clients, reload }) => {
          await waitFor('the master', () => allSay(clients, 'SET', 'k', '1'));
          await waitFor('readers', () => allSay(clients, 'GET', 'k'));
          const ids = async (): Promise<string[]> => {
            const list = String(await command(second.port, 'CLIENT', 'LIST'));
            return [...list.matchAll(/^id=(\d+).* cmd=set /gm)].map(([, id]) => id);
          };
          const before = await ids();
          assert.ok(before.length > 0);
          // From now on nobody says where it is.
          await sentinel.stop();
          await reload(`127.0.0.1:${first.port}:1 cache`, `127.0.0.1:${second.port}:1 cache`);
          for (const n of ['2', '3', '4']) {
            await allSay(clients, 'SET', 'k', n);
            await allSay(clients, 'GET', 'k');
          }
          assert.deepEqual(await ids(), before);
        });
      } finally {
        await Promise.all([sentinel, first, second, third].map((each) => each.stop()));
      }
    });
  });
}
