import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SENTINEL_REPLICAS } from '../../src/limits.ts';
import {
  addressOf,
  eventOf,
  healthyReplicas,
  isMaster,
  masterFacts,
  replicaFacts,
} from '../../src/topology/facts.ts';
import { ErrorReply, type Reply } from '../../src/topology/reply-reader.ts';

const ABOUT = ['name', 'cache', 'ip', '10.0.0.1', 'port', '6379', 'config-epoch', '7'];

describe('an address', () => {
  test('may be a name, IPv4 or IPv6', () => {
    for (const host of ['10.0.0.1', 'redis-0.redis.svc', '::1', 'fe80::1%eth0']) {
      assert.deepEqual(addressOf(host, '6379'), { host, port: 6379 });
    }
  });

  test('is nothing else', () => {
    for (const [host, port] of [
      ['', '6379'],
      ['a b', '6379'],
      ['/tmp/sock', '6379'],
      ['a\r\nb', '6379'],
      ['x'.repeat(256), '6379'],
      ['a', '0'],
      ['a', '65536'],
      ['a', '-1'],
      ['a', '6379 '],
      ['a', ''],
    ]) {
      assert.equal(addressOf(host, port), null, `${host}:${port}`);
    }
  });
});

describe('what a sentinel says', () => {
  test('of a master: where it is now, and the epoch', () => {
    const address = { host: '10.0.0.2', port: 6380 };
    assert.deepEqual(masterFacts(ABOUT, ['10.0.0.2', '6380']), { address, epoch: 7 });
  });

  test('may be of no use', () => {
    const place = ['10.0.0.2', '6380'];
    const without = ABOUT.slice(0, 6);
    const cases: readonly (readonly [Reply, Reply])[] = [
      [null, place],
      [new ErrorReply('ERR No such master with that name'), place],
      ['text', place],
      [[], place],
      [without, place],
      [[...without, 'config-epoch', '-1'], place],
      [[...without, 'config-epoch', '9'.repeat(16)], place],
      [[...without, 'config-epoch', ['7']], place],
      [ABOUT, null],
      [ABOUT, ['10.0.0.2']],
      [ABOUT, [null, '6380']],
      [ABOUT, ['10.0.0.2', 'x']],
    ];
    for (const [about, where] of cases) {
      assert.equal(masterFacts(about, where), null, JSON.stringify([about, where]));
    }
  });

  test('of replicas: those that have an address, and not too many', () => {
    const one = ['ip', '10.0.0.3', 'port', '6379'];
    assert.deepEqual([...(replicaFacts([one, 'x', ['ip', '?'], []]) ?? [])], ['10.0.0.3:6379']);
    const many = Array.from({ length: 1000 }, (_, i) => ['ip', 'a', 'port', String(i + 1)]);
    assert.equal(replicaFacts(many)?.size, SENTINEL_REPLICAS);
    assert.equal(replicaFacts('x'), null);
  });

  test('of replicas that are well', () => {
    const about = (port: string, flags: string, role: string) => [
      'ip',
      '10.0.0.3',
      'port',
      port,
      'flags',
      flags,
      'role-reported',
      role,
    ];
    const replies = [
      about('1', 'slave', 'slave'),
      about('2', 's_down,slave,disconnected', 'slave'),
      about('3', 'slave', 'master'),
      ['ip', 'x'],
      'y',
    ];
    assert.deepEqual([...healthyReplicas(replies)], ['10.0.0.3:1']);
    assert.deepEqual([...healthyReplicas(null)], []);
  });

  test('when it publishes', () => {
    const push = (type: string, text: string) => eventOf(['pmessage', '*', type, text]);
    assert.deepEqual(push('+switch-master', 'cache 10.0.0.1 6379 10.0.0.2 6380'), {
      type: '+switch-master',
      master: 'cache',
      address: { host: '10.0.0.2', port: 6380 },
    });
    const slave = 'slave 10.0.0.2:6380 10.0.0.2 6380 @ cache 10.0.0.1 6379';
    assert.deepEqual(push('+failover-state-send-slaveof-noone', slave), {
      type: '+failover-state-send-slaveof-noone',
      master: 'cache',
      address: { host: '10.0.0.2', port: 6380 },
    });
    assert.deepEqual(push('+sdown', 'master cache 10.0.0.1 6379'), {
      type: '+sdown',
      master: 'cache',
      address: { host: '10.0.0.1', port: 6379 },
    });
    assert.deepEqual(push('+sdown', 'sentinel ab12 ::1 26379 @ cache 10.0.0.1 6379')?.address, {
      host: '::1',
      port: 26379,
    });
  });

  test('and that may be anything', () => {
    const pushes: readonly Reply[] = [
      null,
      'x',
      [],
      ['psubscribe', '*', '1'],
      ['message', 'a', 'b', 'c'],
      ['pmessage', '*', null, 'x'],
      ['pmessage', '*', '+switch-master', ''],
      ['pmessage', '*', '+switch-master', 'cache a b'],
      ['pmessage', '*', '+sdown', 'slave a b'],
      ['pmessage', '*', '+sdown', 'slave a b 1 of cache'],
      ['pmessage', '*', '+sdown', 'slave a b 1 @'],
    ];
    for (const push of pushes) assert.equal(eventOf(push), null, JSON.stringify(push));
    const odd = eventOf(['pmessage', '*', '+switch-master', 'cache a 1 /etc/passwd 99999']);
    assert.equal(odd?.address, null);
  });

  test('of its role', () => {
    assert.equal(isMaster(['master', '0', []]), true);
    assert.equal(isMaster(['slave', 'a', '1']), false);
    assert.equal(isMaster(new ErrorReply('LOADING')), null);
    assert.equal(isMaster('master'), null);
  });
});
