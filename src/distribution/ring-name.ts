// The ring name of a server is what ketama hashes, what the internal order sorts by, what must be
// unique in a pool, and what the stats show.

/** The libmemcached default, which twemproxy leaves out of the hashed name. */
const PORT_NOT_HASHED = 11211;

/** A server line without its weight, taken apart. */
export interface ServerAddress {
  /** The optional name behind the last blank; may be empty, null when there is no blank. */
  readonly name: string | null;
  /** Host as typed, or the path of a unix socket. */
  readonly host: string;
  /** Port as typed; null for a unix socket. */
  readonly port: string | null;
}

/** Ring name of a server line, with twemproxy's two quirks. */
export function ringName(server: ServerAddress): string {
  if (server.name !== null) return server.name;
  // Unix sockets keep the colon that stood before the weight.
  if (server.port === null) return `${server.host}:`;
  if (Number(server.port) === PORT_NOT_HASHED) return server.host;
  return `${server.host}:${server.port}`;
}

/** The internal order of servers and of pools: shorter names first, equal lengths by byte value. */
export function compareRingNames(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return 0;
}
