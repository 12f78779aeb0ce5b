import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { joined, statisticsOf } from '../../../src/proxy/memcache/stats-sums.ts';
import { agreed } from '../../../src/proxy/routing/joined-figures.ts';

describe('statistics of several memcached servers', () => {
  test('counters are added up, whatever their size', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 1n << 64n }), { minLength: 1 }), (counts) => {
        const sum = counts.reduce((a, b) => a + b, 0n);
        assert.equal(joined('cmd_get', counts.map(String)), String(sum));
      }),
      { seed: 5 },
    );
  });

  test('of ages the largest counts, of sizes what all say, of times used the sum', () => {
    assert.equal(joined('items:3:age', ['7', '90', '8']), '90');
    assert.equal(joined('3:chunk_size', ['192', '192']), '192');
    assert.equal(joined('3:chunk_size', ['192', '240']), null);
    assert.equal(joined('rusage_user', ['1.500000', '2.250000']), '3.750000');
    assert.equal(joined('libevent', ['2.1', '2.1']), '2.1');
    assert.equal(joined('libevent', ['2.1', '2.0']), null);
    assert.equal(joined('bytes', ['1', 'many']), null);
    assert.equal(agreed(['yes', 'yes']), 'yes');
  });

  test('lines become names and values, in the order of the servers', () => {
    const replies = [
      'STAT a 1\r\nSTAT text of words\r\nSTAT bare\r\nEND\r\n',
      'STAT __proto__ 3\r\nSTAT a 2\r\nEND\r\n',
      'END\r\n',
    ];
    assert.deepEqual(
      [...statisticsOf(replies)],
      [
        ['a', ['1', '2']],
        ['text', ['of words']],
        ['bare', ['']],
        ['__proto__', ['3']],
      ],
    );
  });
});
