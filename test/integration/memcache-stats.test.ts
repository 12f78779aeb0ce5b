import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFakeMemcached } from '../memcache/fake-memcached.ts';
import { ask, startPool } from '../memcache/fake-pool.ts';
import { send } from '../support/fake-server.ts';

const REFUSED = 'SERVER_ERROR Connection refused\r\n';

test('stats servers labels what each says', async () => {
  const a = await startFakeMemcached(() => send('STAT pid 5\r\nSTAT x y z\r\nEND\r\n'));
  const ringway = await startPool([a, null]);
  const reply = await ask(ringway, 'stats servers\r\n');
  const lines = 'STAT s1:pid 5\r\nSTAT s1:x y z\r\n';
  assert.equal(reply, `${lines}STAT s2:error ${REFUSED}END\r\n`);
  await ask(ringway, 'stats servers items\r\n');
  assert.equal(a.received[1].toString(), 'stats items\r\n');
  assert.equal(await ask(ringway, 'stats servers detail on\r\n'), 'ERROR\r\n');
  await ringway.stop();
  await a.stop();
});

test('stats are the sums of those that answer, with the version that `version` has', async () => {
  const fakes = await Promise.all(
    ['5', '7'].map((hits) => {
      const stats = `STAT pid 1\r\nSTAT version 1.6.9\r\nSTAT get_hits ${hits}\r\nEND\r\n`;
      return startFakeMemcached((line) => {
        return send(String(line).startsWith('stats reset') ? 'RESET\r\n' : stats);
      });
    }),
  );
  const ringway = await startPool([...fakes, null]);
  const reply = await ask(ringway, 'stats\r\n');
  assert.match(reply, /^STAT pid \d+\r\n/);
  assert.match(reply, /\r\nSTAT version 1\.6\.9\r\n/);
  assert.match(reply, /\r\nSTAT get_hits 12\r\n/);
  assert.match(reply, /\r\nSTAT s3:server_err \d+\r\n/);
  assert.match(await ask(ringway, 'stats items\r\n'), /^STAT pid 2\r\n(STAT [^\r]*\r\n)+END/);
  assert.equal(
    await ask(ringway, 'stats settings\r\n'),
    'STAT pid 1\r\nSTAT version 1.6.9\r\nEND\r\n',
  );
  assert.match(await ask(ringway, 'stats conns\r\n'), /^STAT \d+:addr tcp:127\.0\.0\.1:\d+\r$/m);
  assert.equal(await ask(ringway, 'stats reset\r\n'), REFUSED);
  await ringway.stop();
  await Promise.all(fakes.map((fake) => fake.stop()));
});
