import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis } from '../../support/real-servers.ts';
import { encodeRequest } from '../../support/resp-client.ts';
import { delay, waitFor } from '../../support/wait.ts';
import { Network } from '../net/network.ts';
import { type Asker, askOf, RealAsker, SimAsker } from '../servers/askers.ts';
import { type Step, transcriptOf } from '../servers/story.ts';
import { RealTrio, SimTrio } from '../servers/trios.ts';
import { World } from '../world/world.ts';
import { FencedServer } from './fenced-server.ts';

// The servers of the worlds in which proxies promote count their replicas, refuse writes and go on
// with histories as real ones do.

const FENCE = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '1'];
const PAUSE_MS = 25;
/** Before it is given up that a write is answered otherwise. */
const LOOKS = 1_200;
const OK = '+OK\r\n';
const NO_REPLICAS = '-NOREPLICAS Not enough good replicas to write.\r\n';
const READONLY = "-READONLY You can't write against a read only replica.\r\n";

const ALL_FOLLOW_0 = ['master of 1 2', 'replica of 0, up', 'replica of 0, up'];
const ALL_FOLLOW_1 = ['replica of 1, up', 'master of 0 2', 'replica of 1, up'];

function writes(server: number, reply: string): Step {
  return { do: 'await', server, words: 'SET k 1', reply };
}

const SILENCE: readonly Step[] = [
  { do: 'until', parts: ALL_FOLLOW_0 },
  writes(0, OK),
  writes(1, READONLY),
  { do: 'histories', of: [0, 1, 2] },
  { do: 'still', server: 1 },
  { do: 'still', server: 2 },
  writes(0, NO_REPLICAS),
  { do: 'goOn', server: 1 },
  writes(0, OK),
  { do: 'goOn', server: 2 },
  writes(0, OK),
  { do: 'until', parts: ALL_FOLLOW_0 },
];

const PROMOTION: readonly Step[] = [
  { do: 'until', parts: ALL_FOLLOW_0 },
  writes(0, OK),
  { do: 'histories', of: [0, 1, 2] },
  // In one transaction, as proxies say it.
  { do: 'ask', server: 1, words: 'MULTI' },
  { do: 'ask', server: 1, words: 'REPLICAOF NO ONE' },
  { do: 'ask', server: 1, words: 'EXEC' },
  writes(1, NO_REPLICAS),
  { do: 'until', parts: ['master of 2', 'master of none', 'replica of 0, up'] },
  { do: 'histories', of: [0, 1, 2] },
  writes(0, OK),
  { do: 'ask', server: 2, words: 'REPLICAOF @1' },
  { do: 'until', parts: ['master of none', 'master of 2', 'replica of 1, up'] },
  writes(1, OK),
  { do: 'histories', of: [0, 1] },
  writes(0, NO_REPLICAS),
  { do: 'ask', server: 0, words: 'REPLICAOF @1' },
  { do: 'until', parts: ALL_FOLLOW_1 },
  { do: 'histories', of: [1] },
  writes(0, READONLY),
  // Told again, it stays what it is.
  { do: 'ask', server: 1, words: 'REPLICAOF NO ONE' },
  writes(1, OK),
];

const DEATHS: readonly Step[] = [
  { do: 'until', parts: ALL_FOLLOW_1 },
  // Back to whom the processes begin with.
  { do: 'ask', server: 0, words: 'REPLICAOF NO ONE' },
  { do: 'ask', server: 1, words: 'REPLICAOF @0' },
  { do: 'ask', server: 2, words: 'REPLICAOF @0' },
  { do: 'until', parts: ALL_FOLLOW_0 },
  writes(0, OK),
  { do: 'histories', of: [0] },
  { do: 'kill', server: 0, keepsData: true },
  { do: 'until', parts: [null, 'replica of 0, down', 'replica of 0, down'] },
  writes(1, READONLY),
  { do: 'restart', server: 0 },
  { do: 'until', parts: ALL_FOLLOW_0 },
  writes(0, OK),
  { do: 'histories', of: [0] },
  { do: 'kill', server: 2, keepsData: true },
  { do: 'until', parts: ['master of 1', null, null] },
  { do: 'restart', server: 2 },
  { do: 'until', parts: ALL_FOLLOW_0 },
  writes(0, OK),
];

