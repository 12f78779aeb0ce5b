import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SLOTS } from '../../src/distribution/slots.ts';
import { allCodecs } from '../support/codec-all.ts';
import { slotsOf, useSlotsAsServers } from '../support/codec-slots.ts';

const codecs = allCodecs();
for (const { codec } of codecs) useSlotsAsServers(codec);

const BRACES = fc.constantFrom('{', '}', 'a', '\0', '\xff');
const KEYS = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 24, unit: 'binary-ascii' }) },
  { weight: 2, arbitrary: fc.string({ maxLength: 140, unit: 'binary-ascii' }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40, unit: BRACES }) },
  { weight: 1, arbitrary: fc.nat(48).map((length) => 'x'.repeat(length)) },
  { weight: 1, arbitrary: fc.constantFrom('', '{tag}a', 'a{tag}', '{}a', '}{b}', '{', '{}{c}') },
);

test('the slots of keys in a row are those of the reference, whatever stands beside them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(KEYS, fc.option(KEYS)), { minLength: 1, maxLength: 40 }),
      (requests) => {
        const [reference, ...others] = codecs.map(({ label, codec }) => {
          return { label, slots: slotsOf(codec, requests) };
        });
        for (const { label, slots } of others) assert.deepEqual(slots, reference.slots, label);
      },
    ),
    { numRuns: 2000 },
  );
});

test('eight keys have their slots at every length, together and beside one of another', () => {
  const keyOf = (length: number, salt: number): string =>
    Array.from({ length }, (_, i) => String.fromCharCode((i * 151 + salt * 29) & 0xff)).join('');
  for (let length = 0; length <= 180; length++) {
    for (const other of [length, 0, length + 1, length + 16, length + 64, length + 65]) {
      const requests = Array.from({ length: 8 }, (_, i) => {
        return [keyOf(i === length % 8 ? other : length, length + i), null] as const;
      });
      const [reference, ...others] = codecs.map(({ codec }) => slotsOf(codec, requests));
      assert.ok(reference.every((slot) => slot < SLOTS));
      for (const slots of others) assert.deepEqual(slots, reference, `${length}, ${other}`);
    }
  }
});
