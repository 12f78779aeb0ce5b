import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ITEM_ENDS, KEY_ITEMS } from '../../src/protocol/frame-table.ts';
import { allCodecs, TEST_BASE } from '../support/codec-all.ts';

const codecs = allCodecs();
/** Few letters and many lengths, so that keys are often the same or begin alike. */
const key = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 }),
  fc.constantFrom(7, 8, 9, 15, 16, 17, 249, 250).map((length) => 'a'.repeat(length)),
  fc.constantFrom('aaaaaaab', 'aaaaaaaab', 'baaaaaaa', '\xff\x80', 'aaaaaaaaaaaaaaab'),
);
const data = fc.constantFrom('', 'x', 'VALUE a 0 1', 'END\r\n', 'y'.repeat(40));

/** What matchItems is for: the items taken up to each key, or null when one is left over. */
function expected(keys: readonly string[], items: readonly string[]): number[] | null {
  let taken = 0;
  const counts = keys.map((each) => {
    if (taken < items.length && items[taken] === each) taken++;
    return taken;
  });
  return taken === items.length ? counts : null;
}

function check(keys: readonly string[], items: readonly (readonly [string, string])[]): void {
  const wanted = expected(
    keys,
    items.map(([name]) => name),
  );
  for (const { label, codec } of codecs) {
    const { words, node } = codec.arena;
    const line = TEST_BASE;
    const text = keys.map((each) => ` ${each}`).join('');
    const lineEnd = line + node.write(`${text}\r\n`, line, 'latin1') - 2;
    const start = lineEnd + 40;
    let at = start;
    for (const [i, [name, value]] of items.entries()) {
      at += node.write(`VALUE ${name} 0 ${value.length}\r\n${value}\r\n`, at, 'latin1');
      words[ITEM_ENDS / 4 + i] = at;
    }
    node.write('END\r\n', at, 'latin1');
    words[KEY_ITEMS / 4 + keys.length] = 0xabcd;
    const count = codec.matchItems(line, lineEnd, start, ITEM_ENDS, items.length);
    assert.equal(count, wanted === null ? -1 : keys.length, label);
    assert.equal(words[KEY_ITEMS / 4 + keys.length], 0xabcd, label);
    if (wanted === null) continue;
    const found = words.subarray(KEY_ITEMS / 4, KEY_ITEMS / 4 + keys.length);
    assert.deepEqual([...found], wanted, label);
  }
}

test('matchItems finds the items of the keys, whichever are missing', () => {
  const keys = fc.array(fc.tuple(key, fc.boolean(), data), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(keys, (list) => {
      const items = list
        .filter(([, there]) => there)
        .map(([name, , value]): readonly [string, string] => [name, value]);
      check(
        list.map(([name]) => name),
        items,
      );
    }),
  );
});

test('matchItems refuses items that are not those of the keys in their order', () => {
  const keys = fc.array(key, { minLength: 1, maxLength: 12 });
  const items = fc.array(fc.tuple(key, data), { maxLength: 12 });
  fc.assert(fc.property(keys, items, check));
  check(
    ['a', 'b'],
    [
      ['b', 'x'],
      ['a', 'x'],
    ],
  );
  check(['ab'], [['a', 'x']]);
  check(['a'], [['ab', 'x']]);
  check(
    ['a'],
    [
      ['a', 'x'],
      ['a', 'x'],
    ],
  );
});
