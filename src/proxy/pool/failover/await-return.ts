/** A server, as far as it can be waited for. */
export interface AwaitedServer {
  /** Null where a server stays where the file says. */
  readonly failover: { readonly holds: boolean; onLost(): boolean } | null;
  /** Opens a connection for many clients, if there is none. */
  preconnect(): void;
}

/**
 * A connection for one client could not be had: requests wait until the server is back, as one of
 * those for many finds out.
 * @returns false when they do not wait
 */
export function awaitReturn(server: AwaitedServer): boolean {
  const { failover } = server;
  if (failover === null) return false;
  server.preconnect();
  return failover.holds || failover.onLost();
}
