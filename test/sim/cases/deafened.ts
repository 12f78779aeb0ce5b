import type { Census } from '../clients/census.ts';
import { RedisPeer, SimRedis } from '../servers/redis/sim-redis.ts';
import { type Chosen, DEAFENING, type Parties } from './victims.ts';

/**
 * Notes who hears a server whose connections a fault is about to end, through which proxy: of
 * channels that are its own by all that the proxy knows.
 */
export function noteDeafened(parties: Parties, census: Census, fault: Chosen): void {
  const { proxies, network, servers, world } = parties;
  const server = servers[fault.server];
  if (!DEAFENING.includes(fault.kind) || !(server instanceof SimRedis)) return;
  for (const [kind, name, session] of server.channels.all()) {
    if (kind === 'pattern' || !(session instanceof RedisPeer)) continue;
    const { peer } = session.endpoint;
    const at = proxies.findIndex(({ address }) => address === peer.address);
    if (at < 0 || peer.closed || (fault.kind === 'sever' && at !== fault.proxy)) continue;
    if (network.isCut(peer.address, server.address)) continue;
    const owners = proxies[at].ownersOf(name, world.micros);
    if (owners.length !== 1 || owners[0] !== server.name) continue;
    census.lost({ proxy: at, kind, name, at: world.micros });
  }
}
