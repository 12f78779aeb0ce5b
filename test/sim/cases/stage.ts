import { subjectsOf } from '../clients/requests.ts';
import { slotOf } from '../servers/cluster/slots.ts';
import type { Stage } from './aims.ts';
import type { ConnectionState } from './case.ts';
import type { Parties } from './victims.ts';

/** How connections of a proxy to a server stand. */
export function connectionState(parties: Parties, proxy: number, server: number): ConnectionState {
  const { proxies, servers, shards, clustered } = parties;
  const { name, address, port } = servers[server];
  const title = clustered === null ? (shards?.shardOf(name) ?? name) : `${address}:${port}`;
  return proxies[proxy].connectionState(title);
}

/** Name of the server that a key is on; undefined = nobody knows. */
function ownerOf({ proxies, shards, clustered, world }: Parties, proxy: number, key: string) {
  if (clustered !== null) return clustered.cluster.ownerOf(slotOf(key))?.name;
  const [name] = proxies[proxy].ownersOf(key, world.micros);
  if (shards === null) return name;
  return shards.membersOf(name).find(({ role }) => role?.isMaster)?.name;
}

/** Keys that a client waits for first; none where that is not known. */
export function keysAwaited({ clients }: Parties, client: number): readonly string[] {
  const [oldest] = clients[client % clients.length].waiting;
  return oldest === undefined ? [] : (subjectsOf(oldest) ?? []);
}

/** The parties of a case, as a fault that waits for its moment sees them through a proxy. */
export function stageOf(parties: Parties, proxy: number): Stage {
  const { clients, servers } = parties;
  return {
    servers: servers.length,
    clients: clients.length,
    moving: parties.clustered?.moving === true,
    connectionState: (server) => connectionState(parties, proxy, server),
    clientState: (client) => clients[client].state,
    clientAsked: (client) => clients[client].waiting,
    clientBegan: (client) => clients[client].began,
    serverOf: (client) => {
      const [key] = keysAwaited(parties, client);
      const owner = key === undefined ? undefined : ownerOf(parties, proxy, key);
      return servers.findIndex(({ name }) => name === owner);
    },
  };
}
