import type { Op } from '../cases/case.ts';
import type { Disturbances } from '../cases/disturbances.ts';
import type { Network } from '../net/network.ts';
import type { World } from '../world/world.ts';
import type { Census } from './census.ts';
import type { Dialect } from './dialect.ts';
import type { History } from './history.ts';

/** What a client needs of the case it is in. */
export interface ClientSetting {
  readonly world: World;
  readonly network: Network;
  readonly history: History;
  /** Which one it is connected to, and where that listens. */
  readonly proxy: number;
  readonly host: string;
  readonly port: number;
  /**
   * Whether a fault explains that what was sent at that microsecond fails.
   * @param op null: a connection, whatever it was for
   * @param text of the error; null: the connection is closed
   */
  mayFail(from: number, op: Op | null, text: string | null): boolean;
  /** Whether replicas may be without some keys of what was asked then. */
  mayBeHalf(from: number, op: Op): boolean;
  /** Errors that may always come. */
  readonly refusals: readonly string[];
  readonly password: string | null;
  readonly dialect: Dialect;
  /** Nothing is wrong any more since this moment; Infinity while something is. */
  healedAt(): number;
  readonly disturbances: Disturbances;
  readonly census: Census;
  /** Told of each write that is sent. */
  sent(id: number): void;
  /** Told of each write that is acknowledged, when it was sent. */
  acknowledged(id: number, sentAt: number): void;
  /** Answers come at once where nothing is in the way; null: the network itself may be slow. */
  readonly prompt: Promptness | null;
}

export interface Promptness {
  /**
   * Microseconds that a request which is alone on its connection takes at most, whatever its server
   * does; Infinity where the pool has no time limit.
   */
  readonly aloneMicros: number;
  /** The same of one that is about one key, while nothing but slots of a cluster is on the move. */
  movingMicros(): number;
}
