import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { covers, Prefixes } from '../../../../src/proxy/redis/tracking/prefixes.ts';

const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 }), {
  maxLength: 8,
});

describe('keys that begin alike', () => {
  test('are told to whoever wants to hear of them', () => {
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 4 }), texts, fc.nat(3), (all, keys, gone) => {
        const prefixes = new Prefixes<{ readonly prefixes: Set<string> }>();
        const readers = all.map((each) => ({ prefixes: new Set(each) }));
        for (const reader of readers) for (const p of reader.prefixes) prefixes.add(reader, p);
        const left = readers.filter((_, i) => i !== gone);
        if (gone < readers.length) prefixes.remove(readers[gone]);
        const sorted = prefixes.sort(keys.map((key) => Buffer.from(key)));
        for (const reader of readers) {
          const lists = [...sorted].flatMap(([whose, list]) => (whose.has(reader) ? list : []));
          const heard = lists.map(String);
          const wanted = left.includes(reader)
            ? [...reader.prefixes].flatMap((p) => keys.filter((key) => key.startsWith(p)))
            : [];
          assert.deepEqual(heard.sort(), wanted.sort());
        }
      }),
    );
  });

  test('are covered by prefixes of which none begins another', () => {
    fc.assert(
      fc.property(texts, (all) => {
        const prefixes = new Prefixes<{ readonly prefixes: Set<string> }>();
        const reader = { prefixes: new Set(all) };
        for (const prefix of all) prefixes.add(reader, prefix);
        const cover = prefixes.cover();
        assert.ok(covers(cover, all));
        for (const one of cover) {
          for (const other of cover) assert.ok(one === other || !one.startsWith(other));
        }
        assert.ok(cover.every((each) => all.includes(each)));
      }),
    );
  });
});
