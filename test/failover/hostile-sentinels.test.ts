import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type FakeMasterServer, startFakeMaster } from '../support/fake-master.ts';
import { bulks, type FakeSentinel, startFakeSentinel } from '../support/fake-sentinel.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

const PROMOTION = '+failover-state-send-slaveof-noone';

/** What the hostile one of three sentinels says; undefined = what a sentinel says. */
type Answer = (words: readonly string[]) => string | undefined;

interface Setting {
  readonly master: FakeMasterServer;
  readonly replica: FakeMasterServer;
  readonly hostile: FakeSentinel;
  readonly honest: readonly FakeSentinel[];
  readonly ringway: TestRingway;
  readonly client: RespClient;
  /** All sentinels say from now on that the replica is the master. */
  promote(): void;
}

async function withSentinels(
  answer: Answer,
  run: (setting: Setting) => Promise<void>,
): Promise<void> {
  const master = await startFakeMaster();
  const replica = await startFakeMaster();
  replica.isMaster = false;
  const facts = { port: master.port, epoch: 1, replicas: [replica.port] };
  const hostile = await startFakeSentinel({ cache: facts }, answer);
  const honest = await Promise.all([1, 2].map(() => startFakeSentinel({ cache: { ...facts } })));
  const all = [hostile, ...honest];
  const ringway = await startInProcess({
    servers: [`127.0.0.1:${master.port}:1 cache`],
    sentinels: all.map(({ port }) => `127.0.0.1:${port}`),
  });
  const client = await RespClient.open(ringway.port);
  const promote = (): void => {
    replica.isMaster = true;
    for (const { masters } of honest) {
      masters.set('cache', { port: replica.port, epoch: 2, replicas: [master.port] });
    }
    const text = `cache 127.0.0.1 ${master.port} 127.0.0.1 ${replica.port}`;
    for (const each of honest) each.publish('+switch-master', text);
  };
  try {
    await waitFor('the sentinels to be asked', () =>
      all.every(({ server }) => server.connections >= 2),
    );
    await run({ master, replica, hostile, honest, ringway, client, promote });
  } finally {
    client.close();
    await ringway.stop();
    await Promise.all([...all.map((each) => each.stop()), master.server.stop()]);
    await replica.server.stop();
  }
}

/** The pool works, and goes on when the honest ones say so. */
async function worksAndMoves({ client, master, replica, promote }: Setting): Promise<void> {
  assert.equal(await client.text('SET', 'a', 1), 'OK');
  assert.deepEqual(master.asked, ['SET a 1']);
  promote();
  await waitFor('the move', async () => {
    await client.text('SET', 'a', 2);
    return replica.asked.length > 0;
  });
}

const HOSTILE: readonly (readonly [what: string, answer: Answer])[] = [
  ['says nothing', () => ''],
  ['talks HTTP', () => 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['says more than it was asked', () => '+PONG\r\n+PONG\r\n+PONG\r\n'],
  ['sends a line without an end', () => 'x'.repeat(1 << 20)],
  [
    'sends a list without an end',
    ([word]) => (word === 'SENTINEL' ? `*60000\r\n${':1\r\n'.repeat(1000)}` : undefined),
  ],
  ['nests its lists', ([word]) => (word === 'SENTINEL' ? '*1\r\n'.repeat(1000) : undefined)],
  ['knows no master', ([word]) => (word === 'SENTINEL' ? '-ERR No such master\r\n' : undefined)],
  ['refuses everything', () => '-NOPERM this user has no permissions\r\n'],
  [
    'names a server that is none, at an epoch that none has',
    ([, word]) => {
      if (word === 'GET-MASTER-ADDR-BY-NAME') return bulks('127.0.0.1', '1');
      return word === 'MASTER' ? bulks('config-epoch', '999999') : undefined;
    },
  ],
  [
    'has impossible facts',
    ([, word]) => {
      if (word === 'GET-MASTER-ADDR-BY-NAME') return bulks('../../etc/passwd', '0x50');
      return word === 'MASTER' ? bulks('config-epoch', '-1') : undefined;
    },
  ],
];

describe('one of three sentinels is hostile', () => {
  for (const [what, answer] of HOSTILE) {
    test(`it ${what}`, () => {
      return withSentinels(answer, async (setting) => {
        await worksAndMoves(setting);
        const told = setting.ringway.log.filter((line) => line.includes('sentinel 127.0.0.1'));
        assert.ok(told.length <= 2, told.join('\n'));
      });
    });
  }

  test('it publishes what nobody asked for, and a lot of it', () => {
    return withSentinels(
      () => undefined,
      async (setting) => {
        const { hostile, master, replica, ringway } = setting;
        const evil = await startFakeMaster();
        for (let i = 0; i < 2000; i++) {
          hostile.publish('+switch-master', `other 127.0.0.1 1 127.0.0.1 ${evil.port}`);
          hostile.publish('+switch-master', `cache 127.0.0.1 1 127.0.0.1 ${evil.port}`);
          hostile.publish(PROMOTION, `slave x 127.0.0.1 ${evil.port} @ cache 127.0.0.1 1`);
          hostile.publish(PROMOTION, 'slave x');
          hostile.publish('+sdown', `master cache 127.0.0.1 ${master.port}`);
        }
        await worksAndMoves(setting);
        assert.equal(evil.server.connections, 0, 'nobody has talked to the server it names');
        assert.ok(ringway.log.length < 60, `${ringway.log.length} lines`);
        assert.ok(replica.asked.length > 0);
        await evil.server.stop();
      },
    );
  });

  test('it announces that an old master which is back was promoted: nothing goes there', () => {
    return withSentinels(
      () => undefined,
      async ({ hostile, client, master, replica }) => {
        // As for ten seconds after it was started, until the sentinels make it a replica.
        replica.isMaster = true;
        assert.equal(await client.text('SET', 'a', 1), 'OK');
        const where = `127.0.0.1 ${replica.port} @ cache 127.0.0.1 ${master.port}`;
        hostile.publish(PROMOTION, `slave r ${where}`);
        await waitFor('it to be asked for its role', () => replica.server.connections > 0);
        assert.equal(await client.text('SET', 'a', 2), 'OK');
        assert.deepEqual(master.asked, ['SET a 1', 'SET a 2']);
        assert.deepEqual(replica.asked, []);
      },
    );
  });

  test('it announces a promotion that does not come: requests wait, then go on, once', () => {
    return withSentinels(
      () => undefined,
      async ({ hostile, client, master, replica, ringway }) => {
        const announce = (): void => {
          const where = `127.0.0.1 ${replica.port} @ cache 127.0.0.1 ${master.port}`;
          hostile.publish(PROMOTION, `slave r ${where}`);
        };
        assert.equal(await client.text('SET', 'a', 1), 'OK');
        announce();
        await waitFor('the replica to be asked for its role', () => {
          return replica.server.connections > 0;
        });
        assert.equal(await client.text('SET', 'a', 2), 'OK');
        assert.deepEqual(master.asked, ['SET a 1', 'SET a 2']);
        assert.deepEqual(replica.asked, []);
        assert.match(ringway.log.join('\n'), /is not taken for the master: it was announced/);
        const before = replica.server.connections;
        announce();
        await delay(100);
        assert.equal(await client.text('SET', 'a', 3), 'OK');
        assert.equal(replica.server.connections, before, 'it is not believed again');
      },
    );
  });
});
