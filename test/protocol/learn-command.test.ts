import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type LearnedCommand, learnCommand } from '../../src/protocol/redis/table/learn-command.ts';

/** Learns from COMMAND INFO's reply in the form of Redis 7. */
function learn(original: string, flags: readonly string[], keys: number[], sub = '*0\r\n') {
  const places = keys.map((place) => `:${place}\r\n`).join('');
  const set = `*${flags.length}\r\n${flags.map((flag) => `+${flag}\r\n`).join('')}`;
  const name = `$${original.length}\r\n${original}\r\n`;
  const entry = `*10\r\n${name}:-2\r\n${set}${places}*0\r\n*0\r\n*0\r\n${sub}`;
  return learnCommand('NEW', Buffer.from(`*1\r\n${entry}`)) as LearnedCommand;
}

describe('what COMMAND INFO says about a command', () => {
  test('fixed keys, and what it does to them', () => {
    const { spec, movable, blocking, hides } = learn('new', ['write', 'fast'], [1, -1, 2]);
    assert.deepEqual([spec.name, spec.arity, spec.access], ['NEW', -2, 'w']);
    assert.deepEqual([spec.firstKey, spec.lastKey, spec.step], [1, -1, 2]);
    assert.equal(spec.handling, 'same-server');
    assert.deepEqual([movable, blocking, hides], [false, false, null]);
  });

  test('keys that move, and those of subcommands', () => {
    assert.equal(learn('new', ['movablekeys'], [0, 0, 0]).movable, true);
    const container = learn('new', [], [0, 0, 0], '*1\r\n*2\r\n$7\r\nnew|sub\r\n:3\r\n');
    assert.equal(container.movable, true);
  });

  test('what blocks a connection', () => {
    assert.equal(learn('new', ['blocking'], [1, 1, 1]).blocking, true);
    assert.equal(learn('new', ['pubsub'], [0, 0, 0]).blocking, true);
  });

  test('another name of a command that is not sent by its keys', () => {
    assert.equal(learn('flushall', ['write'], [0, 0, 0]).hides, 'FLUSHALL');
    assert.equal(learn('watch', ['fast'], [1, -1, 1]).hides, 'WATCH');
    assert.equal(learn('zunionstore', ['movablekeys'], [1, 1, 1]).hides, null);
    assert.equal(learn('get', ['readonly'], [1, 1, 1]).hides, null);
  });

  test('nothing, when the server has no such command', () => {
    assert.equal(learnCommand('NEW', Buffer.from('*1\r\n*-1\r\n')), null);
    assert.equal(learnCommand('NEW', Buffer.from('*1\r\n_\r\n')), null);
  });
});
