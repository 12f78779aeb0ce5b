import { readFileSync } from 'node:fs';
import { tagWord } from '../../src/distribution/hash-tag.ts';
import { buildRing, type DistributionName, type Ring } from '../../src/distribution/ring.ts';
import { compareRingNames, ringName } from '../../src/distribution/ring-name.ts';
import { HASH_NAMES, type HashName } from '../../src/hash/index.ts';

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

/** Name bytes and weights of the map's servers, in the order computed from their lines. */
export function serversOf(map: GoldenMap) {
  return map.servers.map(parseLine).sort((a, b) => compareRingNames(a.name, b.name));
}

export function ringOf(map: GoldenMap): Ring {
  const servers = serversOf(map);
  const live = servers.map((server) =>
    map.ejected?.includes(Buffer.from(server.name).toString()) ? 0 : 1,
  );
  return buildRing(servers, live, {
    hash: HASH_NAMES.indexOf(map.hash),
    distribution: map.distribution,
    tag: tagWord(map.hash_tag === undefined ? null : Buffer.from(map.hash_tag)),
  });
}

function parseLine(line: string) {
  const blank = line.lastIndexOf(' ');
  const name = blank < 0 ? null : line.slice(blank + 1);
  const address = blank < 0 ? line : line.slice(0, blank);
  const [, place, weight] = /^(.*):(\d+)$/.exec(address)!;
  const colon = place.lastIndexOf(':');
  const unix = place.startsWith('/');
  const text = ringName({
    name,
    host: unix ? place : place.slice(0, colon),
    port: unix ? null : place.slice(colon + 1),
  });
  return { name: Buffer.from(text), weight: Number(weight) };
}
