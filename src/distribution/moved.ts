import { hashByIndex } from '../hash/index.ts';
import { hashTagged } from './hash-tag.ts';
import type { Ring } from './ring.ts';
import { placeOf } from './shares.ts';

/** A ring, and what its servers are called: a key stays when the name stays. */
export interface NamedRing {
  readonly ring: Ring;
  readonly names: readonly string[];
}

/** What happens to the keys of one server. Shares of all keys, 0 to 1. */
export interface MovedServer {
  readonly name: string;
  before: number;
  after: number;
  /** Keys that it gives away, and keys that it gets. */
  out: number;
  in: number;
}

/** How many keys go elsewhere in another ring. */
export interface Moved {
  /** Share of the keys that change their server. */
  readonly share: number;
  readonly servers: readonly MovedServer[];
}

/** Server of a key; null when no server is live or the choice is random. */
export function ownerOf({ ring, names }: NamedRing, key: Uint8Array): string | null {
  const h = hashTagged(hashByIndex(ring.hash), key, 0, key.length, ring.tag);
  const place = placeOf(ring, h);
  return place === null ? null : names[place.server];
}

/** Which keys change their server between two rings. Keys without a server count as `-`. */
export function movedKeys(before: NamedRing, after: NamedRing, keys: Iterable<Uint8Array>): Moved {
  const servers = new Map<string, MovedServer>();
  const named = (name: string): MovedServer => {
    const found = servers.get(name) ?? { name, before: 0, after: 0, out: 0, in: 0 };
    servers.set(name, found);
    return found;
  };
  for (const name of [...before.names, ...after.names]) named(name);
  let total = 0;
  let moved = 0;
  for (const key of keys) {
    total++;
    const from = named(ownerOf(before, key) ?? '-');
    const to = named(ownerOf(after, key) ?? '-');
    from.before++;
    to.after++;
    if (from === to) continue;
    moved++;
    from.out++;
    to.in++;
  }
  const scale = total === 0 ? 0 : 1 / total;
  for (const server of servers.values()) {
    server.before *= scale;
    server.after *= scale;
    server.out *= scale;
    server.in *= scale;
  }
  return { share: moved * scale, servers: [...servers.values()] };
}

/** Sample keys, always the same: `key:0`, `key:1`, … */
export function* sampleKeys(count: number): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) yield Buffer.from(`key:${i}`);
}
