/** A server, as far as it can be waited for. */
export interface AwaitedServer {
  /** Null where a server stays where the file says. */
  readonly failover: { readonly holds: boolean; onLost(): boolean } | null;
  connectionFor(client: number, lane: number): object | null;
}

/**
 * A connection for one client could not be had: requests wait until the server is back, as one of
 * those for many finds out.
 * @returns false when they do not wait
 */
export function awaitReturn(server: AwaitedServer): boolean {
  const { failover } = server;
  if (failover === null || server.connectionFor(0, 0) === null) return false;
  return failover.holds || failover.onLost();
}
