import { createHash } from 'node:crypto';
import { keySlot, SLOTS } from '../../../distribution/slots.ts';
import { CLUSTER_VIEW_IDS } from '../../../limits.ts';
import {
  arrayReply,
  bulkText,
  encodeRequest,
  integerReply,
  mapReply,
} from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { laneOf } from '../../pool/lanes.ts';
import { forwardBytes } from '../../routing/forward.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import type { Local, Words } from '../words.ts';

type SlotRange = readonly [first: number, last: number];

/** A proxy as a cluster-aware client sees it: a master with some of the slots. */
interface ViewedNode {
  readonly host: string;
  readonly port: number;
  readonly id: string;
  readonly ranges: readonly SlotRange[];
  /** It is the one that answers. */
  readonly isMe: boolean;
}

const ids: Map<string, string> = new Map();

/** The id of a node: the same in all proxies. */
function idOf(address: string): string {
  let id = ids.get(address);
  if (id === undefined) {
    if (ids.size >= CLUSTER_VIEW_IDS) ids.clear();
    id = createHash('sha1').update(address).digest('hex');
    ids.set(address, id);
  }
  return id;
}

/**
 * What a client is told of the cluster: the proxies that the configuration announces share all
 * slots; without any, the address that the client has reached has them all. Null = there is none.
 */
function viewOf({ socket, pool }: ClientConnection): readonly ViewedNode[] | null {
  const { localAddress, localPort } = socket;
  const { doors } = pool;
  const { announce } = pool.config;
  const isKnown = localAddress !== undefined && localPort !== undefined;
  const own = isKnown ? [{ host: plainAddress(localAddress), port: localPort }] : [];
  const given = announce.length > 0 ? announce : own;
  // Each proxy names itself first; all must come to the same parts.
  const all = given.map(({ host, port }) => ({ host, port, address: `${host}:${port}` }));
  const [me] = all;
  all.sort((a, b) => (a.address < b.address ? -1 : 1));
  if (me === undefined) return null;
  const view: (ViewedNode & { readonly ranges: SlotRange[] })[] = [];
  for (const [i, door] of all.entries()) {
    // What one that is gone had, the next one has.
    const { host, port } = announce.length > 0 ? doors.heirOf(door) : door;
    const id = idOf(`${host}:${port}`);
    const first = Math.round((i * SLOTS) / all.length);
    const last = Math.round(((i + 1) * SLOTS) / all.length) - 1;
    const known = view.find((node) => node.id === id);
    if (known !== undefined) known.ranges.push([first, last]);
    else view.push({ host, port, id, ranges: [[first, last]], isMe: id === idOf(me.address) });
  }
  return view;
}

