import { formatProblem } from '../errors.ts';
import type { KeyPair } from './tls-types.ts';
import type { Config, PoolConfig } from './types.ts';

/** A line of warning and the line of the file that it is about. */
interface Warning {
  readonly line: number;
  readonly text: string;
}

/** What is weak about the TLS of a configuration, one line each. */
export function tlsWarnings(config: Config): Warning[] {
  const { file, pools } = config;
  return pools.flatMap((pool) => [
    ...weakVerification(pool, file),
    ...exposedKeys(file, pool, 'server_tls', pool.servers[0]?.tls?.pair ?? null),
  ]);
}

/** @param prefix of the names of its keys */
function exposedKeys(
  file: string,
  pool: PoolConfig,
  prefix: string,
  pair: KeyPair | null,
): Warning[] {
  const found = { key_file: pair?.key, key_pass_file: pair?.passphrase };
  return Object.entries(found).flatMap(([name, secret]) => {
    if (secret?.exposed !== true) return [];
    const message = 'everybody on this machine may read the file; expected a mode like 0600';
    return [warning(file, pool, `${prefix}_${name}`, message)];
  });
}

function warning(file: string, pool: PoolConfig, key: string, message: string): Warning {
  const { line, column } = pool.keyPositions[key] ?? pool.position;
  const path = `${pool.name}.${key}`;
  return { line, text: `warning: ${formatProblem({ file, line, column, path, message })}` };
}

function weakVerification(pool: PoolConfig, file: string): Warning[] {
  const { verify } = pool.servers[0]?.tls ?? {};
  if (verify === undefined || verify === 'full') return [];
  const what =
    verify === 'none'
      ? 'whoever answers is taken for the server; expected full'
      : 'any server with a certificate of that issuer is taken for the one; expected full';
  return [warning(file, pool, 'server_tls_verify', what)];
}
