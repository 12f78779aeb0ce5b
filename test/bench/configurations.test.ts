import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nutcrackerYml, poolServers, predixyConf } from '../../bench/macro/configurations.ts';

const PORTS = [1001, 1002, 1003, 1004].map((port) => ({ port }));

describe('configurations of the benchmarked proxies', () => {
  test('are the same for every proxy of a kind but for the port', () => {
    const servers = poolServers(PORTS, 4);
    for (const configuration of [nutcrackerYml, predixyConf]) {
      assert.equal(
        configuration(7007, servers, 'redis').replace(':7007', ':8'),
        configuration(8, servers, 'redis'),
      );
    }
  });

  test('name the protocol where it has to be named', () => {
    const servers = poolServers(PORTS, 4);
    assert.match(nutcrackerYml(7, servers, 'redis'), /^ {2}redis: true$/m);
    assert.match(nutcrackerYml(7, servers, 'memcached'), /^ {2}redis: false$/m);
  });

  test('a thousand entries have a thousand names, and are dealt out to the servers', () => {
    const servers = poolServers(PORTS, 1000);
    assert.equal(new Set(servers.map(({ name }) => name)).size, 1000);
    assert.deepEqual(
      PORTS.map(({ port }) => servers.filter((server) => server.port === port).length),
      [250, 250, 250, 250],
    );
  });

  test('predixy gets a group per server, and blocks that are closed', () => {
    const text = predixyConf(7, poolServers(PORTS, 4));
    assert.equal(text.match(/^ {4}Group \w+ \{\n {8}\+ 127\.0\.0\.1:\d+\n {4}\}$/gm)?.length, 4);
    assert.equal(text.match(/\{$/gm)?.length, text.match(/^ *\}$/gm)?.length);
  });
});
