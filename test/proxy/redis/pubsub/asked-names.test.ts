import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { SENTINEL_NAMES } from '../../../../src/limits.ts';
import { AskedNames } from '../../../../src/proxy/redis/pubsub/asked-names.ts';

let names: AskedNames;
const has = (name: string): boolean => [...names.all].includes(name);
const flood = (host: string, prefix = host, count = 3 * SENTINEL_NAMES): void => {
  for (let i = 0; i < count; i++) names.note(`${prefix}${i}`, host);
};

beforeEach(() => {
  names = new AskedNames();
});

describe('names that clients ask for', () => {
  test('are kept up to their number, the latest of one host', () => {
    flood('a');
    assert.equal([...names.all].length, SENTINEL_NAMES);
    assert.ok(has(`a${3 * SENTINEL_NAMES - 1}`) && !has('a0'));
  });

  test('are not pushed out by another host, however many it asks for', () => {
    for (const host of ['a', 'b', 'c']) names.note(`cache-${host}`, host);
    flood('evil');
    for (const host of ['a', 'b', 'c']) assert.ok(has(`cache-${host}`), host);
    // Who comes behind it has room.
    names.note('late', 'd');
    flood('evil', 'more');
    assert.ok(has('late'));
  });

  test('stay those of others though somebody asks for the same ones', () => {
    names.note('first', 'evil');
    names.note('first', 'a');
    names.note('second', 'a');
    names.note('second', 'evil');
    flood('evil');
    assert.ok(has('first') && has('second'));
  });

  test('are not pushed out by several hosts that ask for the same ones, however many these are', () => {
    for (const host of ['a', 'b', 'c']) names.note(`cache-${host}`, host);
    for (const count of [2, 3, 8]) {
      for (let i = 0; i < 3 * SENTINEL_NAMES; i++) {
        for (let host = 0; host < count; host++) names.note(`n${i}`, `evil${host}`);
      }
      for (const host of ['a', 'b', 'c']) assert.ok(has(`cache-${host}`), `${count} hosts`);
    }
  });

  test('nor by one that has a network of IPv6 and comes from another address each time', () => {
    names.note('cache', '2001:db8:a::1');
    for (let i = 1; i <= 3 * SENTINEL_NAMES; i++) names.note(`n${i}`, `2001:db8:e::${i}`);
    assert.ok(has('cache'));
  });

  test('are those of who asks for few, though many that ask for all have asked for them before', () => {
    for (let host = 0; host < 8; host++) flood(`evil${host}`, 'n');
    for (let host = 0; host < 8; host++) names.note('cache', `evil${host}`);
    names.note('cache', 'a');
    for (let host = 0; host < 8; host++) flood(`evil${host}`, 'm');
    assert.ok(has('cache'));
  });

  test('make room where each host has one, or all have several: the oldest goes', () => {
    for (let i = 0; i <= SENTINEL_NAMES; i++) names.note(`n${i}`, `h${i}`);
    assert.ok(!has('n0') && has('n1') && has(`n${SENTINEL_NAMES}`));
    for (let i = 0; i <= SENTINEL_NAMES; i++) {
      for (const host of ['x', 'y']) names.note(`s${i}`, host);
    }
    assert.equal([...names.all].length, SENTINEL_NAMES);
    assert.ok(has(`s${SENTINEL_NAMES}`));
  });

  test('of clients without an address are those of one host', () => {
    flood('');
    names.note('cache', 'a');
    flood('');
    assert.ok(has('cache'));
  });
});
