import { crc16 } from '../hash/crc16.ts';
import { hashTagged, tagWord } from './hash-tag.ts';

/** Slots of a Redis Cluster. */
export const SLOTS = 16384;
/** A slot of which no server is known to have it. */
export const NO_OWNER = 0xffff;
/** What Redis Cluster hashes of a key: the bytes between the first `{` and the next `}`, if any. */
const SLOT_TAG: number = tagWord(Uint8Array.of(0x7b, 0x7d));

/** @returns the slot of the key in [start, end), as CLUSTER KEYSLOT says it */
export function keySlot(bytes: Uint8Array, start: number, end: number): number {
  return hashTagged(crc16, bytes, start, end, SLOT_TAG) & (SLOTS - 1);
}

/**
 * Owners of all slots when `servers` share them equally, each a range, as `redis-cli --cluster
 * create` deals them out.
 * @param servers server indexes; none = no slot has an owner
 */
export function equalSlots(servers: readonly number[]): Uint16Array {
  const owners = new Uint16Array(SLOTS).fill(NO_OWNER);
  servers.forEach((server, i) => {
    const from = Math.round((i * SLOTS) / servers.length);
    owners.fill(server, from, Math.round(((i + 1) * SLOTS) / servers.length));
  });
  return owners;
}
