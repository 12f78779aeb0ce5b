import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { switches } from '../support/acknowledged.ts';
import { isMaster } from '../support/promotions.ts';
import type { RealServer } from '../support/real-servers.ts';
import { delay, waitFor } from '../support/wait.ts';
import { acknowledgedBy, type SplitWorld, startSplitWorld, whileWriting } from './split-brain.ts';

describe('three proxies with workers, in a network that parts', () => {
  let world: SplitWorld;
  before(async () => {
    world = await startSplitWorld({ replicas: 2, toWrite: 1 });
  });
  after(() => world.stop());

  function member(name: string): RealServer {
    return world.members.get(name) as RealServer;
  }

  /** The master, and the others. */
  async function roles(): Promise<[master: string, ...others: string[]]> {
    await world.settled();
    const master = (await world.master()) as string;
    return [master, ...[...world.members.keys()].filter((name) => name !== master)];
  }

  test('replace a master that nobody else reaches, but for one of them', async () => {
    const [master, first, second] = await roles();
    const epoch = await world.epoch();
    const writers = await whileWriting(world, async (running) => {
      // p0 is alone with it.
      for (const other of [first, second, 'p1', 'p2']) world.network.part(other, master);
      await waitFor('a promotion', async () => (await world.epoch()) > epoch, 30_000);
      const promoted = await waitFor('it', async () => {
        if (await isMaster(member(first))) return first;
        return (await isMaster(member(second))) ? second : null;
      });
      await acknowledgedBy(running, member(promoted));
      world.network.heal();
      await world.settled();
      await acknowledgedBy(running, member(promoted));
    });
    assert.equal(await world.epoch(), epoch + 1);
    assert.equal(switches(writers.all).length, 2);
  });

  test('replace nobody when they alone are cut off from the master', async () => {
    const [master] = await roles();
    const epoch = await world.epoch();
    const writers = await whileWriting(world, async (running) => {
      for (const proxy of ['p0', 'p1', 'p2']) world.network.cut(proxy, master);
      // Three times as long as a master may be away.
      await delay(3500);
      assert.equal(await world.epoch(), epoch);
      world.network.heal();
      await acknowledgedBy(running, member(master));
    });
    assert.equal(await world.epoch(), epoch);
    assert.deepEqual(switches(writers.all), [member(master).port]);
  });

  test('replace nobody while one of them is frozen, nor without most of the witnesses', async () => {
    const [master] = await roles();
    const epoch = await world.epoch();
    await world.admin(1, 'topology freeze');
    await waitFor('all witnesses to know it', () => world.frozen());
    member(master).kill('SIGKILL');
    await delay(4000);
    assert.equal(await world.epoch(), epoch);
    for (const proxy of ['p0', 'p1', 'p2']) {
      for (const witness of ['w0', 'w1']) world.network.cut(proxy, witness);
    }
    await world.admin(1, 'topology resume');
    await delay(4000);
    assert.equal(await world.epoch(), epoch);
    world.network.heal();
    await waitFor('a promotion', async () => (await world.epoch()) > epoch, 30_000);
    await member(master).restart();
    await world.settled();
    assert.equal(await world.epoch(), epoch + 1);
  });
});
