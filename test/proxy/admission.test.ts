import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { isProtectedFrom, unlisted } from '../../src/proxy/admission.ts';
import type { Pool } from '../../src/proxy/pool/pool.ts';

function pool(...keys: string[]): Pool {
  const lines = keys.map((key) => `  ${key}\n`).join('');
  const text = `p:\n  listen: 127.0.0.1:1\n  redis: true\n${lines}  servers:\n  - h:1:1\n`;
  const [config] = parseConfig(Buffer.from(text), 'f.yml').pools;
  return { config } as Pool;
}

const from = (remoteAddress: string | undefined) => ({ remoteAddress }) as Socket;

describe('lists of addresses', () => {
  const both = pool('allow_clients: 10.0.0.0/8, fd00::/8', 'deny_clients: 10.9.0.0/16');

  test('let in who is allowed and not denied, in either form of an address', () => {
    const cases: readonly (readonly [address: string | undefined, why: RegExp | null])[] = [
      ['10.1.2.3', null],
      ['::ffff:10.1.2.3', null],
      ['fd00::1', null],
      ['10.9.1.1', /^deny_clients/],
      ['::ffff:10.9.1.1', /^deny_clients/],
      ['192.168.0.1', /^allow_clients/],
      ['fe80::1%eth0', /^allow_clients/],
      ['nonsense', /^allow_clients/],
      [undefined, null],
    ];
    for (const [address, why] of cases) {
      const found = unlisted(both, from(address));
      if (why === null) assert.equal(found, null, address);
      else assert.match(found ?? 'let in', why, address);
    }
  });

  test('keep out one of the network that has no address any more', () => {
    const gone = { remoteAddress: undefined, localAddress: '10.0.0.1' } as unknown as Socket;
    assert.match(unlisted(both, gone) ?? 'let in', /its address/);
    assert.equal(unlisted(pool(), gone), null);
    assert.equal(isProtectedFrom(pool('protected_mode: true'), gone), true);
    assert.equal(isProtectedFrom(pool(), gone), false);
  });

  test('are absent: everybody is let in', () => {
    assert.equal(unlisted(pool(), from('203.0.113.9')), null);
  });
});

describe('protected mode', () => {
  test('lets in clients of this machine, and others where something else decides', () => {
    const on = pool('protected_mode: true');
    for (const here of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', undefined]) {
      assert.equal(isProtectedFrom(on, from(here)), false, here);
    }
    for (const away of ['10.0.0.1', '::ffff:10.0.0.1', 'fe80::1']) {
      assert.equal(isProtectedFrom(on, from(away)), true, away);
      assert.equal(isProtectedFrom(pool(), from(away)), false, away);
      const login = pool('protected_mode: true', 'client_auth: secret');
      assert.equal(isProtectedFrom(login, from(away)), false, away);
      const listed = pool('protected_mode: true', 'allow_clients: 10.0.0.0/8');
      assert.equal(isProtectedFrom(listed, from(away)), false, away);
    }
    const open = pool('protected_mode: true', 'redis_auth: a', 'client_auth_required: false');
    assert.equal(isProtectedFrom(open, from('10.0.0.1')), true);
  });
});
