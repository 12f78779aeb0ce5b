import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { HASH_NAMES, hashByIndex, hashByName } from '../../src/hash/index.ts';
import { md5, md5Words } from '../../src/hash/md5.ts';
import { VECTOR_KEYS, VECTORS } from './vectors.ts';

for (const name of HASH_NAMES) {
  test(`${name} gives twemproxy's values`, () => {
    const hash = hashByName(name);
    VECTOR_KEYS.forEach((key, i) => {
      assert.equal(hash(key, 0, key.length), VECTORS[name][i], Buffer.from(key).toString('latin1'));
    });
  });

  test(`${name} looks only at the bytes between start and end`, () => {
    const hash = hashByName(name);
    const property = fc.property(
      fc.uint8Array({ maxLength: 80 }),
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      (key, around) => {
        const embedded = Buffer.concat([around, key, around]);
        const h = hash(embedded, around.length, around.length + key.length);
        assert.equal(h, hash(key, 0, key.length));
        assert.equal(h, h >>> 0);
      },
    );
    fc.assert(property);
  });
}

test('the position of a name is the number of its hash', () => {
  HASH_NAMES.forEach((name, i) => {
    assert.equal(hashByIndex(i), hashByName(name));
  });
});

test('the bytes of a key that twemproxy reads unsigned are not sign-extended', () => {
  // A rest of one byte is unsigned in hsieh, a rest of three has one signed byte.
  assert.equal(hashByName('hsieh')(Uint8Array.of(0xff), 0, 1), 0x02a6dba8);
  assert.notEqual(
    hashByName('fnv1a_64')(Uint8Array.of(0x80), 0, 1),
    Math.imul(0x84222325 ^ 0x80, 0x1b3) >>> 0,
  );
});

test('md5 equals the one of OpenSSL at every length around its block sizes', () => {
  const words = new Uint32Array(6);
  for (let length = 0; length <= 300; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 0xff);
    const expected = createHash('md5').update(bytes).digest();
    md5Words(bytes, 0, length, words, 1);
    for (let i = 0; i < 4; i++) assert.equal(words[1 + i], expected.readUInt32LE(4 * i));
    assert.equal(md5(bytes, 0, length), expected.readUInt32LE(0));
  }
  assert.deepEqual([words[0], words[5]], [0, 0]);
});
