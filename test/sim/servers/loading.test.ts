import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ordinary } from '../../differential/requests.ts';
import { type RealServer, startRedis } from '../../support/real-servers.ts';
import { waitFor } from '../../support/wait.ts';
import { Network } from '../net/network.ts';
import { World } from '../world/world.ts';
import { type Asker, askOf, RealAsker, SimAsker } from './askers.ts';
import { KNOWN_COMMANDS } from './redis/execute.ts';
import { SimRedis } from './redis/sim-redis.ts';

// A simulated Redis that loads refuses what a real one refuses while it reads its file.

const KEYS = '4000';
const SLOW = [
  ...['--enable-debug-command', 'yes', '--loading-process-events-interval-bytes', '1024'],
  // Microseconds for each key of the file.
  ...['--key-load-delay', '5000'],
];
const LEAVES = /^(QUIT|RESET|CLIENT|P?S?(UN)?SUBSCRIBE)$/;
const OF_LOADING = /^-LOADING Redis is loading the dataset in memory\r\n$/;

const SAMPLES = ordinary.filter(({ words: [name] }) => {
  return KNOWN_COMMANDS.includes(name.toUpperCase()) && !LEAVES.test(name.toUpperCase());
});
/** What comes of a transaction, and of one that has been refused in part. */
const MORE = ['MULTI', 'GET a', 'EXEC', 'MULTI', 'PING', 'EXEC', 'MULTI', 'EXEC'];

/** Of each request whether it is refused, and what transactions are answered. */
async function refusals(asker: Asker): Promise<string[]> {
  const requests = SAMPLES.filter(({ words: [name] }) => !/^(MULTI|EXEC)$/i.test(name));
  for (const { words } of requests) asker.send(...words);
  for (const words of MORE) asker.send(...words.split(' '));
  const answers: string[] = [];
  for (const { text } of requests) {
    const isRefused = OF_LOADING.test(await asker.next());
    answers.push(`${text}: ${isRefused ? 'refused' : 'answered'}`);
  }
  for (const words of MORE) answers.push(`${words}: ${await asker.next()}`);
  return answers;
}

async function isLoading(asker: Asker): Promise<boolean> {
  return (await askOf(asker, 'INFO', 'persistence')).includes('\nloading:1');
}

describe('a simulated Redis that loads', () => {
  let server: RealServer;
  before(async () => {
    server = await startRedis({ args: SLOW });
  });
  after(() => server?.stop());

  test('refuses what a real one refuses', async (t) => {
    const [loader, asker] = [new RealAsker(server.port), new RealAsker(server.port)];
    t.after(() => {
      loader.close();
      asker.close();
    });
    assert.equal(await askOf(loader, 'DEBUG', 'POPULATE', KEYS), '+OK\r\n');
    loader.send('DEBUG', 'RELOAD');
    await waitFor('it to load', () => isLoading(asker));
    const expected = await refusals(asker);
    assert.ok(await isLoading(asker), 'it was loading all the time');
    assert.ok(expected.some((each) => each.endsWith('refused')));

    const world = new World(1, false);
    const network = new Network(world, true);
    const options = { name: 'redis0', address: '10.0.1.1', port: 6379 };
    const simulated = new SimRedis(world, network, options);
    simulated.start();
    simulated.loading = true;
    const loop = world.process('asker');
    network.place(loop, '10.0.9.1');
    const other = new SimAsker(world, network, loop, { host: options.address, port: options.port });
    assert.deepEqual(await refusals(other), expected);
  });
});
