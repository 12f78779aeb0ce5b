// Why a command that Redis has is refused; the text is part of the error and of the documentation.

export const REASONS: readonly (readonly [reason: string, names: string])[] = [
  [
    'it sets up or serves replication, which is between servers',
    'FAILOVER PSYNC REPLCONF REPLICAOF SLAVEOF SYNC MIGRATE RESTORE-ASKING',
  ],
  [
    'it administers one server; send it to that server',
    `BGREWRITEAOF BGSAVE DEBUG LASTSAVE LATENCY MODULE SAVE SHUTDOWN CONFIG|RESETSTAT
    CONFIG|REWRITE MEMORY|DOCTOR MEMORY|MALLOC-STATS MEMORY|PURGE MEMORY|STATS PFDEBUG
    PFSELFTEST`,
  ],
  [
    'users stand in the configuration, which is read again by a reload',
    'ACL|DELUSER ACL|LOAD ACL|SAVE ACL|SETUSER',
  ],
  ['databases of several servers cannot be exchanged at once', 'SWAPDB'],
  ['clients of other proxies and of the servers would go on', 'CLIENT|PAUSE CLIENT|UNPAUSE'],
  ['a script is debugged on a connection of its own', 'SCRIPT|DEBUG'],
];

const REASON_BY_NAME: ReadonlyMap<string, string> = new Map(
  REASONS.flatMap(([reason, names]) =>
    names.match(/\S+/g)!.map((name): [string, string] => [name, reason]),
  ),
);

/** @param name upper case; a subcommand as CONTAINER|SUBCOMMAND */
export function whyUnsupported(name: string): string {
  return REASON_BY_NAME.get(name) ?? 'it is not served yet';
}
