import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { PausedClient } from '../fault/paused-client.ts';
import { type RealServer, startMemcached } from '../support/real-servers.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';

// Large values with others behind them: each client gets what it would have got alone, also one that
// takes nothing for a while.

const LIMIT = 1 << 18;
const SIZES = [100, 70_000, 200_000, 900_000];

for (const variant of VARIANTS) {
  describe(`large gets of several clients of memcached (${variant.label})`, () => {
    let server: RealServer;
    let ringway: TestRingway;
    const values = SIZES.map((size, i) => `${i}:`.padEnd(size, String.fromCharCode(97 + i)));
    const item = (key: string, value: string): string => {
      return `VALUE ${key} 0 ${value.length}\r\n${value}\r\n`;
    };
    const set = (key: string, value: string): string => {
      return `set ${key} 0 0 ${value.length}\r\n${value}\r\n`;
    };

    before(async () => {
      server = await startMemcached();
      const pool = { redis: false, servers: shards([server.port]), client_output_limit: LIMIT };
      ringway = await startInProcess(pool, variant);
      const client = new PausedClient(ringway.port);
      const sets = values.map((value, i) => set(`k${i}`, value)).join('');
      await client.gets(Buffer.from(sets), 'STORED\r\n'.length * SIZES.length);
      client.socket.destroy();
    });
    after(async () => {
      await ringway?.stop();
      await server?.stop();
    });

    test('random gets and sets of clients that pause', async () => {
      const step = fc.record({
        kind: fc.constantFrom('get', 'get', 'several', 'set', 'version'),
        key: fc.nat({ max: SIZES.length - 1 }),
      });
      const programs = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), {
        minLength: 2,
        maxLength: 5,
      });
      let round = 0;
      await fc.assert(
        fc.asyncProperty(programs, fc.constantFrom(0, 10, 50), async (all, pause) => {
          round++;
          const done = all.map(async (steps, who) => {
            const own = `own:${round}:${who}`;
            let written = '';
            let requests = set(own, '');
            let expected = 'STORED\r\n';
            for (const [i, { kind, key }] of steps.entries()) {
              if (kind === 'get') {
                requests += `get k${key}\r\nget ${own}\r\n`;
                expected += `${item(`k${key}`, values[key])}END\r\n${item(own, written)}END\r\n`;
              } else if (kind === 'several') {
                requests += `get k${key} none ${own} k0\r\n`;
                const items = [item(`k${key}`, values[key]), item(own, written)];
                expected += `${items.join('')}${item('k0', values[0])}END\r\n`;
              } else if (kind === 'set') {
                written = String(i).repeat(30_000);
                requests += set(own, written);
                expected += 'STORED\r\n';
              } else {
                requests += 'mn\r\n';
                expected += 'MN\r\n';
              }
            }
            const client = new PausedClient(ringway.port);
            client.socket.write(requests);
            const got = await client.readsAfter(pause * who, expected.length);
            assert.equal(got.toString('latin1') === expected, true);
          });
          await Promise.all(done);
        }),
        { numRuns: 20 },
      );
    });
  });
}
