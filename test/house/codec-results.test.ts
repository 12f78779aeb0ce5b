import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { filesBelow, readSource } from '../support/source-tree.ts';

// What a call of a codec returns says whether the records in its table are those of this call. A
// call whose result nobody looks at reads whatever an earlier one left there.

/** The calls of the codec, and of a protocol in front of it, that return something. */
const CALLS = Array.from(
  readSource('src/protocol/codec.ts').matchAll(/^ {2}(\w+)\([^)]*\): (\w+);/gm),
  ([, name, type]) => ({ name, type }),
);
const NAMES = CALLS.filter(({ type }) => type !== 'void').map(({ name }) => name);
const CALL = `(?:void )?[\\w#.?!]*\\b(?:codec|protocol)[?!]?\\.(?:${NAMES.join('|')})\\(`;
/** A statement that is nothing but such a call, or such a call under a condition in one line. */
const ALONE = new RegExp(`^(?:else )?${CALL}`);
const UNDER = new RegExp(`^(?:\\} )?(?:else )?(?:if|while|for) \\(.*\\) ${CALL}`);
/** Behind these a line begins a statement. */
const BEFORE_STATEMENT = /(?:[;{})]|=> \{|\belse|^case .*:|^default:)$/;

/** Numbers of the lines with a call whose result is dropped. */
function droppedIn(source: string): number[] {
  const found: number[] = [];
  let before = ';';
  for (const [i, line] of source.split('\n').entries()) {
    const code = line.replace(/\/\/.*$/, '').trim();
    if (code === '' || /^(\/\*|\*)/.test(code)) continue;
    if ((ALONE.test(code) && BEFORE_STATEMENT.test(before)) || UNDER.test(code)) found.push(i + 1);
    before = code;
  }
  return found;
}

describe('results of the codec', () => {
  test('are all of the interface', () => {
    const names = ['scanRequests', 'scanReplies', 'splitRequest', 'splitReply', 'route', 'place'];
    for (const name of names) assert.ok(NAMES.includes(name), name);
    assert.ok(CALLS.some(({ name, type }) => name === 'gather' && type === 'void'));
    assert.ok(NAMES.length >= 12, NAMES.join());
  });

  test('that are dropped are found', () => {
    for (const dropped of [
      'engine.codec.scanRequests(SCRATCH, end, PART_TABLE, 1, pool);',
      'this.#engine.codec.splitReply(a, b, c, d);',
      'void codec.place(1, at);',
      'protocol.scanRequests(\n  start,\n);',
      'if (at !== 0)\n  codec.place(1, at);',
      'if (at !== 0) codec.place(1, at);',
      'else codec.spliceItems(1, at);',
      'for (const a of b) {\n  pool.protocol.scanReplies(a, 1, 2, 3);\n}',
    ]) {
      assert.equal(droppedIn(`const a = 1;\n// no\n${dropped}`).length, 1, dropped);
    }
  });

  test('that are used are not', () => {
    for (const used of [
      'const count = codec.scanRequests(1, 2, 3, 4, 5);',
      'const count =\n  codec.scanRequests(1, 2, 3, 4, 5);',
      'return codec.splitRequest(\n  1,\n);',
      'if (codec.splitReply(1, 2, 3, 4) !== keys) return false;',
      'check(\n  codec.place(1, at),\n  at + bytes,\n);',
      'const items = length === 0 ? 0\n  : codec.splitMemcacheValues(1, 2, 3, 4);',
      'codec.gather(PART_TABLE, count);',
    ]) {
      assert.deepEqual(droppedIn(`const a = 1;\n${used}`), [], used);
    }
  });

  test('are looked at everywhere', () => {
    const files = filesBelow('src').filter((file) => file.endsWith('.ts'));
    const calls = files.filter((file) => new RegExp(CALL).test(readSource(file)));
    assert.ok(calls.length > 8, calls.join());
    const dropped = files.flatMap((file) =>
      droppedIn(readSource(file)).map((line) => `${file}:${line}`),
    );
    assert.deepEqual(dropped, []);
  });
});
