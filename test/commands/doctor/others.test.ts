import assert from 'node:assert/strict';
import { getServers, setServers } from 'node:dns';
import { after, before, describe, type TestContext, test } from 'node:test';
import { freePort } from '../../support/free-port.ts';
import { NameServer } from '../../support/name-server.ts';
import { type RealServer, startRedis } from '../../support/real-servers.ts';
import { type SentinelSet, settled, startSentinelSet } from '../../support/sentinels.ts';
import { has, look } from './looks.ts';

const list = (key: string, lines: readonly string[]): string[] => [
  `${key}:`,
  ...lines.map((line) => `  - ${line}`),
];

/** A name server that this process asks until the test is over. */
async function askedNames(t: TestContext): Promise<NameServer> {
  const names = new NameServer();
  const usual = getServers();
  setServers([await names.open()]);
  t.after(() => {
    setServers(usual);
    names.close();
  });
  return names;
}

describe('ringway doctor looks at who else a pool needs', () => {
  let set: SentinelSet;
  let plain: RealServer;
  before(async () => {
    set = await startSentinelSet({ replicas: 1 });
    plain = await startRedis({
      args: ['--requirepass', 'pw', '--maxmemory-policy', 'allkeys-lru'],
    });
    await settled(set);
  });
  after(async () => {
    await set?.stop();
    await plain?.stop();
  });

  test('sentinels: whether they are some, and watch its masters', async () => {
    const [a, b] = set.lines;
    const away = `127.0.0.1:${await freePort()}`;
    const keys = ['redis: true', 'timeout: 400'];
    const found = await look(set.servers, [...keys, ...list('sentinels', [a, b])]);
    for (const line of [a, b])
      has(found, new RegExp(`^ok sentinel ${line} it watches all masters`));
    assert.deepEqual(
      found.filter((text) => text.includes('sentinel') && !text.startsWith('ok')),
      [],
    );
    const wrong = ['shard1', 'other'].map(
      (name, i) => `${set.servers[0].split(' ')[0]} ${name}${i}`,
    );
    const others = [a, away, `127.0.0.1:${set.shards[0][0].port}`, `127.0.0.1:${plain.port}`];
    const bad = await look(wrong, [...keys, ...list('sentinels', others)]);
    has(bad, new RegExp(`^error sentinel ${a} it watches no master that is called shard10$`));
    has(bad, new RegExp(`^error sentinel ${away} ${away}: nobody listens there`));
    has(bad, new RegExp(`^error sentinel ${others[2]} it is no sentinel$`));
    has(bad, /^error sentinel \S+ it wants a password, and the pool has none \(sentinel_auth\)$/);
    const login = ['sentinel_auth: default pw', ...list('sentinels', [others[3]])];
    const logged = await look(set.servers, [...keys, ...login]);
    has(logged, /^ok sentinel \S+ user default may log in$/);
    has(logged, /^error sentinel \S+ it is no sentinel$/);
  });

  test('replicas: of whom they are one, and that a shard has one master', async () => {
    const [master, replica] = set.shards[0];
    const line = `127.0.0.1:${master.port}:1 one`;
    const at = (server: RealServer): string => `127.0.0.1:${server.port} one`;
    const keys = ['redis: true', 'timeout: 400'];
    const found = await look([line], [...keys, ...list('replicas', [at(replica)])]);
    has(found, new RegExp(`^ok one at \\S+ it is a replica of 127\\.0\\.0\\.1:${master.port}$`));
    assert.ok(!found.some((text) => text.startsWith('error')), found.join('\n'));
    const other = await startRedis();
    try {
      const two = await look([line], [...keys, ...list('replicas', [at(replica), at(other)])]);
      has(two, new RegExp(`^error - two masters: one and one at 127\\.0\\.0\\.1:${other.port}; `));
      const none = `127.0.0.1:${replica.port}:1 one`;
      const lost = await look([none], [...keys, ...list('replicas', [at(replica)])]);
      has(lost, /^error - none of the servers of one is a master$/);
      has(lost, /^error - one and one at \S+ are one and the same server$/);
    } finally {
      await other.stop();
    }
  });

  test('replicas that SRV records list: the master may be among them, by another name', async (t) => {
    const names = await askedNames(t);
    const [master, replica] = set.shards[0];
    const members = [master, replica].map(({ port }) => ({ host: 'localhost', port }));
    names.services.set('_redis._tcp.test', members);
    const keys = ['redis: true', 'timeout: 400', ...list('replicas', ['srv:_redis._tcp.test one'])];
    for (const host of ['localhost', '127.0.0.1']) {
      const found = await look([`${host}:${master.port}:1 one`], keys);
      assert.ok(!found.some((text) => text.startsWith('error')), found.join('\n'));
      has(found, new RegExp(`^ok one at localhost:${replica.port} it is a replica of `));
      const own = found.filter((text) => text.includes(`one at localhost:${master.port} `));
      if (host === 'localhost') assert.deepEqual(own, []);
      else assert.ok(own.includes(`ok one at localhost:${master.port} it is one itself`));
    }
    // Two lines that name one server are a mistake as ever.
    const twice = list('replicas', [
      `localhost:${replica.port} one`,
      `127.0.0.1:${replica.port} one`,
    ]);
    const wrong = await look([`127.0.0.1:${master.port}:1 one`], ['redis: true', ...twice]);
    has(wrong, /^error - one at \S+ and one at \S+ are one and the same server$/);
  });

  test('witnesses: that they keep what they know; and the fence of who is promoted', async () => {
    const [master, replica] = set.shards[0];
    const witness = await startRedis();
    try {
      const lines = [witness.port, plain.port, replica.port].map((port) => `127.0.0.1:${port}`);
      const keys = ['redis: true', 'timeout: 400', 'promote: true', ...list('witnesses', lines)];
      const found = await look(
        [`127.0.0.1:${master.port}:1 one`],
        [...keys, ...list('replicas', [`localhost:${replica.port} one`])],
      );
      const [own, wants, follows] = lines;
      has(found, new RegExp(`^warning witness ${own} it forgets all when it ends`));
      has(found, new RegExp(`^error witness ${wants} it wants a password`));
      has(found, new RegExp(`^error witness ${follows} it is a replica`));
      has(found, /^error one min-replicas-to-write is 0: /);
      const auth = [
        'redis_auth: pw',
        ...keys,
        ...list('replicas', [`localhost:${replica.port} one`]),
      ];
      const logged = await look([`127.0.0.1:${master.port}:1 one`], auth);
      has(
        logged,
        new RegExp(`^error witness ${wants} it may evict what it knows \\(allkeys-lru\\)`),
      );
    } finally {
      await witness.stop();
    }
  });

  test('those that SRV records list, as ringway takes them', async (t) => {
    const names = await askedNames(t);
    const host = 'localhost';
    const { port } = plain;
    const odd = [
      { host: 'a\x1b[2J', port },
      { host, port: 0 },
      { host, port },
    ];
    names.services.set('_odd._tcp.test', [...odd, { host: 'LOCALHOST', port }]);
    names.services.set('_none._tcp.test', odd.slice(0, 2));
    const lines = ['srv:_odd._tcp.test', 'srv:_none._tcp.test'];
    const keys = ['redis: true', 'timeout: 400', ...list('sentinels', lines)];
    const found = await look(set.servers, keys);
    has(found, /^error srv:_none\._tcp\.test its SRV records list nobody$/);
    const looked = found
      .filter((text) => / sentinel /.test(text))
      .map((text) => text.split(' ')[2]);
    assert.deepEqual([...new Set(looked)], [`localhost:${port}`]);
  });

  test('a name server that says nothing is not waited for without end', async (t) => {
    const names = await askedNames(t);
    names.address = null;
    const lines = ['redis: true', 'timeout: 400', ...list('sentinels', ['srv:_late._tcp.test'])];
    const found = await look(set.servers, lines);
    has(found, /^error srv:_late\._tcp\.test it has no SRV records \(no answer within 3000 ms\)$/);
  });
});
