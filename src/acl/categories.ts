/** The categories of commands, in the order in which `ACL CAT` names them. */
export const CATEGORIES: readonly string[] = [
  ...['keyspace', 'read', 'write', 'set', 'sortedset', 'list', 'hash', 'string', 'bitmap'],
  ...['hyperloglog', 'geo', 'stream', 'pubsub', 'admin', 'fast', 'slow', 'blocking', 'dangerous'],
  ...['connection', 'transaction', 'scripting'],
];

/** @param name in any case @returns its bit, 0 when there is no such category */
export function categoryBit(name: string): number {
  const index = CATEGORIES.indexOf(name.toLowerCase());
  return index < 0 ? 0 : 1 << index;
}

/** @param names of categories, parted by blanks @returns their bits */
export function categoryBits(names: string): number {
  return names.split(' ').reduce((bits, name) => bits | categoryBit(name), 0);
}
