import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ordinary } from '../../differential/requests.ts';
import { type RealServer, startRedis } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { command, type SentinelSet, settled, startSentinelSet } from '../../support/sentinels.ts';
import { waitFor } from '../../support/wait.ts';
import type { Case } from '../cases/case.ts';
import { Shards } from '../cases/ha/shards.ts';
import { ReplyStream } from '../clients/reply-stream.ts';
import { encode } from '../clients/requests.ts';
import { Network } from '../net/network.ts';
import { World } from '../world/world.ts';
import { addressText } from './ask-link.ts';
import { KNOWN_COMMANDS } from './redis/execute.ts';
import { isWrite } from './redis/role.ts';

// The simulated sentinels publish what real ones do, in their order, and the simulated replicas
// refuse what real ones refuse.

/** What happens to a sentinel's other instances, and when, is not part of a failover. */
const OTHERS = /^\+(sentinel|slave|slave-reconf-.*|monitor|reboot|fix-slave-config)$|^[+-]sdown$/;

/** Types of what a real sentinel publishes until a failover is over. */
async function realEvents({ port }: RealServer, begin: () => Promise<unknown>): Promise<string[]> {
  const socket = connect(port, '127.0.0.1');
  const stream = new ReplyStream();
  const types: string[] = [];
  let subscribed = false;
  socket.on('data', (chunk: Buffer) => {
    stream.add(chunk);
    for (let reply = stream.next(); reply !== null; reply = stream.next()) {
      if (reply.kind !== 'array') continue;
      const words = reply.items.map((each) => (each.kind === 'bulk' ? String(each.bytes) : ''));
      if (words[0] === 'psubscribe') subscribed = true;
      else types.push(words[2]);
    }
  });
  socket.write(encode(['PSUBSCRIBE', '*']));
  try {
    await waitFor('the subscription', () => subscribed);
    await begin();
    await waitFor('the end of the failover', () => types.includes('+switch-master'), 30_000);
  } finally {
    socket.destroy();
  }
  return types.filter((type) => !OTHERS.test(type));
}

/** A master, its replica and three sentinels, at rest. */
async function simulated(): Promise<{ world: World; network: Network; shards: Shards }> {
  const world = new World(1, false);
  const network = new Network(world, true);
  const given = { servers: 1, availability: { replicas: 1, downAfterMs: 1_000 } };
  const shards = new Shards(world, network, given as Case, null);
  shards.start();
  await world.run(20_000_000, () => shards.settled);
  return { world, network, shards };
}

async function simulatedEvents(): Promise<string[]> {
  const { world, shards } = await simulated();
  const [leader] = shards.sentinels;
  const types: string[] = [];
  leader.onEvent = (type) => void types.push(type);
  const [master] = leader.monitored.values();
  // It has to have asked the replica once.
  await world.run(world.micros + 12_000_000);
  assert.equal(leader.forceFailover(master), null);
  await world.run(world.micros + 30_000_000, () => types.includes('+switch-master'));
  return types.filter((type) => !OTHERS.test(type));
}

describe('simulated sentinels', () => {
  let set: SentinelSet;
  before(async () => {
    set = await startSentinelSet({ replicas: 1, sentinels: 1 });
  });
  after(() => set.stop());

  test('the one that leads a failover publishes what a real one does', async () => {
    await settled(set);
    const [sentinel] = set.sentinels;
    const begin = () => command(sentinel.port, 'SENTINEL', 'FAILOVER', 'shard1');
    const expected = await realEvents(sentinel, begin);
    assert.deepEqual(await simulatedEvents(), expected);
  });

  test('know the server that they have promoted when they are killed before the end', async () => {
    const { world, shards } = await simulated();
    const [leader] = shards.sentinels;
    const [master] = leader.monitored.values();
    await world.run(world.micros + 12_000_000);
    leader.forceFailover(master);
    const isPromoted = (): boolean => master.failover?.state === 'reconf-slaves';
    await world.run(world.micros + 30_000_000, isPromoted);
    const { current } = master;
    leader.crash();
    leader.start();
    assert.deepEqual([master.failover, master.master.address], [null, current]);
    await world.run(world.micros + 60_000_000, () => shards.settled);
    assert.equal(shards.settled, true);
  });

  test('forget with +switch-master what servers said of themselves before', async () => {
    const { world, shards } = await simulated();
    const [leader, other] = shards.sentinels;
    const [monitored] = other.monitored.values();
    const { address } = monitored.master;
    await world.run(world.micros + 12_000_000);
    const [master] = leader.monitored.values();
    assert.equal(leader.forceFailover(master), null);
    const types: string[] = [];
    other.onEvent = (type) => void types.push(type);
    await world.run(world.micros + 30_000_000, () => types.includes('+switch-master'));
    // It was a master for long: that it is one still is news of it as a replica.
    const back = monitored.replicas.get(addressText(address));
    assert.deepEqual([back?.info, types.includes('-role-change')], [null, false]);
    const switchedAt = world.micros;
    await world.run(world.micros + 30_000_000, () => types.includes('+convert-to-slave'));
    assert.ok(types.indexOf('-role-change') < types.indexOf('+convert-to-slave'), types.join());
    assert.ok(world.micros - switchedAt > 8_000_000, `${world.micros - switchedAt}`);
  });
});

describe('simulated replicas', () => {
  let replica: RealServer;
  before(async () => {
    // Its master is nowhere: it is a replica all the same.
    replica = await startRedis({ args: ['--replicaof', '127.0.0.1', '1'] });
  });
  after(() => replica.stop());

  test('refuse what a real one refuses', async () => {
    const client = await RespClient.open(replica.port);
    try {
      for (const { words, text } of ordinary) {
        const name = words[0].toUpperCase();
        if (!KNOWN_COMMANDS.includes(name) || /^(QUIT|RESET|MULTI|EXEC)$/.test(name)) continue;
        const reply = await client.text(...words).catch((error: Error) => error.message);
        assert.equal(/^READONLY /.test(String(reply)), isWrite(name), text);
      }
    } finally {
      client.close();
    }
  });
});
