import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRingNames, ringName } from '../../src/distribution/ring-name.ts';

test('the ring name is the optional name, even an empty one', () => {
  assert.equal(ringName({ name: 'cache-a', host: '10.0.0.1', port: '6379' }), 'cache-a');
  assert.equal(ringName({ name: 'n', host: '/tmp/r.sock', port: null }), 'n');
  assert.equal(ringName({ name: '', host: '10.0.0.1', port: '6379' }), '');
});

test('without a name it is host and port as typed', () => {
  assert.equal(ringName({ name: null, host: '10.0.0.1', port: '6379' }), '10.0.0.1:6379');
  assert.equal(ringName({ name: null, host: '::1', port: '6379' }), '::1:6379');
  assert.equal(ringName({ name: null, host: 'h', port: '06379' }), 'h:06379');
});

test('port 11211 is left out', () => {
  assert.equal(ringName({ name: null, host: '10.0.0.1', port: '11211' }), '10.0.0.1');
});

test('a unix socket keeps the colon before the weight', () => {
  assert.equal(ringName({ name: null, host: '/tmp/r.sock', port: null }), '/tmp/r.sock:');
});

test('shorter names come first, equal lengths by byte value', () => {
  const names = ['zeta', 'b', 'gamma', 'aa', 'Z', '', 'é'];
  const sorted = names.map((name) => Buffer.from(name)).sort(compareRingNames);
  assert.deepEqual(sorted.map(String), ['', 'Z', 'b', 'aa', 'é', 'zeta', 'gamma']);
  assert.equal(compareRingNames(Buffer.from('x'), Buffer.from('x')), 0);
});