const STORIES: readonly (readonly [what: string, story: readonly Step[]])[] = [
  ['a master whose replicas say nothing refuses writes until one does', SILENCE],
  ['a replica is promoted, and the others follow it', PROMOTION],
  ['a master dies and comes back with its data, and so does a replica', DEATHS],
];

/** A master that is followed by what a test makes of it. */
interface Followed {
  open(): Asker;
  /** @returns who says once that it is there, each time that it is asked to */
  follow(): Promise<{ ack(): void; leave(): void }>;
  pause(): Promise<void>;
}

function realMaster({ port }: RealServer): Followed {
  const open = (): Asker => new RealAsker(port);
  let count = 0;
  return {
    open,
    follow: async () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.resume();
      socket.write(encodeRequest('PSYNC', '?', '-1'));
      count++;
      const asker = open();
      await waitFor('the replica', async () => {
        const info = await askOf(asker, 'INFO', 'replication');
        return (info.match(/state=online/g)?.length ?? 0) === count;
      });
      asker.close();
      const ack = (): void => void socket.write(encodeRequest('REPLCONF', 'ACK', '0'));
      return { ack, leave: () => void socket.end() };
    },
    pause: () => delay(PAUSE_MS),
  };
}

function simulatedMaster(): Followed {
  const world = new World(1, false);
  const network = new Network(world, true);
  const at = { host: '10.0.1.1', port: 6379 };
  new FencedServer(world, network, 'm0', at.host, null).start();
  const loop = world.process('asker');
  network.place(loop, '10.0.9.1');
  const open = (): SimAsker => new SimAsker(world, network, loop, at);
  const pause = (): Promise<void> => world.run(world.micros + PAUSE_MS * 1000);
  return {
    open,
    follow: async () => {
      const asker = open();
      await askOf(asker, 'SYNC');
      return { ack: () => asker.send('SYNC'), leave: () => asker.close() };
    },
    pause,
  };
}

/** Each answer to a write that differs from the one before, while replicas come and go. */
async function fenceOf(master: Followed): Promise<string[]> {
  const asker = master.open();
  const answers: string[] = [];
  const until = async (wanted: string, meanwhile: () => void = () => {}): Promise<void> => {
    for (let i = 0; i < LOOKS; i++) {
      meanwhile();
      const reply = await askOf(asker, 'SET', 'k', '1');
      if (reply !== answers.at(-1)) answers.push(reply);
      if (reply === wanted) return;
      await master.pause();
    }
  };
  await until(NO_REPLICAS);
  const [a, b] = [await master.follow(), await master.follow()];
  await until(OK, () => a.ack());
  await until(NO_REPLICAS);
  // What they had said before they left is heard late: the one that has not left yet counts.
  b.ack();
  a.ack();
  a.leave();
  await until(OK);
  await until(NO_REPLICAS);
  b.leave();
  asker.close();
  return answers;
}

describe('the servers of worlds in which proxies promote', () => {
  let real: RealTrio;
  let simulated: SimTrio;
  before(async () => {
    real = await RealTrio.start(FENCE);
    simulated = new SimTrio((world, network, { name, address }, master) => {
      return new FencedServer(world, network, name, address, master);
    });
  });
  after(() => real?.stop());

  // Each goes on where the one before has ended.
  for (const [what, story] of STORIES) {
    test(what, async () => {
      const expected = await transcriptOf(real, story);
      assert.deepEqual(await transcriptOf(simulated, story), expected);
    });
  }

  test('what replicas said before they left counts when it comes', async (t) => {
    const server = await startRedis({ args: FENCE });
    t.after(() => server.stop());
    const expected = await fenceOf(realMaster(server));
    assert.deepEqual(expected, [NO_REPLICAS, OK, NO_REPLICAS, OK, NO_REPLICAS]);
    assert.deepEqual(await fenceOf(simulatedMaster()), expected);
  });
});
