import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { type Config, parseConfig, withMembers } from '../../src/config/index.ts';
import { ORDERS_REMEMBERED } from '../../src/limits.ts';
import type { ServerOrder } from '../../src/proxy/pool/connections/order.ts';
import { ServerOrders } from '../../src/run/server-orders.ts';

const NAME = '_ring._tcp.test';

/** A pool of those that are listed, and of one that the file has by itself. */
function ringOf(listed: readonly string[], fixed: readonly string[] = ['fixed']): Config {
  const lines = [`srv:${NAME}`, ...fixed.map((host) => `${host}:1:1`)];
  const text = [
    ...['p:', '  listen: 127.0.0.1:1', '  redis: true', '  discover_members: follow'],
    ...['  servers:', ...lines.map((line) => `    - ${line}`), ''],
  ].join('\n');
  const members = { [NAME]: listed.map((host) => `${host}:1`) };
  return withMembers(parseConfig(Buffer.from(text), 'test.yml'), members);
}

/** The same pool without SRV records. */
function fileOf(host: string): Config {
  const text = `p:\n  listen: 127.0.0.1:1\n  redis: true\n  servers:\n    - ${host}:1:1\n`;
  return parseConfig(Buffer.from(text), 'test.yml');
}

describe('orders about servers that SRV records list', () => {
  let given: (readonly ServerOrder[])[];
  let said: string[];
  const serving = { setOrders: (orders: readonly ServerOrder[]) => void given.push(orders) };
  const log = { level: 11, write: (_level: number, line: string) => void said.push(line) };
  const start = (config: Config, inherited?: readonly ServerOrder[]): ServerOrders =>
    new ServerOrders(serving, log, config, inherited);
  const names = ({ all }: ServerOrders): string[] => all.map(({ server }) => server);

  beforeEach(() => {
    given = [];
    said = [];
  });

  test('hold when these are listed again, and are told while they are not', () => {
    const orders = start(ringOf(['a', 'b']));
    orders.obey(['p', 'a:1', 'drain']);
    orders.follow(ringOf(['b']));
    orders.follow(ringOf(['b', 'c']));
    assert.deepEqual(orders.away, [{ pool: 'p', server: 'a:1', order: 'drain' }]);
    const told = said.filter((line) => line.includes('is not listed any more'));
    assert.deepEqual(told, [
      'server p | a:1 is not listed any more: the order about it holds when it is back',
    ]);
    orders.follow(ringOf(['a', 'b']));
    assert.deepEqual(given.at(-1), [{ pool: 'p', server: 'a:1', order: 'drain' }]);
    assert.deepEqual(orders.away, []);
  });

  test('go along to a process that takes over', () => {
    const before = start(ringOf(['a', 'b']));
    before.obey(['p', 'a:1', 'eject']);
    before.follow(ringOf(['b']));
    const next = start(ringOf(['b']), before.all);
    next.inherit(before.all);
    next.follow(ringOf(['a', 'b']));
    assert.deepEqual(names(next), ['a:1']);
  });

  test('may be taken back, or be others, while the server is away', () => {
    const orders = start(ringOf(['a', 'b']));
    orders.obey(['p', 'a:1', 'drain']);
    orders.follow(ringOf(['b']));
    orders.obey(['p', 'a:1', 'eject']);
    assert.deepEqual(orders.all, [{ pool: 'p', server: 'a:1', order: 'eject' }]);
    orders.obey(['p', 'a:1', 'enable']);
    assert.deepEqual(orders.all, []);
    assert.throws(() => orders.obey(['p', 'a:1', 'drain']), /no server 'a:1' in p/);
  });

  test('are forgotten with the line that names it, with the pool, and with the name', () => {
    const orders = start(ringOf(['a', 'b']));
    orders.obey(['p', 'fixed:1', 'drain']);
    orders.follow(ringOf(['a', 'b'], []));
    assert.deepEqual(names(orders), []);
    orders.obey(['p', 'a:1', 'drain']);
    orders.follow(fileOf('b'));
    assert.deepEqual(names(orders), []);
    orders.obey(['p', 'b:1', 'drain']);
    orders.follow(ringOf(['a']));
    assert.deepEqual(names(orders), [], 'it was no server by SRV records');
    assert.equal(said.filter((line) => /is no longer in the file: /.test(line)).length, 3);
  });

  test('of a number that are away the oldest are forgotten, which is told', () => {
    const all = Array.from({ length: ORDERS_REMEMBERED + 2 }, (_, i) => `h${i}`);
    const orders = start(ringOf(all));
    for (const host of all) orders.obey(['p', `${host}:1`, 'eject']);
    orders.follow(ringOf(['other']));
    assert.equal(orders.all.length, ORDERS_REMEMBERED);
    assert.deepEqual(names(orders).slice(0, 1), ['h2:1']);
    const told = said.filter((line) => line.includes('there are too many'));
    assert.equal(told.length, 2);
    assert.match(told[0], /^server p \| h0:1 /);
  });
});
