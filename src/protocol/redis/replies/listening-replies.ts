import { error } from './replies.ts';

// Redis's words about CLIENT TRACKING, CLIENT CACHING and MONITOR.

const SWITCHED =
  'before disabling tracking for this client, and then re-enabling it with a different mode.';

export const ONE_REDIRECT: Buffer = error('A client can only redirect to a single other client');
export const NO_REDIRECT: Buffer = error('The client ID you want redirect to does not exist');
export const PREFIX_WITHOUT_BCAST: Buffer = error(
  'PREFIX option requires BCAST mode to be enabled',
);
export const BCAST_SWITCHED: Buffer = error(`You can't switch BCAST mode on/off ${SWITCHED}`);
export const OPT_WITH_BCAST: Buffer = error('OPTIN and OPTOUT are not compatible with BCAST');
export const OPTIN_AND_OPTOUT: Buffer = error("You can't specify both OPTIN mode and OPTOUT mode");
export const OPT_SWITCHED: Buffer = error(`You can't switch OPTIN/OPTOUT mode ${SWITCHED}`);
export const CACHING_WITHOUT_TRACKING: Buffer = error(
  'CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT ' +
    'mode enabled',
);
export const CACHING_YES: Buffer = error(
  'CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.',
);
export const CACHING_NO: Buffer = error(
  'CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.',
);

/** @param which `an existing` or `another provided`; names are latin1 */
export function prefixOverlaps(prefix: string, which: string, other: string): Buffer {
  const what = `Prefix '${prefix}' overlaps with ${which} prefix '${other}'.`;
  return error(`${what} Prefixes for a single client must not overlap.`);
}

/** ringway's own: too many prefixes, and servers that say nothing in time. */
export const TOO_MANY_PREFIXES: Buffer = error('too many prefixes are tracked in this pool');
export const NOT_HEARD: Buffer = error('no server has answered in time');

/** MONITOR in a pool that does not allow it; Redis's words for a client that monitors. */
export const MONITOR_REFUSED: Buffer = error(
  "'monitor' shows what all clients do, and is refused in this pool (allow_monitor)",
);
export const MONITOR_TOUCHES_NOTHING: Buffer = error("Replica can't interact with the keyspace");
