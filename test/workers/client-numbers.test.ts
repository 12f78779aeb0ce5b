import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { Subscriber } from '../support/subscriber.ts';
import { waitFor } from '../support/wait.ts';

const ON = ['CLIENT', 'TRACKING', 'ON', 'REDIRECT'];

describe('the number of a client', () => {
  let redis: RealServer;
  const running: { ringway: ChildRingway; pidFile: string }[] = [];

  before(async () => {
    redis = await startRedis();
  });
  after(async () => {
    for (const { ringway, pidFile } of running) {
      if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'latin1')), 'SIGTERM');
      await ringway.gone();
    }
    await redis.stop();
  });

  /** @returns the port, and what replaces the processes */
  async function run(workers: number, order: string) {
    const base = `/tmp/ringway-numbers-${process.pid}-${await freePort()}`;
    const [socket, pidFile] = [`${base}.sock`, `${base}.pid`];
    const doors = ['--admin-socket', socket, '-p', pidFile, '--http-addr', 'off'];
    const args = [...doors, '--workers', String(workers)];
    const ringway = await startChild({ servers: [`127.0.0.1:${redis.port}:1 s1`] }, { args });
    running.push({ ringway, pidFile });
    const replace = async (): Promise<void> => {
      await askAdmin(socket, order, 30_000);
      if (order !== 'upgrade' || ringway.child.exitCode !== null) return;
      await waitFor('the old process to end', () => ringway.child.exitCode !== null);
    };
    return { port: ringway.port, replace };
  }

  async function numberOf(client: Subscriber): Promise<string> {
    return (await client.ask(['CLIENT', 'ID']))[0].slice(1, -2);
  }

  for (const [workers, order] of [
    [1, 'upgrade'],
    [2, 'upgrade'],
    [2, 'restart'],
  ] as const) {
    const where = `${order}, --workers ${workers}`;

    test(`goes along, and means nobody else (${where})`, async () => {
      const { port, replace } = await run(workers, order);
      const open = (): Promise<Subscriber> => Subscriber.open(port);
      const gone = await open();
      const old = await numberOf(gone);
      const clients = [await open(), await open(), await open()];
      const [blocked, killed, asks] = clients;
      const numbers = await Promise.all(clients.map(numberOf));
      gone.close();
      await waitFor('it to be gone', async () => {
        return !(await asks.ask(['CLIENT', 'LIST']))[0].includes(`id=${old} `);
      });
      await replace();
      assert.deepEqual(await Promise.all(clients.map(numberOf)), numbers);
      const fresh = [await open(), await open(), await open()];
      const all = [...numbers, ...(await Promise.all(fresh.map(numberOf)))];
      assert.equal(new Set([old, ...all]).size, 7, all.join());
      for (const words of [['KILL', 'ID'], ['UNBLOCK']]) {
        assert.deepEqual(await asks.ask(['CLIENT', ...words, old]), [':0\r\n']);
      }
      blocked.send(['BLPOP', 'nothing', '0']);
      await waitFor('the client to be unblocked', async () => {
        return (await asks.ask(['CLIENT', 'UNBLOCK', numbers[0]]))[0] === ':1\r\n';
      });
      assert.deepEqual(await blocked.take(1), ['*-1\r\n']);
      assert.deepEqual(await asks.ask(['CLIENT', 'KILL', 'ID', numbers[1]]), [':1\r\n']);
      await killed.end();
      for (const each of [blocked, asks, ...fresh]) {
        assert.deepEqual(await each.ask(['PING']), ['+PONG\r\n']);
        each.close();
      }
    });

    test(`is where keys are told of in another's place (${where})`, async () => {
      const { port, replace } = await run(workers, order);
      const open = (): Promise<Subscriber> => Subscriber.open(port);
      const early = await open();
      await early.ask(['HELLO', '3']);
      const hearers = [await open(), await open()];
      await hearers[0].ask(['SUBSCRIBE', '__redis__:invalidate']);
      await hearers[1].ask(['HELLO', '3']);
      const lately = await open();
      await lately.ask(['HELLO', '3']);
      const writer = await open();
      // One that another client has named, and does not any more.
      const idle = await open();
      await idle.ask(['HELLO', '3']);
      await writer.ask(['CLIENT', 'TRACKING', 'ON', 'REDIRECT', await numberOf(idle)]);
      assert.deepEqual(await writer.ask(['CLIENT', 'TRACKING', 'OFF']), ['+OK\r\n']);
      const ids: string[] = [];
      for (const [i, hearer] of hearers.entries()) {
        const id =
          i === 0 ? /id=(\d+) .* sub=1 /.exec((await writer.ask(['CLIENT', 'LIST']))[0]) : [];
        ids.push(id?.[1] ?? (await numberOf(hearer)));
      }
      assert.deepEqual(await early.ask([...ON, ids[0]]), ['+OK\r\n']);
      assert.deepEqual(await lately.ask([...ON, ids[1]]), ['+OK\r\n']);
      await early.ask(['GET', 'a']);
      await lately.ask(['GET', 'b']);
      await replace();
      // Whatever changed meanwhile, both forget it.
      for (const hearer of hearers) {
        await waitFor('it to be told to forget all', () =>
          hearer.frames.some((frame) => /\$-1\r\n$|_\r\n$/.test(frame)),
        );
      }
      await early.ask(['GET', 'a']);
      await lately.ask(['GET', 'b']);
      await writer.ask(['MSET', 'a', '1', 'b', '2']);
      for (const [i, hearer] of hearers.entries()) {
        const key = ['a', 'b'][i];
        await waitFor(`it to hear of ${key}`, () =>
          hearer.frames.some((frame) => frame.endsWith(`*1\r\n$1\r\n${key}\r\n`)),
        );
      }
      for (const [i, each] of [early, lately].entries()) {
        assert.deepEqual(await each.ask(['CLIENT', 'GETREDIR']), [`:${ids[i]}\r\n`]);
        const [info] = await each.ask(['CLIENT', 'TRACKINGINFO']);
        assert.doesNotMatch(info, /broken/);
      }
      assert.deepEqual(await idle.ask(['PING']), ['+PONG\r\n'], 'nothing that it might forget');
      for (const each of [early, lately, writer, idle, ...hearers]) each.close();
    });
  }
});
