import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { matchesGlob } from '../../src/protocol/redis/replies/glob.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';

const matches = (pattern: string, text: string, ignoreCase = false): boolean =>
  matchesGlob(Buffer.from(pattern, 'latin1'), Buffer.from(text, 'latin1'), ignoreCase);

describe("Redis's globs", () => {
  let server: RealServer;
  let client: RespClient;

  before(async () => {
    server = await startRedis();
    client = await RespClient.open(server.port);
  });
  after(async () => {
    client.close();
    await server.stop();
  });

  test('random patterns choose what KEYS of a server chooses', async () => {
    let seed = 7;
    const next = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed >> 8) % below;
    };
    const word = (letters: string, longest: number): string =>
      Array.from({ length: 1 + next(longest) }, () => letters[next(letters.length)]).join('');
    const keys = [...new Set(Array.from({ length: 60 }, () => word('abcz-]\\^\xe9A', 6)))];
    for (const key of keys) await client.text('SET', Buffer.from(key, 'latin1'), '1');
    const patterns = Array.from({ length: 4000 }, () => word('abz*?[]^-\\\xe9Z', 9));
    patterns.push('[z-a]', '[', '[^', '[a', '[\\', 'a\\', '[a-', '[]a]', '[^]', '**a**');
    const replies = await client.pipeline(
      patterns.map((each) => ['KEYS', Buffer.from(each, 'latin1')]),
    );
    for (const [i, pattern] of patterns.entries()) {
      const chosen = (replies[i] as Buffer[]).map((key) => key.toString('latin1')).sort();
      const ours = keys.filter((key) => matches(pattern, key)).sort();
      assert.deepEqual(ours, chosen, JSON.stringify(pattern));
    }
  });

  test('many stars take steps in proportion', () => {
    const text = 'a'.repeat(2000);
    assert.equal(matches(`${'*a'.repeat(500)}*x`, text), false);
    assert.equal(matches(`${'*'.repeat(5000)}x`, text), false);
    assert.equal(matches('SAV[D-F]', 'save', true), true);
  });
});
