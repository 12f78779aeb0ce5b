/** What a client subscribes to. */
export const CHANNEL = 0;
/** A glob that stands for channels. */
export const PATTERN = 1;
export const SHARD = 2;

export type Kind = typeof CHANNEL | typeof PATTERN | typeof SHARD;

/** The commands, by kind; acknowledgements begin with the same words. */
export const SUBSCRIBE: readonly string[] = ['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE'];
export const UNSUBSCRIBE: readonly string[] = ['UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE'];
