import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ALL, Looker } from '../../../src/commands/top/look.ts';
import { type Ringway, start } from '../../../src/index.ts';
import type { Status } from '../../../src/stats/http/status.ts';

const POOLS = 30;
const SERVERS = 200;
const SCREEN = { sort: 'name', pool: '', servers: 40, server: '' } as const;

describe('a look of top at many pools with many servers', () => {
  let ringway: Ringway;
  let queries: string[] = [];
  let bytes = 0;

  before(async () => {
    const servers = (pool: number) =>
      Array.from({ length: SERVERS }, (_, i) => `127.0.0.1:${i + 1}:1 node-${pool}-${i}`);
    const pools = Array.from({ length: POOLS }, (_, i) => [
      `pool ${i} &=+`,
      { listen: '127.0.0.1:0', redis: true, servers: servers(i) },
    ]);
    ringway = await start({
      pools: Object.fromEntries(pools),
      http: { host: '127.0.0.1', port: 0 },
      log: { level: -1, write: () => {} },
    });
  });
  after(() => ringway?.stop());

  async function ask(query: string): Promise<Status> {
    queries.push(query);
    const text = await (await fetch(`${ringway.http}status.json?${query}`)).text();
    bytes += text.length;
    return JSON.parse(text) as Status;
  }

  function looker(only: string | null = null): Looker {
    queries = [];
    bytes = 0;
    return new Looker(ask, only);
  }

  const openOf = ({ pools }: Status) => pools.filter(({ open }) => open);

  test('asks for one line of each pool, and for those servers of one that are seen', async () => {
    const looks = looker();
    await looks.look(SCREEN);
    await looks.look(SCREEN);
    assert.equal(queries.length, 3, 'only the first look has to find out which pool is the first');
    const [pool] = openOf(await looks.look({ ...SCREEN, pool: 'pool 7 &=+' }));
    assert.equal(pool.name, 'pool 7 &=+');
    assert.equal(pool.servers.length, 40);
    assert.equal(queries.length, 4);
    assert.ok(bytes / queries.length < 60_000, `${bytes} bytes in ${queries.length} answers`);
    const everything = (await (await fetch(`${ringway.http}status.json`)).text()).length;
    assert.ok(everything > 2_000_000, String(everything));
  });

  test('processor time is of the process that answers, also behind a restart', async () => {
    const times = [
      { startedAt: 1000, now: 11_000, cpuSeconds: 5 },
      { startedAt: 1000, now: 12_000, cpuSeconds: 5.25 },
      { startedAt: 20_000, now: 24_000, cpuSeconds: 1 },
    ];
    let nth = 0;
    const looks = new Looker(async (query) => ({ ...(await ask(query)), ...times[nth] }), null);
    const seen: number[] = [];
    for (nth = 0; nth < times.length; nth++) {
      await looks.look({ ...SCREEN, pool: 'pool 7 &=+' });
      seen.push(looks.cpu);
    }
    assert.deepEqual(seen, [50, 25, 25]);
  });

  test('a server far down is seen with its neighbours', async () => {
    const wish = { ...SCREEN, pool: 'pool 3 &=+', server: 'node-3-9' };
    const [pool] = openOf(await looker().look(wish));
    const names = pool.servers.map(({ name }) => name);
    assert.equal(pool.serversBefore, SERVERS - 11 - 40, 'by name ten are behind it');
    assert.equal(names.at(-1), 'node-3-99');
    assert.ok(names.includes('node-3-9'));
    const [first] = openOf(await looker().look({ ...wish, server: 'gone' }));
    assert.equal(first.serversBefore, 0);
  });

  test('a pool that is gone leaves the first one', async () => {
    const status = await looker().look({ ...SCREEN, pool: 'gone' });
    assert.deepEqual(
      openOf(status).map(({ name }) => name),
      ['pool 0 &=+'],
    );
  });

  test('one pool only: all of it, in the order of the file, and nothing of the others', async () => {
    const looks = looker('pool 5 &=+');
    const { pools } = await looks.everything();
    assert.deepEqual(
      pools.map(({ name, servers }) => [name, servers.map(({ index }) => index)]),
      [['pool 5 &=+', Array.from({ length: SERVERS }, (_, i) => i)]],
    );
    assert.equal((await looks.look(ALL)).pools[0].servers.length, SERVERS);
    assert.ok(bytes / 2 < 200_000, String(bytes));
    await assert.rejects(
      looker('nope').everything(),
      /no pool "nope"; the pools are pool 0 &=\+, /,
    );
  });

  test('what a processor had to do: since the start, then since the last look', async () => {
    const figures = (cpuSeconds: number, now: number) =>
      ({ cpuSeconds, now, startedAt: 1_000, pools: [] }) as unknown as Status;
    const answers = [figures(2, 11_000), figures(3, 13_000)];
    const looks = new Looker(() => Promise.resolve(answers.shift() as Status), null);
    await looks.look(ALL);
    assert.equal(looks.cpu, 20);
    await looks.look(ALL);
    assert.equal(looks.cpu, 50);
  });
});
