import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KeyReader } from '../../../src/commands/top/keys.ts';
import { waitFor } from '../../support/wait.ts';

const SEQUENCES = ['\x1b[A', '\x1bOB', '\x1b[6~', '\x1b[1;5C', '\x1b[200~'];

/** What a terminal sends in these pieces, without a pause between them. */
function keysOf(pieces: readonly string[]): string[] {
  const keys: string[] = [];
  const reader = new KeyReader((key) => keys.push(key));
  for (const piece of pieces) reader.push(piece);
  reader.stop();
  return keys;
}

describe('keys that a terminal sends', () => {
  test('are the same wherever what it sends is cut', () => {
    const all = ['j', ...SEQUENCES, 'q', '\r', 'é', ...SEQUENCES, 'k'];
    const text = all.join('');
    for (let at = 0; at <= text.length; at++) {
      assert.deepEqual(keysOf([text.slice(0, at), text.slice(at)]), all, `cut at ${at}`);
    }
    assert.deepEqual(keysOf([...text]), all);
  });

  test('Escape is one when nothing comes behind it', async () => {
    const keys: string[] = [];
    const reader = new KeyReader((key) => keys.push(key));
    reader.push('\x1b');
    assert.deepEqual(keys, []);
    await waitFor('the key', () => keys.length > 0);
    assert.deepEqual(keys, ['\x1b']);
    reader.push('[A');
    assert.deepEqual(keys, ['\x1b', '[', 'A'], 'these were pressed later');
  });

  test('Escape and another key together are both', () => {
    assert.deepEqual(keysOf(['\x1bj']), ['\x1b', 'j']);
    assert.deepEqual(keysOf(['\x1b\x1b', '[B']), ['\x1b', '\x1b[B']);
  });

  test('what goes on like the beginning of a key for long is none', () => {
    const keys = keysOf([`\x1b[${'0'.repeat(100_000)}`]);
    assert.equal(keys.length, 100_002);
  });
});
