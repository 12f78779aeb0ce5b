/** A record leads out of the arena: whose bytes are where is not known any more. */
export class ArenaError extends Error {}
