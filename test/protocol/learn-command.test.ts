import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CommandSpec, findCommand } from '../../src/protocol/redis/table/commands.ts';
import { keyWords } from '../../src/protocol/redis/table/key-words.ts';
import { type LearnedCommand, learnCommand } from '../../src/protocol/redis/table/learn-command.ts';

/** Learns from COMMAND INFO's reply in the form of Redis 7. */
function learn(
  original: string,
  flags: readonly string[],
  keys: number[],
  sub = '*0\r\n',
  arity = '-2',
) {
  const places = keys.map((place) => `:${place}\r\n`).join('');
  const set = `*${flags.length}\r\n${flags.map((flag) => `+${flag}\r\n`).join('')}`;
  const name = `$${original.length}\r\n${original}\r\n`;
  const entry = `*10\r\n${name}:${arity}\r\n${set}${places}*0\r\n*0\r\n*0\r\n${sub}`;
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

  test('keys in places that no request has: not a command that can be sent', () => {
    const places = [
      [1, 2, 0],
      [1, 1, -1],
      [-1, -1, 1],
      [1, 1.5, 1],
      [NaN, 1, 1],
    ];
    for (const place of places) {
      assert.equal(learn('new', ['write'], place), 'malformed', `${place}`);
    }
    assert.equal(learn('new', ['write'], [1, 1, 1], '*0\r\n', 'many'), 'malformed');
  });

  test('a key that the arity does not promise: looked for in each request', () => {
    const { spec } = learn('new', ['write'], [1, 1, 1], '*0\r\n', '-1');
    assert.equal(spec.handling, 'same-server');
    assert.deepEqual(keyWords(spec, 1, () => 'new').keys, []);
    assert.deepEqual(keyWords(spec, 2, () => 'new').keys, [1]);
  });

  test('another name of a command with options: by its own grammar, nobody is asked', () => {
    for (const original of ['sort', 'georadius', 'georadiusbymember', 'xread', 'xreadgroup']) {
      const { spec, movable, blocking } = learn(original, ['movablekeys', 'blocking'], [1, 0, 1]);
      assert.deepEqual([movable, blocking], [false, false], original);
      const { keys, arity } = findCommand(original) as CommandSpec;
      assert.deepEqual([spec.name, spec.keys, spec.arity], ['NEW', keys, arity]);
      assert.equal(spec.handling, 'same-server');
    }
  });

  test('keys that move, and those of subcommands', () => {
    assert.equal(learn('new', ['movablekeys'], [0, 0, 0]).movable, true);
    const container = learn('new', [], [0, 0, 0], '*1\r\n*2\r\n$7\r\nnew|sub\r\n:3\r\n');
    assert.equal(container.movable, true);
  });

  test('what blocks a connection', () => {
    assert.equal(learn('new', ['blocking'], [1, 1, 1]).blocking, true);
    assert.equal(learn('new', ['pubsub'], [0, 0, 0]).blocking, true);
    // Redis 6 says it by a category only, and has no more than seven elements.
    const categories = '*2\r\n+@list\r\n+@blocking\r\n';
    const entry = `*7\r\n$3\r\nnew\r\n:-3\r\n*1\r\n+write\r\n:1\r\n:-2\r\n:1\r\n${categories}`;
    const learned = learnCommand('NEW', Buffer.from(`*1\r\n${entry}`));
    assert.ok(learned !== null && learned !== 'malformed');
    assert.equal(learned.blocking, true);
  });

  test('what administers a server', () => {
    assert.equal(learn('new', ['admin'], [1, 1, 1]).administers, true);
    assert.equal(learn('new', ['readonly'], [1, 1, 1]).administers, false);
  });

  test('nothing, when the places of its keys do not fit together', () => {
    for (const places of [
      [-1, 0, 0],
      [3, 2, 1],
      [1, -1, -1],
      [1, 2 ** 33, 1],
    ]) {
      assert.equal(learn('new', [], places), 'malformed', places.join(' '));
    }
    const text = '*1\r\n*6\r\n$3\r\nnew\r\n+x\r\n*0\r\n:1\r\n:1\r\n:1\r\n';
    assert.equal(learnCommand('NEW', Buffer.from(text)), 'malformed');
  });

  test('another name of a command that is not sent by its keys', () => {
    assert.equal(learn('flushall', ['write'], [0, 0, 0]).hides, 'FLUSHALL');
    assert.equal(learn('watch', ['fast'], [1, -1, 1]).hides, 'WATCH');
    assert.equal(learn('zunionstore', ['movablekeys'], [1, 1, 1]).hides, null);
    assert.equal(learn('get', ['readonly'], [1, 1, 1]).hides, null);
  });

  test('nothing, when its keys would never end or are no numbers', () => {
    for (const keys of [
      [1, -1, 0],
      [1, 5, -1],
      [-1, -1, 1],
      [1, 1, Number.NaN],
      [Number.NaN, 1, 1],
      [1, 1e300, 1],
    ]) {
      assert.equal(learn('new', [], keys), 'malformed', keys.join());
    }
  });

  test('nothing, when the server has no such command', () => {
    assert.equal(learnCommand('NEW', Buffer.from('*1\r\n*-1\r\n')), null);
    assert.equal(learnCommand('NEW', Buffer.from('*1\r\n_\r\n')), null);
  });
});
