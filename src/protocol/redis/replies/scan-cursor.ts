// A cursor of SCAN over several servers: the server's own cursor, with the index of the server in
// its lowest bits. It is a plain unsigned decimal, as small as it can be, for client libraries that
// keep it in a number; it means the same on every connection.

const MAX = (1n << 64n) - 1n;

/** Where a SCAN goes on: index of a server, and the cursor there. */
export interface ScanPosition {
  readonly server: number;
  readonly cursor: bigint;
}

/** Bits that the index of one of `servers` servers needs. */
function serverBits(servers: number): bigint {
  return BigInt(Math.ceil(Math.log2(servers)));
}

/** @returns null when the text is not a cursor that a reply of ours could have held */
export function parseCursor(text: string, servers: number): ScanPosition | null {
  if (!/^[0-9]{1,20}$/.test(text)) return null;
  const value = BigInt(text);
  if (value > MAX) return null;
  const bits = serverBits(servers);
  const server = Number(value & ((1n << bits) - 1n));
  return server < servers ? { server, cursor: value >> bits } : null;
}

/** @returns null when it does not fit into 64 bits */
function formatCursor(position: ScanPosition, servers: number): string | null {
  const bits = serverBits(servers);
  const value = (position.cursor << bits) | BigInt(position.server);
  return value > MAX ? null : String(value);
}

/**
 * Where to go on after a server has answered with its own `cursor`.
 * @returns '0' at the end, null when the cursor does not fit
 */
export function nextCursor(server: number, cursor: bigint, servers: number): string | null {
  if (cursor !== 0n) return formatCursor({ server, cursor }, servers);
  if (server + 1 === servers) return '0';
  return formatCursor({ server: server + 1, cursor: 0n }, servers);
}

/** Bits of a slot. */
const SLOT_BITS = 14n;

/** Where a SCAN of a cluster goes on: a slot of the node, and the cursor there. */
export interface SlotPosition {
  readonly slot: number;
  readonly cursor: bigint;
}

/** @returns null when the text is not a cursor that a reply of ours could have held */
export function parseSlotCursor(text: string): SlotPosition | null {
  if (!/^[0-9]{1,20}$/.test(text)) return null;
  const value = BigInt(text);
  if (value > MAX) return null;
  return { slot: Number(value & ((1n << SLOT_BITS) - 1n)), cursor: value >> SLOT_BITS };
}

/**
 * Where to go on after the node that has `slot` has answered with its own `cursor`.
 * @param starts the first slot of each node, in ascending order
 * @returns '0' at the end, null when the cursor does not fit
 */
export function nextSlotCursor(
  slot: number,
  cursor: bigint,
  starts: readonly number[],
): string | null {
  const next = cursor === 0n ? starts.find((each) => each > slot) : slot;
  if (next === undefined) return '0';
  const value = (cursor << SLOT_BITS) | BigInt(next);
  return value > MAX ? null : String(value);
}
