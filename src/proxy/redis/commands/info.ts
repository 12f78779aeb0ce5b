import { encodeRequest, verbatimReply } from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import {
  BLOCKED_CLIENTS,
  CLIENT_CONNECTIONS,
  FORWARD_ERROR,
  PUBSUB_CLIENTS,
  PUBSUB_LOST_CLIENTS,
  PUBSUB_SLOW_CLOSED,
  REQUESTS,
  RESPONSES,
  SERVER_CONNECTIONS,
  SERVER_EJECTS,
  SERVER_ERR,
  SERVER_MOVES,
  SERVER_TIMEDOUT,
  TOTAL_CONNECTIONS,
} from '../../../stats/counters.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { laneOf } from '../../pool/lanes.ts';
import type { Pool } from '../../pool/pool.ts';
import { forwardBytes } from '../../routing/forward.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { knownHubOf } from '../pubsub/hub/hubs.ts';
import { CHANNEL, type Kind, PATTERN, SHARD } from '../pubsub/hub/kinds.ts';
import { withRedisVersion } from '../version/redis-version.ts';
import type { Words } from '../words.ts';

type Fields = [name: string, value: string | number][];

function serverSection(pool: Pool, redisVersion: string): Fields {
  const uptime = Math.floor(process.uptime());
  const { listen } = pool.config;
  return [
    ['redis_version', redisVersion],
    ['redis_mode', 'standalone'],
    ['os', `${process.platform} ${process.arch}`],
    ['arch_bits', 64],
    ['process_id', process.pid],
    ['run_id', pool.engine.runId],
    ['tcp_port', listen.kind === 'tcp' ? listen.port : 0],
    ['uptime_in_seconds', uptime],
    ['uptime_in_days', Math.floor(uptime / 86400)],
    ['ringway_version', pool.engine.version],
    ['ringway_codec', pool.engine.codec.name],
    ['node_version', process.version],
  ];
}

function clientsSection(pool: Pool): Fields {
  return [
    ['connected_clients', pool.counters[CLIENT_CONNECTIONS]],
    ['maxclients', pool.config.clientConnections],
    ['pubsub_clients', pool.counters[PUBSUB_CLIENTS]],
    ['blocked_clients', pool.counters[BLOCKED_CLIENTS]],
  ];
}

function memorySection(): Fields {
  const { rss, heapUsed } = process.memoryUsage();
  return [
    ['used_memory', heapUsed],
    ['used_memory_rss', rss],
    ['maxmemory', 0],
  ];
}

/** How many names of a kind the clients of this process hear. */
function heardBy(pool: Pool, kind: Kind): number {
  return [...(knownHubOf(pool)?.topics.heard(kind) ?? [])].length;
}

function statsSection(pool: Pool): Fields {
  let requests = 0;
  for (const server of pool.servers) requests += server.counters[REQUESTS];
  return [
    ['total_connections_received', pool.engine.process[TOTAL_CONNECTIONS]],
    ['total_commands_processed', requests],
    ['pubsub_channels', heardBy(pool, CHANNEL)],
    ['pubsub_patterns', heardBy(pool, PATTERN)],
    ['pubsubshard_channels', heardBy(pool, SHARD)],
    ['pubsub_slow_closed', pool.counters[PUBSUB_SLOW_CLOSED]],
    ['pubsub_lost_clients', pool.counters[PUBSUB_LOST_CLIENTS]],
    ['forward_errors', pool.counters[FORWARD_ERROR]],
    ['server_ejects', pool.counters[SERVER_EJECTS]],
    ['backend_connections', pool.budget.open],
    ['max_backend_connections', pool.budget.limit],
    ['lanes', pool.lanes.count],
  ];
}

function poolSection(pool: Pool): Fields {
  const { config, servers } = pool;
  const fields: Fields = [
    ['pool', config.name],
    ['hash', config.hash],
    ['distribution', config.distribution],
    ['servers', servers.length],
  ];
  servers.forEach(({ name, address, counters }, i) => {
    const parts = {
      name,
      address,
      connections: counters[SERVER_CONNECTIONS],
      requests: counters[REQUESTS],
      responses: counters[RESPONSES],
      errors: counters[SERVER_ERR],
      timeouts: counters[SERVER_TIMEDOUT],
    };
    const value = Object.entries(parts).map((pair) => pair.join('='));
    fields.push([`server${i}`, value.join(',')]);
  });
  return fields;
}

function topologySection(pool: Pool): Fields {
  const { config, servers } = pool;
  const fields: Fields = [['topology', config.followsMaster ? 'sentinel' : 'static']];
  if (!config.followsMaster) return fields;
  servers.forEach(({ name, address, counters, failover }, i) => {
    const state = failover?.holds ? 'waiting' : 'serving';
    const moves = counters[SERVER_MOVES];
    const parts = Object.entries({ name, master: address, state, moves });
    fields.push([`shard${i}`, parts.map((pair) => pair.join('=')).join(',')]);
  });
  return fields;
}

const SECTIONS: readonly (readonly [
  title: string,
  make: (pool: Pool, redisVersion: string) => Fields,
])[] = [
  ['Server', serverSection],
  ['Clients', clientsSection],
  ['Memory', memorySection],
  ['Persistence', () => [['loading', 0]]],
  ['Stats', statsSection],
  [
    'Replication',
    () => [
      ['role', 'master'],
      ['connected_slaves', 0],
    ],
  ],
  ['Cluster', () => [['cluster_enabled', 0]]],
  ['Pool', poolSection],
  ['Topology', topologySection],
];
const EVERYTHING = ['all', 'default', 'everything'];

/** Answers INFO about ringway itself. */
function ownInfo(client: ClientConnection, wanted: readonly string[]): boolean {
  const { pool } = client;
  const { resp } = laneOf(client);
  const all = wanted.length === 0 || wanted.some((name) => EVERYTHING.includes(name));
  const chosen = SECTIONS.filter(([title]) => all || wanted.includes(title.toLowerCase()));
  const claim = client.claims.claim();
  const write = (redisVersion: string): void => {
    const texts = chosen.map(([title, make]) => {
      const lines = make(pool, redisVersion).map((pair) => pair.join(':'));
      return [`# ${title}`, ...lines, ''].join('\r\n');
    });
    claim.deliver(verbatimReply(texts.join('\r\n'), resp));
  };
  if (chosen.some(([, make]) => make === serverSection)) withRedisVersion(client, write);
  else write('');
  return true;
}

/** INFO of ringway itself, or `INFO @server [section ...]`: that of one server. */
export function info(request: SpecialRequest, words: Words): boolean {
  const { client } = request;
  const { pool } = client;
  const names = words.texts(1);
  if (!names[0]?.startsWith('@')) {
    const wanted = names.map((name) => name.toLowerCase());
    return ownInfo(client, wanted);
  }
  const server = pool.servers.findIndex(({ config }) => config.ringName === names[0].slice(1));
  if (server < 0) return answer(client, replies.noSuchServer(names[0].slice(1)));
  return forwardBytes(request, server, encodeRequest([Buffer.from('INFO'), ...words.copies(2)]));
}
