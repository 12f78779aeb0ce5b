import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  agreed,
  joinedIntegers,
  sumOfDecimals,
} from '../../../src/proxy/routing/joined-figures.ts';

test('integers are joined as they are meant, however large they are', () => {
  const most = '18446744073709551615';
  assert.equal(joinedIntegers([most, '1'], 'sum'), '18446744073709551616');
  assert.equal(joinedIntegers(['9', '10', '2'], 'largest'), '10');
  assert.equal(joinedIntegers(['9', '10', '2'], 'smallest'), '2');
  assert.equal(joinedIntegers(['7'], 'sum'), '7');
});

test('what is no integer is not joined', () => {
  for (const other of ['', '-1', '1.5', 'yes', '1'.repeat(21), '0x1']) {
    assert.equal(joinedIntegers(['1', other], 'sum'), null, other);
  }
});

test('numbers with a point are added up where all have as many digits behind it', () => {
  assert.equal(sumOfDecimals(['1.250000', '0.500001'], 6), '1.750001');
  assert.equal(sumOfDecimals(['0.10', '0.25'], 2), '0.35');
  for (const other of ['1', '1.25', '1.25000', '1.2500000', 'inf', '1.6.180000']) {
    assert.equal(sumOfDecimals(['1.250000', other], 6), null, other);
  }
});

test('of other things there is one only when all servers say the same', () => {
  assert.equal(agreed(['on', 'on']), 'on');
  assert.equal(agreed(['on', 'off']), null);
});
