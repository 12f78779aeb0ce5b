import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Sources } from './redis/replication.ts';
import { SimRedis } from './redis/sim-redis.ts';
import { type Step, transcriptOf } from './story.ts';
import { RealTrio, SimTrio } from './trios.ts';

// The simulated Redis follows and is followed as a real one: the same happens to three of each, and
// they say the same.

const ALL_FOLLOW_0 = ['master of 1 2', 'replica of 0, up', 'replica of 0, up'];
const ALL_FOLLOW_1 = ['replica of 1, up', 'master of 0 2', 'replica of 1, up'];

const WRITES: readonly Step[] = [
  { do: 'until', parts: ALL_FOLLOW_0 },
  { do: 'ask', server: 0, words: 'SET k 1' },
  { do: 'ask', server: 0, words: 'RPUSH list a b' },
  { do: 'await', server: 1, words: 'LRANGE list 0 -1', reply: '*2\r\n$1\r\na\r\n$1\r\nb\r\n' },
  { do: 'await', server: 2, words: 'GET k', reply: '$1\r\n1\r\n' },
  ...[
    ...['SET k 2', 'GET k', 'DEL k', 'WATCH k', 'MULTI', 'GET k', 'EXEC', 'MULTI', 'SET k 2'],
    ...['GET k', 'EXEC', 'MULTI', 'SET k 2', 'DISCARD', 'BLPOP list 1', 'FLUSHALL', 'PING'],
    ...['PUBLISH c m', 'SELECT 1', 'GET k', 'SET k 2', 'SELECT 0', 'nonsuch', 'SET k'],
  ].map((words): Step => ({ do: 'ask', server: 1, words })),
];

const PROMOTION: readonly Step[] = [
  { do: 'until', parts: ALL_FOLLOW_0 },
  { do: 'histories', of: [0] },
  { do: 'ask', server: 0, words: 'SET before 1' },
  { do: 'await', server: 1, words: 'GET before', reply: '$1\r\n1\r\n' },
  { do: 'ask', server: 1, words: 'REPLICAOF NO ONE' },
  { do: 'until', parts: ['master of 2', 'master of none', 'replica of 0, up'] },
  { do: 'histories', of: [0, 1] },
  // Both take writes now; who is told to follow throws away what it has taken.
  { do: 'ask', server: 0, words: 'SET lost 1' },
  { do: 'ask', server: 1, words: 'SET kept 1' },
  { do: 'await', server: 2, words: 'GET lost', reply: '$1\r\n1\r\n' },
  { do: 'ask', server: 2, words: 'REPLICAOF @1' },
  { do: 'until', parts: ['master of none', 'master of 2', 'replica of 1, up'] },
  { do: 'begin', server: 0, words: 'BLPOP queue 0' },
  { do: 'ask', server: 0, words: 'REPLICAOF @1' },
  // It is closed behind that.
  { do: 'end' },
  { do: 'end' },
  { do: 'until', parts: ALL_FOLLOW_1 },
  ...[0, 1, 2].flatMap((server): Step[] => [
    { do: 'ask', server, words: 'GET before' },
    { do: 'ask', server, words: 'GET lost' },
    { do: 'await', server, words: 'GET kept', reply: '$1\r\n1\r\n' },
  ]),
  // Again: it changes nothing.
  { do: 'ask', server: 1, words: 'REPLICAOF NO ONE' },
  { do: 'until', parts: ALL_FOLLOW_1 },
];

const KILLS: readonly Step[] = [
  { do: 'until', parts: ALL_FOLLOW_1 },
  { do: 'begin', server: 1, words: 'BLPOP queue 0' },
  { do: 'ask', server: 1, words: 'CLIENT KILL TYPE normal' },
  { do: 'end' },
  // Replicas stay.
  { do: 'until', parts: ALL_FOLLOW_1 },
  { do: 'ask', server: 1, words: 'SET k 3' },
  { do: 'await', server: 0, words: 'GET k', reply: '$1\r\n3\r\n' },
];

/** Back to whom the processes begin with. */
const BACK: readonly Step[] = [
  { do: 'until', parts: ALL_FOLLOW_1 },
  { do: 'ask', server: 0, words: 'REPLICAOF NO ONE' },
  { do: 'ask', server: 1, words: 'REPLICAOF @0' },
  { do: 'ask', server: 2, words: 'REPLICAOF @0' },
  { do: 'until', parts: ALL_FOLLOW_0 },
];

