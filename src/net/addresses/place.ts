/** Where a server listens: a host and a port, or the path of a socket. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
}

/** Whether two places are written alike: names are not looked up. */
export function samePlace(a: Place, b: Place): boolean {
  return a.host === b.host && a.port === b.port && (a.path ?? '') === (b.path ?? '');
}

/**
 * Whether a line of another configuration means the server that goes on: by the place where the
 * file had it, or by that where it has moved since. How it is spoken to does not count. All who
 * follow a master go by this, or some would begin anew where others go on.
 */
export function goesOn(line: Place, before: { readonly line: Place; readonly now: Place }) {
  return samePlace(line, before.line) || samePlace(line, before.now);
}
