import type { Lane } from '../lane.ts';
import type { Redirection } from './redirections.ts';
import type { SavedRequest } from './saved-requests.ts';

/** A connection that goes on with the requests of another one. */
export interface RequestHeir {
  /**
   * Sends them when it is open, before all others.
   * @param prefix what stands before each, and is answered for itself
   */
  adopt(requests: readonly SavedRequest[], prefix?: Buffer): void;
}

/** Where a redirection comes from. */
export interface Redirecting {
  readonly owner: { readonly name: string; readonly config: { readonly host: string } };
}

/** `host:port` as it is meant; a name that nobody knows leads nowhere. */
export function addressIn(from: Redirecting, { host, port }: Redirection): string {
  return `${host === '' ? from.owner.config.host : host}:${port}`;
}

/** The connection that a redirection came on; its request is in flight no more. */
export interface RedirectingConnection extends Redirecting {
  readonly lane: Lane;
}

/** Sends requests of a Redis Cluster where they belong. */
export interface RequestMover {
  /**
   * The request goes elsewhere, or waits.
   * @returns null when it does; else what its client is told
   */
  redirect(
    from: RedirectingConnection,
    request: SavedRequest,
    redirection: Redirection,
  ): Buffer | null;
  /**
   * A request that is not kept was sent on: others for its slot need not be.
   * @returns what its client is told
   */
  learn(from: Redirecting, redirection: Redirection): Buffer;
  /** What its client is told of a request that cannot be sent again. */
  refuse(redirection: Redirection): Buffer;
  /** Who goes on with requests whose server is none of the pool's any more. */
  heir(lane: Pick<Lane, 'index' | 'db' | 'resp' | 'tracking'>): RequestHeir;
}
