import { type FakeServer, type Script, startFake } from '../support/fake-server.ts';

const STORAGE = /^(set|add|replace|append|prepend|cas) \S+ \d+ -?\d+ (\d+)|^(ms) \S+ (\d+)/;

/** End of the request that begins at `at`, or -1 when it is incomplete. */
function requestEnd(bytes: Buffer, at: number): number {
  const lineEnd = bytes.indexOf('\n', at) + 1;
  if (lineEnd === 0) return -1;
  const storage = STORAGE.exec(bytes.toString('latin1', at, lineEnd));
  if (storage === null) return lineEnd;
  const end = lineEnd + Number(storage[2] ?? storage[4]) + 2;
  return end > bytes.length ? -1 : end;
}

/** Starts a server of memcached's requests that follows a script. */
export function startFakeMemcached(script: Script): Promise<FakeServer> {
  return startFake(script, requestEnd);
}
