import type { Fault, Moment } from './case.ts';

/** A fault that waits for its moment. */
export interface Aim {
  readonly fault: Fault;
  readonly when: Moment;
}

/** What a moment is looked for in. */
export interface Stage {
  readonly servers: number;
  readonly clients: number;
  /** How connections of the proxy to a server stand: what is dearest to lose. */
  connectionState(server: number): string;
  clientState(client: number): string;
  /** What it waits for; '' = for nothing. */
  clientAsked(client: number): string;
  /** Slots of a cluster are on the move. */
  readonly moving: boolean;
}

/** Who is at what a fault has waited for. */
export interface Met {
  readonly server: number;
  readonly client: number;
}

/** @param from where to begin @returns the first that is so, -1 = none */
function first(count: number, from: number, isSo: (index: number) => boolean): number {
  for (let i = 0; i < count; i++) if (isSo((from + i) % count)) return (from + i) % count;
  return -1;
}

/** @param salt says with whom to begin, where several are at it @returns null while nobody is */
export function momentOf(when: Moment, stage: Stage, salt: number): Met | null {
  if (when.moving && !stage.moving) return null;
  const server = first(stage.servers, salt, (i) => {
    return when.connection === undefined || stage.connectionState(i) === when.connection;
  });
  if (server < 0) return null;
  const client = first(stage.clients, salt, (i) => {
    if (when.asked !== undefined && stage.clientAsked(i) !== when.asked) return false;
    return when.client === undefined || stage.clientState(i) === when.client;
  });
  return client < 0 ? null : { server, client };
}
