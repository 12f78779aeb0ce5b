import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readProxyHeader } from '../../../src/net/peers/proxy-protocol.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const v2 = (rest: string): Buffer => Buffer.from(SIGNATURE + rest, 'hex');
const complete = (bytes: number, host?: string, port = 0) => ({
  kind: 'complete',
  bytes,
  peer: host === undefined ? null : { host, port },
});

const GOOD: readonly (readonly [header: Buffer, host?: string, port?: number])[] = [
  [Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.9 56324 443\r\n'), '192.0.2.1', 56324],
  [Buffer.from('PROXY TCP6 2001:db8::1 ::1 1 65535\r\n'), '2001:db8::1', 1],
  [Buffer.from('PROXY UNKNOWN\r\n')],
  [Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n')],
  [v2('2111000cc0000201c6336409dc0401bb'), '192.0.2.1', 56324],
  [v2(`21210024${'20010db8'}${'0'.repeat(23)}1${'0'.repeat(31)}1dc0401bb`), '2001:db8::1', 56324],
  [v2('20000000')],
  [v2('21000000')],
  [v2('20ff0003abcdef')], // LOCAL, whatever stands behind it
  [v2(`213100d8${'00'.repeat(216)}`)], // a unix socket
  [v2('2112000cc0000201c6336409dc0401bb')], // UDP
  [v2('2111000fc0000201c6336409dc0401bb030000'), '192.0.2.1', 56324], // with a TLV
  [v2(`21110ff0c0000201c6336409dc0401bb${'00'.repeat(0xff0 - 12)}`), '192.0.2.1', 56324],
];

const BAD: readonly Buffer[] = [
  Buffer.from('GET / HTTP/1.1\r\n'),
  Buffer.from('*1\r\n$4\r\nPING\r\n'),
  Buffer.from('PROXY\r\n'),
  Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.9 56324\r\n'),
  Buffer.from('PROXY TCP4 ::1 ::1 1 1\r\n'),
  Buffer.from('PROXY TCP6 192.0.2.1 198.51.100.9 1 1\r\n'),
  Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.9 65536 443\r\n'),
  Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.9 01 443\r\n'),
  Buffer.from('PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n'),
  Buffer.from('PROXY TCP6 ::1 fe80::1%1 1 1\r\n'),
  Buffer.from('PROXY UNKNOWNS\r\n'),
  Buffer.from(`PROXY UNKNOWN ${'x'.repeat(107)}`),
  v2('1111000cc0000201c6336409dc0401bb'), // version 1
  v2('2211000cc0000201c6336409dc0401bb'), // a command that there is not
  v2('2141000cc0000201c6336409dc0401bb'), // a family that there is not
  v2('2113000cc0000201c6336409dc0401bb'), // a transport that there is not
  v2('2111000bc0000201c6336409dc0401bb'), // too short for its family
  v2('21210023'),
  v2('21110ff1'), // longer than is read
  v2('2111ffff'),
];

describe('a PROXY header', () => {
  for (const [header, host, port] of GOOD) {
    test(`is read at every split: ${header.toString('latin1').slice(0, 30)}`, () => {
      for (let i = 0; i < header.length; i++) {
        assert.equal(readProxyHeader(header.subarray(0, i)).kind, 'incomplete', `${i} bytes`);
      }
      const behind = Buffer.concat([header, Buffer.from('PING\r\n')]);
      for (const bytes of [header, behind]) {
        assert.deepEqual(readProxyHeader(bytes), complete(header.length, host, port));
      }
    });
  }

  test('that is none is told from one that has not come yet', () => {
    for (const bytes of BAD) {
      assert.equal(readProxyHeader(bytes).kind, 'malformed', bytes.toString('latin1').slice(0, 60));
    }
    for (let i = 0; i < 256; i++) {
      const wanted = i === 0x0d || i === 0x50 ? 'incomplete' : 'malformed';
      assert.equal(readProxyHeader(Buffer.from([i])).kind, wanted, String(i));
    }
  });
});
