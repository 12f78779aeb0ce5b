import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digitsOf, writeBytes, writeDecimal } from '../../../src/proxy/engine/short-text.ts';

describe('short texts', () => {
  test('numbers are written in decimal, nothing beside them is touched', () => {
    const values = [0, 1, 9, 10, 11, 99, 100, 101, 999, 1_000, 65_535, 99_999, 1_048_577];
    for (const value of [...values, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1]) {
      const into = Buffer.alloc(24, '.');
      const end = writeDecimal(into, 3, value);
      assert.equal(into.toString(), `...${value}`.padEnd(24, '.'));
      assert.equal(end, 3 + String(value).length);
      assert.equal(digitsOf(value), String(value).length);
    }
  });

  test('bytes are copied to their place', () => {
    const into = Buffer.alloc(6, '.');
    assert.equal(writeBytes(into, 1, Buffer.from('get ')), 5);
    assert.equal(into.toString(), '.get .');
    assert.equal(writeBytes(into, 2, Buffer.alloc(0)), 2);
  });
});
