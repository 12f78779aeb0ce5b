import fc from 'fast-check';
import type { RingServer } from '../../src/distribution/ring.ts';

/** A server's weight: mostly small, sometimes up to the limit. */
export const weights = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 ** 31 - 1 }) },
);

/** 1 to `maxServers` servers with weights, and which of them are live. */
export function pools(maxServers: number) {
  return fc
    .array(fc.record({ weight: weights, live: fc.constantFrom(1, 1, 1, 0) }), {
      minLength: 1,
      maxLength: maxServers,
    })
    .map((entries) => ({
      servers: entries.map(({ weight }, i) => namedServer(i, weight)),
      live: entries.map(({ live }) => live),
    }));
}

export const hashes = fc.integer({ min: 0, max: 11 });
export const keys = fc.uint8Array({ maxLength: 60 });

export function namedServer(i: number, weight: number): RingServer {
  return { name: Buffer.from(`10.0.${i >> 8}.${i & 255}:6379`), weight };
}

export function equalServers(count: number): RingServer[] {
  return Array.from({ length: count }, (_, i) => namedServer(i, 1));
}
