import { bulkOf, elementsOf, pairsOf } from '../../../../protocol/redis/replies/reply-parts.ts';

const MAP = 0x25; // '%'

/** Entries of one stream, as they stand in a reply. */
type Streams = Map<string, Buffer[]>;

/**
 * Joins what several servers say to XREAD.
 * @param said complete replies @param keys of the request, latin1, in their order
 * @returns a reply with the streams in that order; null when one of them is no such reply
 */
export function joinStreams(said: readonly Buffer[], keys: readonly string[]): Buffer | null {
  const streams: Streams = new Map();
  // Servers that are too old for RESP3 answer in RESP2.
  const isMap = said[0][0] === MAP;
  for (const reply of said) {
    if (!(isMap ? addPairs(streams, reply) : addArrays(streams, reply))) return null;
  }
  const parts: Buffer[] = [];
  for (const key of keys) {
    const entries = streams.get(key)?.shift();
    if (entries !== undefined) parts.push(entries);
  }
  const head = Buffer.from(`${isMap ? '%' : '*'}${parts.length}\r\n`);
  return Buffer.concat([head, ...parts]);
}

function add(streams: Streams, key: Buffer | null, stream: Buffer): boolean {
  if (key === null) return false;
  const name = key.toString('latin1');
  const known = streams.get(name);
  // A request may name a stream twice.
  if (known === undefined) streams.set(name, [stream]);
  else known.push(stream);
  return true;
}

/** RESP2: an array of arrays of a key and its entries. */
function addArrays(streams: Streams, reply: Buffer): boolean {
  const all = elementsOf(reply);
  if (all === null) return false;
  return all.every((stream) => {
    const [key] = elementsOf(stream) ?? [];
    return key !== undefined && add(streams, bulkOf(key), stream);
  });
}

/** RESP3: a map of keys and their entries. */
function addPairs(streams: Streams, reply: Buffer): boolean {
  const pairs = pairsOf(reply);
  if (pairs === null) return false;
  return pairs.every(([key, entries]) => add(streams, bulkOf(key), Buffer.concat([key, entries])));
}
