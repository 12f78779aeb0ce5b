import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  parseUnsigned,
  readInteger,
  readSmallInteger,
} from '../../src/protocol/redis/replies/integers.ts';

const big = (text: string) => readInteger(Buffer.from(`x${text}y`), 1, text.length + 1);
const small = (text: string) => readSmallInteger(Buffer.from(`x${text}y`), 1, text.length + 1);

describe('integers in replies', () => {
  test('64 bits with a sign, and nothing else', () => {
    for (const text of ['0', '1', '-1', '9223372036854775807', '-9223372036854775808']) {
      assert.equal(big(text), BigInt(text), text);
    }
    const others = ['', '-', '+1', '--1', '1-', ' 1', '1 ', '0x1', '1.0', '1e3', 'abc', 'NaN'];
    const tooLarge = [
      '9223372036854775808',
      '-9223372036854775809',
      '9'.repeat(60),
      '0'.repeat(20),
    ];
    for (const text of [...others, ...tooLarge]) assert.equal(big(text), null, text);
  });

  test('small ones that a double holds', () => {
    for (const text of ['0', '7', '-7', '999999999999999']) assert.equal(small(text), Number(text));
    for (const text of ['', '-', '+1', '1x', '9'.repeat(16), 'Infinity']) {
      assert.ok(Number.isNaN(small(text)), text);
    }
  });

  test('cursors: 64 bits without a sign', () => {
    assert.equal(parseUnsigned('18446744073709551615'), (1n << 64n) - 1n);
    for (const text of ['', '-1', '18446744073709551616', '0x1', ' 1', '9'.repeat(21)]) {
      assert.equal(parseUnsigned(text), null, text);
    }
  });
});
