// What is done to a key: bits, as the rules of users and the facts of commands have them.

export const READS = 1;
export const WRITES = 2;
export const READS_AND_WRITES = 3;
/** Whoever may do anything at all with a key may do this. */
export const ANY_ACCESS = 0;

/** What channels a command names. */
export const NO_CHANNELS = 0;
export const ONE_CHANNEL = 1;
export const CHANNELS = 2;
export const CHANNEL_PATTERNS = 3;