/** IPv4 that came in by an IPv6 socket, as others write it. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
}

type Show = (view: readonly ViewedNode[], client: ClientConnection) => Buffer;

const slots: Show = (view) =>
  arrayReply(
    view.flatMap(({ host, port, id, ranges }) =>
      ranges.map(([first, last]) =>
        arrayReply([
          integerReply(first),
          integerReply(last),
          arrayReply([bulkText(host), integerReply(port), bulkText(id), arrayReply([])]),
        ]),
      ),
    ),
  );

const shards: Show = (view, client) => {
  const { resp } = laneOf(client);
  const map = (fields: readonly (readonly [string, Buffer])[]): Buffer =>
    mapReply(
      fields.map(([name, value]) => [bulkText(name), value]),
      resp,
    );
  return arrayReply(
    view.map(({ host, port, id, ranges }) =>
      map([
        ['slots', arrayReply(ranges.flat().map(integerReply))],
        [
          'nodes',
          arrayReply([
            map([
              ['id', bulkText(id)],
              ['port', integerReply(port)],
              ['ip', bulkText(host)],
              ['endpoint', bulkText(host)],
              ['role', bulkText('master')],
              ['replication-offset', integerReply(1)],
              ['health', bulkText('online')],
            ]),
          ]),
        ],
      ]),
    ),
  );
};

const nodes: Show = (view) =>
  bulkText(
    view
      .map(({ host, port, id, ranges, isMe }, i) => {
        const flags = isMe ? 'myself,master' : 'master';
        const slots = ranges.map(([first, last]) => `${first}-${last}`).join(' ');
        return `${id} ${host}:${port}@${port} ${flags} - 0 0 ${i + 1} connected ${slots}\n`;
      })
      .join(''),
  );

const myId: Show = (view) => bulkText(view.find(({ isMe }) => isMe)?.id ?? '');

/** The state of the pool, in Redis's words. */
const info: Show = (view, { pool }) => {
  const owned = pool.slots?.owned ?? SLOTS;
  const fields = {
    cluster_state: owned === SLOTS ? 'ok' : 'fail',
    cluster_slots_assigned: owned,
    cluster_slots_ok: owned,
    cluster_slots_pfail: 0,
    cluster_slots_fail: 0,
    cluster_known_nodes: view.length,
    cluster_size: view.length,
    cluster_current_epoch: view.length,
    cluster_my_epoch: view.findIndex(({ isMe }) => isMe) + 1,
    cluster_stats_messages_sent: 0,
    cluster_stats_messages_received: 0,
    total_cluster_links_buffer_limit_exceeded: 0,
  };
  return bulkText(
    Object.entries(fields)
      .map(([name, value]) => `${name}:${value}\r\n`)
      .join(''),
  );
};

const nothing: Show = () => arrayReply([]);

const SHOWN: Readonly<Record<string, readonly [words: number, show: Show]>> = {
  SLOTS: [2, slots],
  SHARDS: [2, shards],
  NODES: [2, nodes],
  INFO: [2, info],
  MYID: [2, myId],
  MYSHARDID: [2, myId],
  LINKS: [2, nothing],
  REPLICAS: [3, nothing],
  SLAVES: [3, nothing],
};

/** Subcommands that are asked of the node that has a slot, and their words. */
const OF_SLOT: Readonly<Record<string, number>> = { COUNTKEYSINSLOT: 3, GETKEYSINSLOT: 4 };

/** CLUSTER: cluster-aware clients see the proxies as all nodes that there are. */
export const cluster: Local = (request, words) => {
  const { client } = request;
  if (!client.pool.config.clusterView) return answer(client, replies.NO_CLUSTER);
  const name = words.text(1).toUpperCase();
  const wrong = (): true => answer(client, replies.wrongArity(`CLUSTER|${name}`));
  if (name === 'KEYSLOT') {
    if (words.count !== 3) return wrong();
    const key = words.copy(2);
    return answer(client, integerReply(keySlot(key, 0, key.length)));
  }
  if (Object.hasOwn(OF_SLOT, name)) {
    return words.count === OF_SLOT[name] ? askOwner(request, words, name) : wrong();
  }
  if (!Object.hasOwn(SHOWN, name)) return answer(client, replies.administersNode(words.text(1)));
  const [count, show] = SHOWN[name];
  if (words.count !== count) return wrong();
  const view = viewOf(client);
  return answer(client, view === null ? replies.NOT_ANNOUNCED : show(view, client));
};

function askOwner(request: SpecialRequest, words: Words, name: string): boolean {
  const { client } = request;
  const { slots: known } = client.pool;
  if (known === null) return answer(client, replies.administersNode(name));
  const slot = words.text(2);
  if (!/^\d{1,5}$/.test(slot) || Number(slot) >= SLOTS) {
    return answer(client, replies.INVALID_SLOT);
  }
  return forwardBytes(request, known.serverOf(Number(slot)), encodeRequest(words.copies(0)));
}

/** READONLY, READWRITE, ASKING: nothing that a client could ask for by them is different here. */
export const granted: Local = ({ client }) =>
  answer(client, client.pool.config.clusterView ? replies.OK : replies.NO_CLUSTER);
