import type { RealServer } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';

/** For each server a channel that is its: channels go to servers as keys do. */
export async function channelsOf(port: number, servers: readonly RealServer[]): Promise<string[]> {
  const client = await RespClient.open(port);
  const direct = await Promise.all(servers.map((server) => RespClient.open(server.port)));
  const found: string[] = [];
  for (let i = 0; found.filter(Boolean).length < servers.length; i++) {
    const name = `channel:${i}`;
    await client.command('SET', name, 'x');
    const has = await Promise.all(direct.map((each) => each.command('EXISTS', name)));
    found[has.indexOf(1)] ??= name;
  }
  for (const each of [client, ...direct]) each.close();
  return found;
}
