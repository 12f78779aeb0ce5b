import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Doors, doorText } from '../../../../src/proxy/pool/failover/doors.ts';

function doorsOf(...names: string[]): Doors {
  const announce = names.map((host) => ({ host, port: 1 }));
  return new Doors({ config: { announce } } as never);
}

const moves = (doors: Doors, ...down: string[]): string[] =>
  doors.set(down.map((host) => `${host}:1`)).map(({ from, to }) => `${from.host} to ${to.host}`);

describe('the doors of proxies', () => {
  test('one that is gone has the next as its heir, and all proxies come to the same', () => {
    for (const names of ['abcd', 'cadb', 'dbca']) {
      const doors = doorsOf(...names);
      const [own] = names;
      const other = own === 'b' ? [] : ['b to c'];
      assert.deepEqual(moves(doors, 'b'), other, names);
    }
  });

  test('the next may be gone as well, and behind the last comes the first', () => {
    const doors = doorsOf(...'abcd');
    assert.deepEqual(moves(doors, 'c', 'd'), ['c to a', 'd to a']);
  });

  test('each is told of once, until it was there again', () => {
    const doors = doorsOf('a', 'b');
    assert.deepEqual(moves(doors, 'b'), ['b to a']);
    assert.deepEqual(moves(doors, 'b'), []);
    assert.deepEqual(moves(doors), []);
    assert.deepEqual(moves(doors, 'b'), ['b to a']);
  });

  test('this proxy is there, whatever is said', () => {
    const doors = doorsOf('a', 'b');
    assert.deepEqual(moves(doors, 'a', 'b', 'nobody'), ['b to a']);
    assert.equal(doorText(doors.heirOf({ host: 'a', port: 1 })), 'a:1');
  });

  test('another door of this proxy is a move, the first and the last none', () => {
    const doors = doorsOf('a', 'b');
    const from = (...names: string[]) =>
      doors.changedFrom({ announce: names.map((host) => ({ host, port: 1 })) } as never);
    assert.equal(from('x', 'a').length, 1);
    assert.deepEqual(from('a', 'x'), []);
    assert.deepEqual(from(), []);
  });
});
