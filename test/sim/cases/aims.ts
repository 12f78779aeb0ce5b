import type { Fault, Moment, Op } from './case.ts';

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
  /** What it waits for, in order. */
  clientAsked(client: number): readonly Op[];
  /** A part of a large request is sent. */
  clientBegan(client: number): boolean;
  /** Whose answer it waits for first; -1 = that is not known. */
  serverOf(client: number): number;
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

function waitsSo({ asked, behind }: Moment, [oldest, ...others]: readonly Op[]): boolean {
  if (asked !== undefined && oldest?.op !== asked) return false;
  return behind === undefined || others.some(({ op }) => op === behind);
}

/** @param salt says with whom to begin, where several are at it @returns null while nobody is */
export function momentOf(when: Moment, stage: Stage, salt: number): Met | null {
  if (when.moving && !stage.moving) return null;
  const client = first(stage.clients, salt, (i) => {
    if (when.begun === true && !stage.clientBegan(i)) return false;
    if (when.client !== undefined && stage.clientState(i) !== when.client) return false;
    return waitsSo(when, stage.clientAsked(i));
  });
  if (client < 0) return null;
  const isSo = (server: number): boolean => {
    return when.connection === undefined || stage.connectionState(server) === when.connection;
  };
  // What it waits for is hit, where that is known.
  const own = when.asked === undefined ? -1 : stage.serverOf(client);
  if (own >= 0) return isSo(own) ? { server: own, client } : null;
  const server = first(stage.servers, salt, isSo);
  return server < 0 ? null : { server, client };
}
