import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMAND_TABLE } from '../../src/protocol/frame-table.ts';
import {
  type CommandEntry,
  findCommand,
  writeCommandTable,
} from '../../src/protocol/redis/table/command-table-layout.ts';
import { TEST_COMMANDS } from '../support/codec-all.ts';

const ARENA = COMMAND_TABLE + 2048 * 64;

function tableOf(entries: readonly CommandEntry[]) {
  const bytes = new Uint8Array(ARENA);
  const words = new Uint32Array(bytes.buffer);
  writeCommandTable(words, bytes, entries);
  const find = (name: string) => {
    const at = findCommand(bytes, words, Buffer.from(name, 'latin1'), 0, name.length);
    return at === 0 ? null : words[at + 1] & 0xffff;
  };
  return { words, bytes, find };
}

const entry = (name: string, index = 1): CommandEntry => ({
  name,
  index,
  special: false,
  arity: -1,
  keyWord: 1,
  plainCount: 0,
});

test('every command is found in any case, and nothing else', () => {
  const { find } = tableOf(TEST_COMMANDS);
  for (const { name, index } of TEST_COMMANDS) {
    assert.equal(find(name.toLowerCase()), index);
    assert.equal(find(name.toUpperCase()), index);
    assert.equal(find(`${name}X`), null);
    assert.equal(find(name.slice(0, -1)), null);
  }
  assert.equal(find(''), null);
  assert.equal(find('x'.repeat(33)), null);
});

test('a full table of similar names', () => {
  const names = Array.from({ length: 1024 }, (_, i) => `COMMAND.NUMBER${i}`);
  const { find } = tableOf(names.map((name, i) => entry(name, i)));
  for (const [i, name] of names.entries()) assert.equal(find(name), i);
  assert.equal(find('COMMAND.NUMBER1024'), null);
  assert.equal(find('COMMAND.NUMBERX'), null);
});

test('writing again replaces the table', () => {
  const { words, bytes, find } = tableOf([entry('GET')]);
  writeCommandTable(words, bytes, [entry('SET', 2)]);
  assert.deepEqual([find('GET'), find('SET')], [null, 2]);
});

test('bad tables are refused', () => {
  for (const name of ['', 'X'.repeat(33), 'a b', 'ä']) {
    assert.throws(() => tableOf([entry(name)]), RangeError);
  }
  assert.throws(() => tableOf([entry('GET'), entry('get')]), /listed twice/);
  assert.throws(() => tableOf([entry('GET', 0xffff)]), /out of range/);
  assert.throws(() => tableOf(Array.from({ length: 1025 }, (_, i) => entry(`C${i}`))), RangeError);
});
