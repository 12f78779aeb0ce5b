import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { PausedClient } from '../fault/paused-client.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';

// Large replies with others behind them, on any path that they take: each client gets what it would
// have got alone.

const LIMIT = 1 << 18;
const SIZES = [100, 70_000, 200_000, 900_000];
const bulk = (value: string): string => `$${value.length}\r\n${value}\r\n`;

for (const variant of VARIANTS) {
  describe(`large reads of several clients (${variant.label})`, () => {
    let servers: RealServer[] = [];
    let ringway: TestRingway;
    const values = SIZES.map((size, i) => `${i}:`.padEnd(size, String.fromCharCode(97 + i)));

    before(async () => {
      servers = await startRedisSet(1);
      ringway = await startInProcess(
        { servers: shards(servers.map(({ port }) => port)), client_output_limit: LIMIT },
        variant,
      );
      const client = await RespClient.open(ringway.port);
      for (const [i, value] of values.entries()) {
        await client.text('SET', `k${i}`, value);
        await client.text(
          'RPUSH',
          `l${i}`,
          ...Array.from({ length: 9 }, () => value.slice(0, 150_000)),
        );
      }
      client.close();
    });
    after(async () => {
      await ringway?.stop();
      await Promise.all(servers.map((server) => server.stop()));
    });

    test('random reads and writes of clients that pause', async () => {
      const step = fc.record({
        kind: fc.constantFrom('get', 'get', 'list', 'several', 'set', 'ping'),
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
          const done = all.map((steps, who) => {
            const own = `own:${round}:${who}`;
            let written = '';
            const requests = [encodeRequest('SET', own, '')];
            let expected = '+OK\r\n';
            for (const [i, { kind, key }] of steps.entries()) {
              if (kind === 'get') {
                requests.push(encodeRequest('GET', `k${key}`), encodeRequest('GET', own));
                expected += bulk(values[key]) + bulk(written);
              } else if (kind === 'list') {
                requests.push(encodeRequest('LRANGE', `l${key}`, '0', '-1'));
                expected += `*9\r\n${bulk(values[key].slice(0, 150_000)).repeat(9)}`;
              } else if (kind === 'several') {
                requests.push(encodeRequest('MGET', `k${key}`, 'none', own, 'k0'));
                expected += `*4\r\n${bulk(values[key])}$-1\r\n${bulk(written)}${bulk(values[0])}`;
              } else if (kind === 'set') {
                written = String(i).repeat(30_000);
                requests.push(encodeRequest('SET', own, written));
                expected += '+OK\r\n';
              } else {
                requests.push(encodeRequest('PING'));
                expected += '+PONG\r\n';
              }
            }
            const client = new PausedClient(ringway.port);
            client.socket.write(Buffer.concat(requests));
            return client.readsAfter(pause * who, expected.length).then((got) => {
              assert.equal(got.toString('latin1') === expected, true);
            });
          });
          await Promise.all(done);
        }),
        { numRuns: 20 },
      );
    });
  });
}
