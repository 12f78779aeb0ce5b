import { writePool } from '../../src/distribution/pool-descriptor.ts';
import { buildRing } from '../../src/distribution/ring.ts';
import { SLOTS } from '../../src/distribution/slots.ts';
import type { Codec } from '../../src/protocol/codec.ts';
import { TEST_POOL_SLOTS } from './codec-all.ts';
import { replay } from './codec-replay.ts';

/** In the test pool of slots each slot is a server of its own from now on. */
export function useSlotsAsServers(codec: Codec): void {
  const owners = Uint16Array.from({ length: SLOTS }, (_, slot) => slot);
  const servers = ['a', 'b'].map((name) => ({ name: Buffer.from(name), weight: 1 }));
  const options = { hash: 0, distribution: 'slots', tag: 0, owners } as const;
  writePool(codec.arena.words, TEST_POOL_SLOTS, buildRing(servers, [1, 1], options));
}

/** A key, as latin1, and what it is set to; null = it is asked for. */
export type KeyRequest = readonly [key: string, value: string | null];

/** The slots of keys that come in one read, each in a request of its own. */
export function slotsOf(codec: Codec, requests: readonly KeyRequest[]): number[] {
  const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
  const texts = requests.map(([key, value]) =>
    value === null
      ? `*2\r\n${bulk('GET')}${bulk(key)}`
      : `*3\r\n${bulk('SET')}${bulk(key)}${bulk(value)}`,
  );
  const input = Buffer.from(texts.join(''), 'latin1');
  const { frames } = replay(codec, 'requests', [input], { pool: TEST_POOL_SLOTS });
  return frames.map(({ server }) => server);
}
