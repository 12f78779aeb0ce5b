import { SLOTS } from '../../distribution/slots.ts';
import type { PoolStatus } from '../../stats/http/status.ts';
import { type Colors, cut, paint, partOf, restLine } from './paint.ts';

const MAP_MAX = 64;
const NODES_SHOWN = 8;
/** Of the nodes, in the order of their slots; behind the last it begins again. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const NOBODY = '.';

interface Owner {
  readonly name: string;
  readonly letter: string;
  readonly ranges: string[];
  count: number;
}

/** Who has which slots of a Redis Cluster: a map, and a line for each node. */
export function slotLines(
  pool: PoolStatus,
  chosen: string,
  colors: Colors,
  columns: number,
): string[] {
  if (pool.slots === null) return [];
  const table: (Owner | undefined)[] = new Array(SLOTS);
  const owners = ownersOf(pool, table);
  const owned = owners.reduce((sum, { count }) => sum + count, 0);
  const nobody = SLOTS - owned;
  const head = `SLOTS  ${owned} of ${SLOTS} have an owner`;
  const lines = ['', paint(cut(head, columns), nobody > 0 ? 'bad' : 'dim', colors)];
  const width = Math.min(MAP_MAX, columns - `0  ${SLOTS - 1}`.length);
  if (width > 0) lines.push(`0 ${mapOf(table, width)} ${SLOTS - 1}`);
  const at = owners.findIndex(({ name }) => name === chosen);
  const part = partOf(owners, Math.max(0, at), NODES_SHOWN);
  const longest = Math.max(0, ...part.items.map(({ name }) => name.length));
  for (const { letter, name, count, ranges } of part.items) {
    const cells = [letter, name.padEnd(longest), String(count).padStart(5), ranges.join(' ')];
    lines.push(cut(cells.join('  '), columns));
  }
  return [...lines, ...restLine(part, 'more nodes', colors, columns)];
}

/** How many slots each server has, by its index. */
export function slotCounts({ slots }: PoolStatus): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const [first, last, server] of slots ?? []) {
    counts.set(server, (counts.get(server) ?? 0) + last - first + 1);
  }
  return counts;
}

/** Those that have slots, in their order. @param table gets the owner of each slot */
function ownersOf({ slots, names }: PoolStatus, table: (Owner | undefined)[]): Owner[] {
  const owners = new Map<number, Owner>();
  for (const [first, last, server] of slots ?? []) {
    const letter = LETTERS[owners.size % LETTERS.length];
    const owner = owners.get(server) ?? { name: names[server], letter, ranges: [], count: 0 };
    owners.set(server, owner);
    owner.ranges.push(first === last ? `${first}` : `${first}-${last}`);
    owner.count += last - first + 1;
    table.fill(owner, first, last + 1);
  }
  return [...owners.values()];
}

/** A letter for each part of all slots; one that somebody lacks shows it. */
function mapOf(table: readonly (Owner | undefined)[], width: number): string {
  const cells = Array.from({ length: width }, (_, cell) => {
    const first = Math.floor((cell * SLOTS) / width);
    const end = Math.floor(((cell + 1) * SLOTS) / width);
    const part = table.slice(first, end);
    return part.includes(undefined) ? NOBODY : (part[part.length >> 1]?.letter ?? NOBODY);
  });
  return cells.join('');
}
