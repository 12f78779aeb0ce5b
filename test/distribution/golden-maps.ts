import { readFileSync } from 'node:fs';
import { type PoolConfig, parseConfig } from '../../src/config/index.ts';
import type { DistributionName } from '../../src/distribution/names.ts';
import type { Ring } from '../../src/distribution/ring.ts';
import type { HashName } from '../../src/hash/index.ts';
import { ringOf as ringOfPool } from '../../src/proxy/pool/pool-ring.ts';

/** Keys and the servers that a real nutcracker sent them to. */
interface GoldenFile {
  readonly keySets: readonly (readonly string[])[];
  readonly maps: readonly GoldenMap[];
}

export interface GoldenMap {
  readonly name: string;
  readonly hash: HashName;
  readonly distribution: DistributionName;
  /** Server lines as configured. */
  readonly servers: readonly string[];
  readonly hash_tag?: string;
  /** Ring names of the servers that were down. */
  readonly ejected?: readonly string[];
  /** Ring names in internal order. */
  readonly order: readonly string[];
  /** Which of the key sets. */
  readonly keys: number;
  /** Server index per key. */
  readonly to: readonly number[];
}

const path = new URL('../../../test/golden/maps.json', import.meta.url);
const golden = JSON.parse(readFileSync(path, 'utf8')) as GoldenFile;
const keySets = golden.keySets.map((keys) => keys.map((key) => Buffer.from(key, 'base64')));

export const goldenMaps = golden.maps;

export function keysOf(map: GoldenMap): readonly Uint8Array[] {
  return keySets[map.keys];
}

/** The file's pool that the recorded nutcracker had. */
export function poolOf({ hash, distribution, hash_tag, servers }: GoldenMap): PoolConfig {
  const file = [
    'p:',
    '  listen: 127.0.0.1:1',
    '  redis: true',
    `  hash: ${hash}`,
    `  distribution: ${distribution}`,
    ...(hash_tag === undefined ? [] : [`  hash_tag: ${JSON.stringify(hash_tag)}`]),
    '  servers:',
    ...servers.map((line) => `   - ${JSON.stringify(line)}`),
  ];
  return parseConfig(Buffer.from(file.join('\n')), `${hash}.yml`).pools[0];
}

/** Ring names of the map's servers, in the order that the configuration gives them. */
export function namesOf(map: GoldenMap): readonly string[] {
  return poolOf(map).servers.map(({ ringName }) => Buffer.from(ringName, 'latin1').toString());
}

/** The ring of the map's servers but those that were down, as a pool has it. */
export function ringOf(map: GoldenMap): Ring {
  const live = namesOf(map).map((name) => (map.ejected?.includes(name) ? 0 : 1));
  return ringOfPool(poolOf(map), live);
}
