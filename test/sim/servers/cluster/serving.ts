import { addressText } from '../ask-link.ts';
import { failure } from '../redis/resp.ts';
import type { Membership } from './membership.ts';
import { keysOf, slotOf } from './slots.ts';

/** One client of a node, as far as its slots go. */
export interface SlotClient {
  /** ASKING was said just before. */
  asking: boolean;
  /** READONLY was said. */
  readsReplicas: boolean;
}

/** The node that is asked. */
export interface SlotServer {
  readonly membership: Membership;
  /** Not all slots are served, or most masters cannot be reached. */
  readonly isDown: boolean;
  has(key: string): boolean;
}

const CROSS_SLOT = failure("CROSSSLOT Keys in request don't hash to the same slot");
const NOT_SERVED = failure('CLUSTERDOWN Hash slot not served');
const DOWN = failure('CLUSTERDOWN The cluster is down');
const TRY_AGAIN = failure('TRYAGAIN Multiple keys request during rehashing of slot');
const READS = /^(GET|MGET|STRLEN|EXISTS|TTL|PTTL|TYPE|LLEN|LRANGE|LINDEX|GETRANGE|WATCH)$/;

/** One request, or all of a transaction. */
export type Asked = readonly (readonly [name: string, words: readonly Buffer[]])[];

/** Where a request is sent on to, as getNodeByQuery() decides; null = it is carried out here. */
export function redirectionOf(node: SlotServer, client: SlotClient, all: Asked): Buffer | null {
  const { membership } = node;
  const keys = all.flatMap(([name, words]) => keysOf(name, words));
  if (keys.length === 0) return null;
  const slots = new Set(keys.map(slotOf));
  if (slots.size > 1) return CROSS_SLOT;
  const [slot] = slots;
  const owner = membership.owners[slot];
  if (owner === null) return NOT_SERVED;
  const { me } = membership;
  if (node.isDown) return DOWN;
  const migratesTo = owner === me.id ? membership.migrating.get(slot) : undefined;
  const isImporting = membership.importing.has(slot);
  // Channels of a shard are nowhere before its slot has moved.
  const isShard = all.every(([name]) => /^S(PUBLISH|SUBSCRIBE)$/.test(name));
  const missing = isShard ? 0 : keys.filter((key) => !node.has(key)).length;
  if (migratesTo !== undefined && missing > 0) {
    return missing < keys.length ? TRY_AGAIN : placeOf('ASK', slot, membership, migratesTo);
  }
  if (isImporting && client.asking) return keys.length > 1 && missing > 0 ? TRY_AGAIN : null;
  const reads = all.every(([name]) => READS.test(name));
  if (client.readsReplicas && reads && me.master === owner) return null;
  return owner === me.id ? null : placeOf('MOVED', slot, membership, owner);
}

function placeOf(word: string, slot: number, { members }: Membership, id: string): Buffer {
  const member = members.get(id);
  if (member === undefined) return NOT_SERVED;
  return failure(`${word} ${slot} ${addressText(member.address)}`);
}
