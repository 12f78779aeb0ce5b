import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { RingArena } from '../../src/proxy/engine/ring-arena.ts';
import { startInProcess } from '../support/ringway.ts';

describe('the part of the arena for rings', () => {
  test('gives pieces that do not touch each other, and takes them back', () => {
    const arena = new RingArena(1000, 300);
    const [a, b, c] = [arena.take(100), arena.take(100), arena.take(100)];
    assert.deepEqual([a?.at, b?.at, c?.at], [1000, 1100, 1200]);
    assert.equal(arena.take(1), null);
    arena.give(a as NonNullable<typeof a>);
    arena.give(c as NonNullable<typeof c>);
    assert.equal(arena.take(200), null, 'not in one piece');
    arena.give(b as NonNullable<typeof b>);
    assert.equal(arena.take(300)?.at, 1000);
  });

  test('a reload that needs more is refused with advice', async () => {
    const { ringway, port, stop } = await startInProcess({ servers: ['127.0.0.1:1'] });
    const config = (servers: number): Buffer => {
      const lines = Array.from(
        { length: servers },
        (_, i) => `    - 10.${i >> 8}.${i & 255}.1:1:1`,
      );
      return Buffer.from(
        `pool1:\n  listen: 127.0.0.1:${port}\n  redis: true\n  servers:\n${lines.join('\n')}`,
      );
    };
    await assert.rejects(ringway.reload(parseConfig(config(5000), 'x')), /a restart makes room/);
    const before = JSON.parse(ringway.stats());
    assert.ok('127.0.0.1:1' in before.pool1);
    await ringway.reload(parseConfig(config(1000), 'x'));
    const after = JSON.parse(ringway.stats());
    assert.equal('127.0.0.1:1' in after.pool1, false);
    assert.ok('10.3.231.1:1' in after.pool1);
    const { reloads, reloadErrors } = await ringway.status();
    assert.deepEqual([reloads, reloadErrors], [1, 1]);
    await stop();
  });
});
