import type { FakeServer } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { startInProcess, type TestRingway, USUAL } from '../support/ringway.ts';
import { RawClient } from './raw-client.ts';

/** A pool of servers named s1, s2 ...; null = nobody listens there. */
export async function startPool(
  fakes: readonly (FakeServer | null)[],
  options: object = {},
): ReturnType<typeof startInProcess> {
  const servers: string[] = [];
  for (const [i, fake] of fakes.entries()) {
    servers.push(`127.0.0.1:${fake?.port ?? (await freePort())}:1 s${i + 1}`);
  }
  return startInProcess({ redis: false, breaker_failures: 0, servers, ...options }, USUAL);
}

/** What a client of its own hears. */
export async function ask(ringway: TestRingway, request: string): Promise<string> {
  const client = await RawClient.open(ringway.port);
  try {
    return await client.ask(request);
  } finally {
    client.close();
  }
}
