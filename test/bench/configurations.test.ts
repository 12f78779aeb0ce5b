import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  clusterYml,
  memcachedProxyLua,
  nutcrackerYml,
  poolServers,
  predixyClusterConf,
  predixyConf,
} from '../../bench/macro/configurations.ts';

const PORTS = [1001, 1002, 1003, 1004].map((port) => ({ port }));

describe('configurations of the benchmarked proxies', () => {
  test('are the same for every proxy of a kind but for the port', () => {
    const servers = poolServers(PORTS, 4);
    for (const configuration of [nutcrackerYml, predixyConf, clusterYml, predixyClusterConf]) {
      assert.equal(
        configuration({ port: 7007 }, servers, 'redis').replace(':7007', ':8'),
        configuration({ port: 8 }, servers, 'redis'),
      );
    }
  });

  test('name the protocol where it has to be named', () => {
    const servers = poolServers(PORTS, 4);
    assert.match(nutcrackerYml({ port: 7 }, servers, 'redis'), /^ {2}redis: true$/m);
    assert.match(nutcrackerYml({ port: 7 }, servers, 'memcached'), /^ {2}redis: false$/m);
  });

  test('a thousand entries have a thousand names, and are dealt out to the servers', () => {
    const servers = poolServers(PORTS, 1000);
    assert.equal(new Set(servers.map(({ name }) => name)).size, 1000);
    assert.deepEqual(
      PORTS.map(({ port }) => servers.filter((server) => server.port === port).length),
      [250, 250, 250, 250],
    );
  });

  test('lead over unix sockets on both sides where there are paths', () => {
    const servers = poolServers([{ port: 1, path: '/a/s.sock' }], 1);
    const text = nutcrackerYml({ port: 7, path: '/a/p.sock' }, servers, 'redis');
    assert.match(text, /^ {2}listen: \/a\/p\.sock$/m);
    assert.match(text, /^ {3}- \/a\/s\.sock:1 ada$/m);
    assert.doesNotMatch(text, /127/);
  });

  test('predixy gets a group per server, and blocks that are closed', () => {
    const text = predixyConf({ port: 7 }, poolServers(PORTS, 4));
    assert.equal(text.match(/^ {4}Group \w+ \{\n {8}\+ 127\.0\.0\.1:\d+\n {4}\}$/gm)?.length, 4);
    assert.equal(text.match(/\{$/gm)?.length, text.match(/^ *\}$/gm)?.length);
  });

  test("memcached's proxy gets a backend per server", () => {
    const text = memcachedProxyLua({ port: 7 }, poolServers(PORTS, 4));
    assert.equal(text.match(/^ {4}mcp\.backend\('\w+', '127\.0\.0\.1', \d+\),$/gm)?.length, 4);
  });
});
