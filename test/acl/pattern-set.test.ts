import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { READS_AND_WRITES } from '../../src/acl/access.ts';
import { Pattern } from '../../src/acl/pattern.ts';
import { PatternSet } from '../../src/acl/pattern-set.ts';

const LETTERS = ['a', 'b', ':', '\x00', '\xff'];
const word = fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 4 });
const pattern = fc.oneof(
  { weight: 4, arbitrary: word },
  { weight: 4, arbitrary: word.map((text) => `${text}*`) },
  { weight: 1, arbitrary: fc.constantFrom('*', '', '?', '[ab]*', 'a?b', '*b', 'a\\*', 'a**') },
);

function setOf(texts: readonly string[]): [PatternSet, Pattern[]] {
  const patterns = texts.map((text) => new Pattern(text, READS_AND_WRITES));
  return [new PatternSet(patterns), patterns];
}

test('a set of patterns takes what one of them takes, and nothing else', () => {
  const sets = fc.array(pattern, { maxLength: 30 });
  const words = fc.array(word, { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(sets, words, (texts, all) => {
      const [set, patterns] = setOf(texts);
      for (const text of all) {
        const bytes = Buffer.from(`..${text}..`, 'latin1');
        const wanted = patterns.some((each) => each.matches(bytes, 2, text.length));
        assert.equal(set.matches(bytes, 2, text.length), wanted, JSON.stringify([texts, text]));
      }
    }),
    { numRuns: 3000 },
  );
});

test('of a thousand patterns each finds its texts, whatever else is among them', () => {
  const texts = Array.from({ length: 1000 }, (_, i) => `user${i}${i % 3 === 0 ? '' : ':*'}`);
  const [set] = setOf([...texts, '*:admin', 'user']);
  const has = (text: string): boolean => set.matches(Buffer.from(text), 0, text.length);
  for (let i = 0; i < 1000; i++) {
    assert.equal(has(`user${i}`), i % 3 === 0, `user${i}`);
    assert.equal(has(`user${i}:x`), i % 3 !== 0, `user${i}:x`);
  }
  assert.ok(has('user') && has('x:admin'));
  for (const text of ['', 'use', 'user1000:x', 'v', '\xff']) assert.ok(!has(text), text);
});