const DEATHS: readonly Step[] = [
  ...BACK,
  { do: 'kill', server: 0, keepsData: false },
  { do: 'until', parts: [null, 'replica of 0, down', 'replica of 0, down'] },
  { do: 'ask', server: 1, words: 'GET k' },
  { do: 'ask', server: 1, words: 'SET k 4' },
  { do: 'restart', server: 0 },
  { do: 'until', parts: ALL_FOLLOW_0 },
  // It came back without data, and its replicas have none either.
  ...[0, 1, 2].map((server): Step => ({ do: 'ask', server, words: 'GET k' })),
  { do: 'ask', server: 0, words: 'SET k 5' },
  { do: 'kill', server: 1, keepsData: false },
  { do: 'until', parts: ['master of 2', null, 'replica of 0, up'] },
  { do: 'restart', server: 1 },
  { do: 'until', parts: ALL_FOLLOW_0 },
  { do: 'await', server: 1, words: 'GET k', reply: '$1\r\n5\r\n' },
  { do: 'histories', of: [0] },
  { do: 'kill', server: 0, keepsData: true },
  { do: 'until', parts: [null, 'replica of 0, down', 'replica of 0, down'] },
  { do: 'restart', server: 0 },
  { do: 'until', parts: ALL_FOLLOW_0 },
  { do: 'ask', server: 0, words: 'GET k' },
  { do: 'histories', of: [0] },
];

const STANDSTILLS: readonly Step[] = [
  { do: 'until', parts: ALL_FOLLOW_0 },
  { do: 'still', server: 0 },
  { do: 'until', parts: [null, 'replica of 0, down', 'replica of 0, down'] },
  { do: 'ask', server: 1, words: 'GET k' },
  { do: 'goOn', server: 0 },
  { do: 'until', parts: ALL_FOLLOW_0 },
  { do: 'ask', server: 0, words: 'SET k 6' },
  { do: 'await', server: 2, words: 'GET k', reply: '$1\r\n6\r\n' },
  { do: 'still', server: 2 },
  { do: 'until', parts: ['master of 1', 'replica of 0, up', null] },
  { do: 'ask', server: 0, words: 'SET k 7' },
  { do: 'goOn', server: 2 },
  { do: 'until', parts: ALL_FOLLOW_0 },
  { do: 'await', server: 2, words: 'GET k', reply: '$1\r\n7\r\n' },
];

/** Written while a replica stands still. */
const LARGE = [
  ...['SET big #100000', 'RPUSH line #100000', 'RPUSH line #100000', 'RPUSH line #100000'],
  ...['MSET a #60000 b #60000', 'MULTI', 'SET m #100000', 'STRLEN m', 'EXEC', 'APPEND a #30000'],
  ...['INCR n', 'DEL big', 'LPOP line'],
];

const LAGS: readonly Step[] = [
  { do: 'until', parts: ALL_FOLLOW_0 },
  { do: 'still', server: 2 },
  ...LARGE.map((words): Step => ({ do: 'ask', server: 0, words })),
  { do: 'behind', server: 0, replica: 2, kib: 635 },
  { do: 'behind', server: 0, replica: 1, kib: 0 },
  { do: 'goOn', server: 2 },
  { do: 'behind', server: 0, replica: 2, kib: 0 },
  { do: 'ask', server: 2, words: 'STRLEN a' },
  { do: 'until', parts: ALL_FOLLOW_0 },
  { do: 'roles', of: [0, 1, 2] },
];

const WAITS: readonly Step[] = [
  { do: 'until', parts: ALL_FOLLOW_0 },
  ...[
    ...['WAIT 1', 'WAIT a 0', 'WAIT 1 a', 'WAIT 1 -1', 'WAIT 1.5 0', 'SET k 8', 'WAIT 2 0'],
    ...['WAIT 0 0', 'SET k 9', 'WAIT 3 1000', 'GET k'],
  ].map((words): Step => ({ do: 'ask', server: 0, words })),
  { do: 'ask', server: 1, words: 'WAIT 0 0' },
  { do: 'still', server: 2 },
  { do: 'ask', server: 0, words: 'SET k 10' },
  { do: 'ask', server: 0, words: 'WAIT 2 1000' },
  // Who has said nothing yet waits for nothing that others have written.
  { do: 'begin', server: 0, words: 'WAIT 2 0' },
  { do: 'end' },
  { do: 'goOn', server: 2 },
  { do: 'ask', server: 0, words: 'WAIT 2 0' },
  // Who waits is told when there is nothing to wait for any more, and closed.
  { do: 'begin', server: 0, words: 'WAIT 3 0' },
  { do: 'ask', server: 0, words: 'REPLICAOF @1' },
  { do: 'end' },
  { do: 'end' },
  { do: 'ask', server: 0, words: 'REPLICAOF NO ONE' },
  { do: 'until', parts: ALL_FOLLOW_0 },
];

