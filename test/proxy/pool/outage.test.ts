import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Loss, Outage } from '../../../src/proxy/pool/outage.ts';

const REFUSED: Loss = {
  away: true,
  text: 'failed: Connection refused',
  reason: 'Connection refused',
  lost: 1,
  told: false,
};

function outage(): { readonly outage: Outage; readonly lines: string[] } {
  const lines: string[] = [];
  return { outage: new Outage((_level, text) => void lines.push(text)), lines };
}

describe('what the log says of an outage', () => {
  test('a line when a server goes, one a minute, one when it is back', () => {
    const { outage: it, lines } = outage();
    for (let second = 10; second <= 135; second++) it.onFailure(second * 1000, REFUSED);
    it.onRefused();
    it.onBack(140_000, false);
    assert.deepEqual(lines, [
      'failed: Connection refused; 1 request got an error',
      'is away for 60.0 s: it failed: Connection refused; 60 more failures, 60 requests got an error',
      'is away for 120.0 s: it failed: Connection refused; 60 more failures, 60 requests got an error',
      'is reachable again after 130.0 s; 127 requests failed',
    ]);
  });

  test('connections lost by a server that is there: one line a second', () => {
    const { outage: it, lines } = outage();
    const closed = { ...REFUSED, text: 'closed the connection', reason: 'unknown', lost: 0 };
    for (let at = 1000; at < 3000; at += 250) it.onFailure(at, { ...closed, away: false });
    it.onBack(3000, false);
    assert.deepEqual(lines, [
      'closed the connection; no requests got an error',
      'closed the connection; no requests got an error (and 3 times more)',
      'is reachable again; no requests failed',
    ]);
  });

  test('that it goes is told at once, whatever was told before', () => {
    const { outage: it, lines } = outage();
    it.onFailure(1000, { ...REFUSED, away: false, text: 'closed the connection' });
    it.onFailure(1001, REFUSED);
    it.onFailure(1002, REFUSED);
    assert.equal(lines.length, 2);
  });

  test('what another line says is not said again, and each outage is told anew', () => {
    const { outage: it, lines } = outage();
    it.onFailure(1000, { ...REFUSED, away: true, told: true });
    it.onBack(2000, true);
    assert.deepEqual(lines, []);
    it.onFailure(2001, REFUSED);
    it.onBack(2002, false);
    it.onFailure(2003, REFUSED);
    assert.equal(lines.length, 3);
  });
});
