import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { complaintAbout } from '../../clients/check-reply.ts';
import { History } from '../../clients/history.ts';
import { valueText } from '../../clients/values.ts';
import { Network } from '../../net/network.ts';
import { askOf, SimAsker } from '../../servers/askers.ts';
import { Sources } from '../../servers/redis/replication.ts';
import { SimRedis } from '../../servers/redis/sim-redis.ts';
import { World } from '../../world/world.ts';
import { Losses } from './losses.ts';

// What becomes of acknowledged writes is seen, by whatever mistake of a proxy or of the model.

const PORT = 6379;
const [MASTER, REPLICA] = ['10.0.1.1', '10.0.1.2'];
const KEY = 'r1';

/** A master with a replica, and a client. */
async function pair() {
  const world = new World(1, false);
  const network = new Network(world, true);
  const history = new History(
    () => world.micros,
    () => ['master'],
  );
  const sources = new Sources();
  const server = (name: string, address: string, of: string | null): SimRedis => {
    const follows = { sources, master: of === null ? null : { host: of, port: PORT } };
    const made = new SimRedis(world, network, { name, address, port: PORT }, follows);
    history.watch(made);
    made.start();
    return made;
  };
  const [master, replica] = [server('master', MASTER, null), server('replica', REPLICA, MASTER)];
  const losses = new Losses(history, [master, replica]);
  const run = (ms: number): Promise<void> => world.run(world.micros + ms * 1000);
  await run(3_000);
  const loop = world.process('client');
  network.place(loop, '10.0.9.1');
  const client = new SimAsker(world, network, loop, { host: MASTER, port: PORT });
  async function write(id: number): Promise<void> {
    const sent = { connection: 1, order: id, proxy: 0, sentAt: 0, wholeAt: 0 };
    history.sent(id, sent);
    assert.equal(await askOf(client, 'SET', KEY, valueText(KEY, 0, 1, id, 40)), '+OK\r\n');
    history.acknowledged(id);
  }
  /** @returns whether it is wrong that so many replicas have that write */
  function isWrong(id: number, count: number, least = 0): boolean {
    const asked = {
      ...{ op: { op: 'confirm', replicas: 1, ms: 10, least } as const, from: 0, to: world.micros },
      ...{ db: 0, written: [{ db: 0, key: KEY, id }], behind: () => null, refusals: [] },
      ...{ mayFail: () => false, mayBeHalf: false },
    };
    return complaintAbout(history, asked, { kind: 'integer', value: count }) !== null;
  }
  return { ...{ network, master, replica, history, losses, client }, ...{ run, write, isWrong } };
}

describe('accounts of what was acknowledged', () => {
  test('a write that is there no more is lost, unless it was written over or its server lost it', async () => {
    const { master, losses, write } = await pair();
    await write(1);
    await write(2);
    assert.deepEqual(losses.check([master], true), []);
    master.data.replace(() => master.data.remove(0, KEY));
    assert.deepEqual(losses.check([master], true), ['write 2 of r1 was acknowledged and is lost']);
  });

  test('what a server has lost with its data is nobody else’s fault', async () => {
    const { master, losses, write } = await pair();
    await write(1);
    master.crash(false);
    assert.deepEqual(losses.check([], true), []);
  });

  test('a replica that does not have a write is not to be counted', async () => {
    const { network, run, write, isWrong, client } = await pair();
    await write(1);
    await run(100);
    assert.deepEqual([isWrong(1, 0), isWrong(1, 1), isWrong(1, 2)], [false, false, true]);
    assert.equal(isWrong(1, 0, 1), true);
    assert.equal(await askOf(client, 'WAIT', '1', '0'), ':1\r\n');
    network.partition(MASTER, REPLICA);
    await write(2);
    await run(100);
    assert.deepEqual([isWrong(2, 0), isWrong(2, 1)], [false, true]);
    assert.equal(await askOf(client, 'WAIT', '1', '100'), ':0\r\n');
    network.heal(MASTER, REPLICA);
    assert.equal(await askOf(client, 'WAIT', '1', '0'), ':1\r\n');
    assert.equal(isWrong(2, 1), false);
  });
});