const CHAINED = ['master of 1', 'replica of 0, up, followed by 2', 'replica of 1, up'];
const DOWN = "-NOMASTERLINK Can't SYNC while not connected with my master\r\n";

const CHAINS: readonly Step[] = [
  { do: 'until', parts: ALL_FOLLOW_0 },
  { do: 'ask', server: 2, words: 'REPLICAOF @1' },
  { do: 'until', parts: CHAINED },
  { do: 'ask', server: 0, words: 'SET k 11' },
  { do: 'await', server: 2, words: 'GET k', reply: '$2\r\n11\r\n' },
  { do: 'ask', server: 2, words: 'SET k 12' },
  { do: 'ask', server: 0, words: 'SET k 13' },
  { do: 'ask', server: 0, words: 'WAIT 2 1000' },
  { do: 'still', server: 2 },
  { do: 'ask', server: 0, words: 'SET big #100000' },
  { do: 'behind', server: 1, replica: 2, kib: 98 },
  { do: 'behind', server: 0, replica: 1, kib: 0 },
  { do: 'goOn', server: 2 },
  { do: 'behind', server: 1, replica: 2, kib: 0 },
  { do: 'roles', of: [0, 1, 2] },
  // Its replica stays when a replica has lost its master, and goes with it to other data.
  { do: 'kill', server: 0, keepsData: false },
  { do: 'until', parts: [null, 'replica of 0, down, followed by 2', 'replica of 1, up'] },
  { do: 'await', server: 1, words: 'PSYNC ? -1', reply: DOWN },
  { do: 'restart', server: 0 },
  { do: 'until', parts: CHAINED },
  { do: 'ask', server: 2, words: 'GET k' },
  { do: 'ask', server: 0, words: 'SET k 14' },
  { do: 'await', server: 2, words: 'GET k', reply: '$2\r\n14\r\n' },
  // The middle one is promoted, and follows again.
  { do: 'ask', server: 1, words: 'REPLICAOF NO ONE' },
  { do: 'until', parts: ['master of none', 'master of 2', 'replica of 1, up'] },
  { do: 'histories', of: [0, 1] },
  { do: 'ask', server: 1, words: 'SET k 15' },
  { do: 'await', server: 2, words: 'GET k', reply: '$2\r\n15\r\n' },
  { do: 'ask', server: 1, words: 'REPLICAOF @0' },
  { do: 'until', parts: CHAINED },
  { do: 'await', server: 2, words: 'GET k', reply: '$2\r\n14\r\n' },
  { do: 'ask', server: 2, words: 'REPLICAOF @0' },
  { do: 'until', parts: ALL_FOLLOW_0 },
];

const STORIES: readonly (readonly [what: string, story: readonly Step[]])[] = [
  ['what a master has written is on its replicas, which refuse writes', WRITES],
  [
    'a replica is promoted, the others follow it, and what only the old master had is lost',
    PROMOTION,
  ],
  ['clients are killed, replicas are not', KILLS],
  ['a master dies and comes back empty, a replica dies and comes back', DEATHS],
  ['who stands still is given up by the other side', STANDSTILLS],
  ['a replica that stands still is behind by what was written meanwhile', LAGS],
  ['WAIT counts replicas that have what was written', WAITS],
  ['a replica of a replica has what the master has', CHAINS],
];

describe('simulated masters and replicas', () => {
  let real: RealTrio;
  let simulated: SimTrio;
  before(async () => {
    real = await RealTrio.start(['--repl-timeout', '5']);
    const sources = new Sources();
    simulated = new SimTrio((world, network, options, master) => {
      return new SimRedis(world, network, options, { sources, master });
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
});
