import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { LogFields } from '../../src/log.ts';
import { GONE } from '../../src/net/tls-server.ts';
import type { Pool } from '../../src/proxy/pool/pool.ts';
import { type GateOwner, TlsGate } from '../../src/proxy/tls-gate.ts';
import { TLS_FAILURES } from '../../src/stats/counters.ts';

const there = { remoteAddress: '10.0.0.7', remotePort: 4711 } as Socket;

/** A gate, and what it has told the log. */
function gateOf() {
  const told: (readonly [message: string, fields: LogFields | undefined])[] = [];
  const write = (_level: number, message: string, fields?: LogFields) =>
    void told.push([message, fields]);
  const counters: Record<number, number> = { [TLS_FAILURES]: 0 };
  const pool = { config: { name: 'shop' }, counters, engine: { log: { write } } };
  const gate = new TlsGate(pool as unknown as Pool, {} as GateOwner);
  return { gate, told, counters };
}

describe('a TLS handshake that fails', () => {
  test('is told with pool and client, once for many', () => {
    const { gate, told, counters } = gateOf();
    gate.onFailure(there, 'it speaks no TLS');
    gate.onFailure(there, 'it speaks no TLS');
    assert.deepEqual(told, [
      [
        'pool shop: the TLS handshake of client 10.0.0.7:4711 failed: it speaks no TLS',
        { pool: 'shop', client: '10.0.0.7:4711' },
      ],
    ]);
    assert.equal(counters[TLS_FAILURES], 2);
  });

  test('is told apart from a client that only looked whether somebody listens', () => {
    const { gate, told } = gateOf();
    gate.onFailure({} as Socket, GONE);
    assert.deepEqual(told, [
      [
        'pool shop: client without an address left before its TLS handshake was done',
        { pool: 'shop', client: 'without an address' },
      ],
    ]);
  });
});
