import { CLUSTER_NODES } from '../../limits.ts';
import { type Address, addressOf } from '../facts.ts';
import type { Reply } from '../reply-reader.ts';

/** Slots of a Redis Cluster. */
export const SLOTS = 16384;
/** Words of a line of CLUSTER NODES before its slots. */
const HEAD = 8;
const ID = /^[0-9a-f]{40}$/;
const EPOCH = /^\d{1,16}$/;
const RANGE = /^(\d{1,5})(?:-(\d{1,5}))?$/;

/** The first and the last slot of several in a row. */
export type SlotRange = readonly [first: number, last: number];

/** A node of a Redis Cluster. */
export interface ClusterNode extends Address {
  readonly id: string;
  /** The id of the master that it follows; null for a master. */
  readonly master: string | null;
  /** Of the configuration by which it has its slots; a newer one is higher. */
  readonly epoch: number;
  /** The cluster holds that it is gone. */
  readonly failed: boolean;
  readonly slots: readonly SlotRange[];
}

/** What one node says about all. */
export interface NodesView {
  /** The id of the one that says it. */
  readonly me: string;
  readonly nodes: readonly ClusterNode[];
}

/**
 * What CLUSTER NODES says, with the endpoints that CLUSTER SLOTS gives clients; null when it says
 * nothing that can be used, such as one slot twice: it would be counted as often as a line can say
 * so. Nodes without an address, or that are only met, are left out.
 * @param asked the address of the node that answers: one without a name stands for it
 */
export function nodesView(nodes: Reply, slots: Reply, asked: Address): NodesView | null {
  if (typeof nodes !== 'string') return null;
  const endpoints = endpointsOf(slots, asked);
  const found = new Map<string, ClusterNode>();
  let me = '';
  let given = 0;
  for (const line of nodes.split('\n', CLUSTER_NODES)) {
    const words = line.split(' ', HEAD + SLOTS);
    if (words.length < HEAD || !ID.test(words[0])) continue;
    const flags = words[2].split(',', 16);
    const isMe = flags.includes('myself');
    const node = nodeOf(words, flags, isMe ? asked : null, endpoints);
    if (isMe) me = words[0];
    if (node === null) continue;
    given += slotCount(node);
    if (given > SLOTS) return null;
    found.set(node.id, node);
  }
  if (!found.has(me)) return null;
  return { me, nodes: [...found.values()] };
}

function nodeOf(
  words: readonly string[],
  flags: readonly string[],
  asked: Address | null,
  endpoints: ReadonlyMap<string, Address>,
): ClusterNode | null {
  if (flags.includes('noaddr') || flags.includes('handshake')) return null;
  const [id, place, , master, , , epoch] = words;
  const address = endpoints.get(id) ?? placeOf(place, asked);
  if (address === null || !EPOCH.test(epoch)) return null;
  return {
    id,
    ...address,
    master: ID.test(master) ? master : null,
    epoch: Number(epoch),
    failed: flags.includes('fail'),
    slots: rangesOf(words),
  };
}

/** `host:port@busport,hostname`; a node that does not know its own host, or port, is `asked`. */
function placeOf(place: string, asked: Address | null): Address | null {
  const [, host = '', port = ''] = /^(.*):(\d{1,5})(?:@|$)/.exec(place.split(',', 1)[0]) ?? [];
  const known = addressOf(host === '' && asked !== null ? asked.host : host, port);
  return known ?? (host === '' ? asked : null);
}

/** How many slots a node has. */
export function slotCount({ slots }: Pick<ClusterNode, 'slots'>): number {
  let count = 0;
  for (const [first, last] of slots) count += last - first + 1;
  return count;
}

/** Slots that a node has; those that it gives away or gets are in brackets. */
function rangesOf(words: readonly string[]): SlotRange[] {
  const ranges: SlotRange[] = [];
  for (let i = HEAD; i < words.length; i++) {
    const match = RANGE.exec(words[i]);
    if (match === null) continue;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first <= last && last < SLOTS) ranges.push([first, last]);
  }
  return ranges;
}

/** Where clients are to reach the nodes that CLUSTER SLOTS lists, by their ids. */
function endpointsOf(slots: Reply, asked: Address): ReadonlyMap<string, Address> {
  const endpoints = new Map<string, Address>();
  if (!Array.isArray(slots)) return endpoints;
  for (const row of slots) {
    if (!Array.isArray(row)) continue;
    for (const each of row.slice(2)) {
      if (!Array.isArray(each)) continue;
      const [host, port, id] = each;
      if (typeof port !== 'string' || typeof id !== 'string' || endpoints.has(id)) continue;
      // Nothing, or null, says: where you asked. A question mark says that nobody knows.
      const known = host === null || host === '' ? asked.host : host;
      const address = typeof known === 'string' ? addressOf(known, port) : null;
      if (address !== null && ID.test(id)) endpoints.set(id, address);
    }
  }
  return endpoints;
}
