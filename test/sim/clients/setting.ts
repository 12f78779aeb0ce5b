import type { Network } from '../net/network.ts';
import type { World } from '../world/world.ts';
import type { Dialect } from './dialect.ts';
import type { History } from './history.ts';

/** What a client needs of the case it is in. */
export interface ClientSetting {
  readonly world: World;
  readonly network: Network;
  readonly history: History;
  readonly host: string;
  readonly port: number;
  /** Whether something has happened that requests may fail of. */
  mayFail(): boolean;
  /** Errors that may always come. */
  readonly refusals: readonly string[];
  readonly password: string | null;
  readonly dialect: Dialect;
  /** Nothing is wrong any more since this moment; Infinity while something is. */
  healedAt(): number;
}
