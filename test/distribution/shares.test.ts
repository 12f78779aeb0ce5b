import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { movedKeys, ownerOf, sampleKeys } from '../../src/distribution/moved.ts';
import { buildRing, DISTRIBUTION_NAMES, type Ring } from '../../src/distribution/ring.ts';
import { placeOf, ringShares } from '../../src/distribution/shares.ts';
import { HASH_NAMES } from '../../src/hash/index.ts';

type Distribution = (typeof DISTRIBUTION_NAMES)[number];

function ringOf(names: readonly string[], distribution: Distribution, hash = 'fnv1a_64'): Ring {
  const servers = names.map((name) => ({ name: Buffer.from(name), weight: 1 }));
  return buildRing(servers, new Uint8Array(names.length).fill(1), {
    hash: HASH_NAMES.indexOf(hash as (typeof HASH_NAMES)[number]),
    distribution,
    tag: 0,
  });
}

const FOUR = ['a', 'b', 'c', 'd'];
const FIVE = [...FOUR, 'e'];

describe('shares of a ring', () => {
  for (const distribution of DISTRIBUTION_NAMES) {
    for (const hash of ['fnv1a_64', 'crc32'] as const) {
      test(`${distribution} ${hash}: add up to one`, () => {
        const shares = ringShares(ringOf(FOUR, distribution, hash), 4, hash);
        assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
        if (distribution !== 'ketama') assert.deepEqual(shares, [0.25, 0.25, 0.25, 0.25]);
      });
    }
  }

  test('ketama: agree with where keys go', () => {
    const ring = ringOf(FOUR, 'ketama', 'md5');
    const shares = ringShares(ring, 4, 'md5');
    const counts = [0, 0, 0, 0];
    const named = { ring, names: FOUR };
    for (const key of sampleKeys(20_000)) counts[FOUR.indexOf(ownerOf(named, key) ?? '')]++;
    shares.forEach((share, i) => {
      assert.ok(Math.abs(share - counts[i] / 20_000) < 0.02);
    });
  });

  test('no live server: no place', () => {
    const servers = FOUR.map((name) => ({ name: Buffer.from(name), weight: 1 }));
    const ring = buildRing(servers, [0, 0, 0, 0], { hash: 1, distribution: 'ketama', tag: 0 });
    assert.equal(placeOf(ring, 7), null);
  });
});

describe('moved keys', () => {
  test('ketama: a server added takes its share, and only it gets keys', () => {
    const before = { ring: ringOf(FOUR, 'ketama', 'md5'), names: FOUR };
    const after = { ring: ringOf(FIVE, 'ketama', 'md5'), names: FIVE };
    const moved = movedKeys(before, after, sampleKeys(20_000));
    assert.ok(moved.share > 0.14 && moved.share < 0.27, String(moved.share));
    for (const server of moved.servers) {
      if (server.name !== 'e') assert.equal(server.in, 0);
      else assert.equal(server.in, moved.share);
    }
  });

  test('modula: a server added moves most keys', () => {
    const before = { ring: ringOf(FOUR, 'modula'), names: FOUR };
    const after = { ring: ringOf(FIVE, 'modula'), names: FIVE };
    const { share } = movedKeys(before, after, sampleKeys(20_000));
    assert.ok(share > 0.75 && share < 0.85, String(share));
  });

  test('the same ring moves nothing', () => {
    const ring = { ring: ringOf(FOUR, 'ketama'), names: FOUR };
    assert.equal(movedKeys(ring, ring, sampleKeys(1000)).share, 0);
  });
});
