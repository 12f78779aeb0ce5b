// What each proxy is given: the same servers in the same order. Nothing but what it needs.

/** An entry of a pool. Several may lead to the same server process. */
export interface PoolServer {
  readonly name: string;
  readonly port: number;
  /** Of its unix socket, where it is reached by that. */
  readonly path?: string;
}

/** Where a proxy listens. */
export interface Door {
  readonly port: number;
  /** Of a unix socket instead. */
  readonly path?: string;
}

export type Protocol = 'redis' | 'memcached';

export type Configuration = (
  door: Door,
  servers: readonly PoolServer[],
  protocol: Protocol,
) => string;

const NAMES = ['ada', 'grace', 'edsger', 'barbara'];

/** `count` entries, dealt out to `servers` in turn. */
export function poolServers(servers: readonly Door[], count: number): PoolServer[] {
  return Array.from({ length: count }, (_, i) => ({
    name: NAMES[i] ?? `server-${i}`,
    ...doorOf(servers[i % servers.length]),
  }));
}

function doorOf({ port, path }: Door): Door {
  return path === undefined ? { port } : { port, path };
}

function addressOf({ port, path }: Door): string {
  return path ?? `127.0.0.1:${port}`;
}

export function nutcrackerYml(
  door: Door,
  servers: readonly PoolServer[],
  protocol: Protocol,
): string {
  return [
    'bench:',
    `  listen: ${addressOf(door)}`,
    '  hash: fnv1a_64',
    '  distribution: ketama',
    `  redis: ${protocol === 'redis'}`,
    '  servers:',
    ...servers.map((server) => `   - ${addressOf(server)}:1 ${server.name}`),
    '',
  ].join('\n');
}

/** ringway in front of a Redis Cluster. */
export function clusterYml(door: Door, servers: readonly PoolServer[]): string {
  return [
    'bench:',
    `  listen: ${addressOf(door)}`,
    '  redis: true',
    '  cluster: true',
    '  servers:',
    ...servers.map((server) => `   - ${addressOf(server)}:1`),
    '',
  ].join('\n');
}

/** predixy in front of a Redis Cluster. */
export function predixyClusterConf(door: Door, servers: readonly PoolServer[]): string {
  return [
    ...predixyHead(door),
    'ClusterServerPool {',
    '    Servers {',
    ...servers.map((server) => `        + ${addressOf(server)}`),
    '    }',
    '}',
    '',
  ].join('\n');
}

function predixyHead(door: Door): string[] {
  return [
    `Bind ${addressOf(door)}`,
    'WorkerThreads 1',
    'Authority {',
    '    Auth {',
    '        Mode write',
    '    }',
    '}',
  ];
}

/** predixy has neither ketama nor fnv1a_64; one thread, as it stands beside single processes. */
export function predixyConf(door: Door, servers: readonly PoolServer[]): string {
  return [
    ...predixyHead(door),
    'StandaloneServerPool {',
    '    RefreshMethod fixed',
    '    Distribution modula',
    '    Hash crc16',
    ...servers.flatMap((server) => [
      `    Group ${server.name} {`,
      `        + ${addressOf(server)}`,
      '    }',
    ]),
    '}',
    '',
  ].join('\n');
}

/** memcached's own proxy: ketama as it has it, and every command of the text protocol handed on. */
export function memcachedProxyLua(_door: Door, servers: readonly PoolServer[]): string {
  const backends = servers.map(
    ({ name, port }) => `    mcp.backend('${name}', '127.0.0.1', ${port}),`,
  );
  return [
    'function mcp_config_pools()',
    '  return mcp.pool({',
    ...backends,
    '  }, { dist = mcp.dist_ring_hash, hash = mcp.dist_ring_hash.hash })',
    'end',
    '',
    'function mcp_config_routes(pool)',
    '  local routes = mcp.funcgen_new()',
    '  local handle = routes:new_handle(pool)',
    '  routes:ready({ f = function(context)',
    '    return function(request) return context:enqueue_and_wait(request, handle) end',
    '  end })',
    '  mcp.attach(mcp.CMD_ANY_STORAGE, routes)',
    'end',
    '',
  ].join('\n');
}
