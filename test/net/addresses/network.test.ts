import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { networkOf } from '../../../src/net/addresses/network.ts';

describe('whose an address is', () => {
  test('one of IPv4 is one by itself, in either form', () => {
    assert.equal(networkOf('10.0.0.1'), '10.0.0.1');
    assert.equal(networkOf('::ffff:10.0.0.1'), '10.0.0.1');
  });

  test('one of IPv6 is one of its network, however it is written', () => {
    const cases = [
      ['2001:db8:1:2::1', '2001:db8:1:2::'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
      ['2001:db8::5', '2001:db8:0:0::'],
      ['2001:db8::3:4:5:6:7', '2001:db8:0:3::'],
      ['fe80::1%eth0', 'fe80:0:0:0::'],
      ['::1', '0:0:0:0::'],
      ['::', '0:0:0:0::'],
    ];
    for (const [address, network] of cases) assert.equal(networkOf(address), network, address);
    assert.notEqual(networkOf('2001:db8:1:2::1'), networkOf('2001:db8:1:3::1'));
  });

  test('what is no address stands for itself', () => {
    for (const text of ['', 'somewhere', '%', ':']) assert.equal(networkOf(text), text);
  });
});
