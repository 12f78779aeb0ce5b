import { NO_SERVER } from '../../../protocol/frame-table.ts';
import { arrayReply, bulkText, encodeRequest } from '../../../protocol/redis/replies/encode.ts';
import { parseUnsigned } from '../../../protocol/redis/replies/integers.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import {
  bulkOf,
  elementsOf,
  listOf,
  withoutAttributes,
} from '../../../protocol/redis/replies/reply-parts.ts';
import {
  nextCursor,
  nextSlotCursor,
  parseCursor,
  parseSlotCursor,
} from '../../../protocol/redis/replies/scan-cursor.ts';
import type { ClusterSlots } from '../../pool/slots/cluster-slots.ts';
import { forward, forwardBytes } from '../../routing/forward.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { joinServers, mustBeAlone } from '../server-answers.ts';
import type { Words } from '../words.ts';

/**
 * SCAN: one server after the other; the cursor says which one and where. Servers that are not in
 * the ring are left out.
 */
export function scan(request: SpecialRequest, words: Words): boolean {
  const { client } = request;
  if (client.pool.slots !== null) return scanSlots(request, words, client.pool.slots);
  const { servers, health } = client.pool;
  // SRV records list nobody yet.
  if (servers.length === 0) return forward(request, NO_SERVER);
  const wanted = parseCursor(words.text(1), servers.length);
  if (wanted === null) return answer(client, replies.INVALID_CURSOR);
  const first = servers.findIndex(({ index }) => index >= wanted.server && health.isLive(index));
  if (first < 0) return answer(client, arrayReply([bulkText('0'), arrayReply([])]));
  const position = { server: first, cursor: first === wanted.server ? wanted.cursor : 0n };
  const asked = words.copies(0);
  asked[1] = Buffer.from(String(position.cursor));
  const question = {
    request,
    servers: [servers[position.server]],
    bytes: encodeRequest(asked),
    lane: client.lane,
  };
  return joinServers(question, ([{ body, error }]) => {
    if (error !== null) return error;
    const page = readPage(body);
    if (page === null) return null;
    const next = nextCursor(position.server, page.cursor, servers.length);
    if (next === null) return replies.error('the cursor of this server does not fit');
    return arrayReply([bulkText(next), page.keys]);
  });
}

/**
 * SCAN of a cluster: one node after the other, by the first slot that each has. The cursor says by
 * a slot which one it is, so it means the same when nodes come and go, and on every proxy.
 */
function scanSlots(request: SpecialRequest, words: Words, slots: ClusterSlots): boolean {
  const { client } = request;
  const wanted = parseSlotCursor(words.text(1));
  if (wanted === null) return answer(client, replies.INVALID_CURSOR);
  if (mustBeAlone(request)) return false;
  const starts = [...slots.firstSlots.values()].sort((a, b) => a - b);
  const isStart = wanted.slot === 0 && wanted.cursor === 0n;
  const slot = isStart ? (starts[0] ?? 0) : wanted.slot;
  const index = slots.serverOf(slot);
  const asked = words.copies(0);
  asked[1] = Buffer.from(String(wanted.cursor));
  const bytes = encodeRequest(asked);
  if (index === NO_SERVER) return forwardBytes(request, NO_SERVER, bytes);
  const question = { request, servers: [client.pool.servers[index]], bytes, lane: client.lane };
  return joinServers(question, ([{ body, error }]) => {
    if (error !== null) return error;
    const page = readPage(body);
    if (page === null) return null;
    const next = nextSlotCursor(slot, page.cursor, starts);
    if (next === null) return replies.error('the cursor of this server does not fit');
    return arrayReply([bulkText(next), page.keys]);
  });
}

/** A cursor and a list of keys. */
function readPage(reply: Buffer): { cursor: bigint; keys: Buffer } | null {
  const parts = elementsOf(reply);
  if (parts === null || parts.length !== 2) return null;
  const cursor = bulkOf(withoutAttributes(parts[0]));
  const at = cursor === null ? null : parseUnsigned(cursor.toString('latin1'));
  if (at === null || listOf(withoutAttributes(parts[1]), bulkOf) === null) return null;
  return { cursor: at, keys: parts[1] };
}
