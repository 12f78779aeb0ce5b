// What each proxy is given: the same servers in the same order. Nothing but what it needs.

/** An entry of a pool. Several may lead to the same server process. */
export interface PoolServer {
  readonly name: string;
  readonly port: number;
}

export type Protocol = 'redis' | 'memcached';

export type Configuration = (
  port: number,
  servers: readonly PoolServer[],
  protocol: Protocol,
) => string;

const NAMES = ['ada', 'grace', 'edsger', 'barbara'];

/** `count` entries, dealt out to `servers` in turn. */
export function poolServers(servers: readonly { port: number }[], count: number): PoolServer[] {
  return Array.from({ length: count }, (_, i) => ({
    name: NAMES[i] ?? `server-${i}`,
    port: servers[i % servers.length].port,
  }));
}

export function nutcrackerYml(
  port: number,
  servers: readonly PoolServer[],
  protocol: Protocol,
): string {
  return [
    'bench:',
    `  listen: 127.0.0.1:${port}`,
    '  hash: fnv1a_64',
    '  distribution: ketama',
    `  redis: ${protocol === 'redis'}`,
    '  servers:',
    ...servers.map((server) => `   - 127.0.0.1:${server.port}:1 ${server.name}`),
    '',
  ].join('\n');
}

/** predixy has neither ketama nor fnv1a_64; one thread, as it stands beside single processes. */
export function predixyConf(port: number, servers: readonly PoolServer[]): string {
  return [
    `Bind 127.0.0.1:${port}`,
    'WorkerThreads 1',
    'Authority {',
    '    Auth {',
    '        Mode write',
    '    }',
    '}',
    'StandaloneServerPool {',
    '    RefreshMethod fixed',
    '    Distribution modula',
    '    Hash crc16',
    ...servers.flatMap(({ name, port }) => [
      `    Group ${name} {`,
      `        + 127.0.0.1:${port}`,
      '    }',
    ]),
    '}',
    '',
  ].join('\n');
}
