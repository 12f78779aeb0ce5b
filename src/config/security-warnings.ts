import { formatProblem } from '../errors.ts';
import { EXPIRY_WARNING_MS } from '../limits.ts';
import { linesOf } from './keys/lines.ts';
import type { KeyPair } from './tls-types.ts';
import type { Config, PoolConfig } from './types.ts';

const EXPOSED = 'everybody on this machine may read the file; expected a mode like 0600';

/** A line of warning and the line of the file that it is about. */
interface Warning {
  readonly line: number;
  readonly text: string;
}

/** What is weak about TLS and passwords of a configuration, one line each. */
export function securityWarnings(config: Config): Warning[] {
  const { file, pools } = config;
  return pools.flatMap((pool) => [
    ...weakVerification(pool, file),
    ...passwordWarnings(file, pool),
    ...pairWarnings(file, pool, 'server_tls', linesOf(pool)[0]?.tls?.pair ?? null),
    ...pairWarnings(file, pool, 'tls', pool.tls?.pairs[0] ?? null),
    ...(pool.tls?.pairs.slice(1) ?? []).flatMap((pair) => pairWarnings(file, pool, '', pair)),
  ]);
}

/** @param prefix of the names of its keys; empty for one of `tls_certs` */
function pairWarnings(
  file: string,
  pool: PoolConfig,
  prefix: string,
  pair: KeyPair | null,
): Warning[] {
  if (pair === null) return [];
  const named = (name: string): string => (prefix === '' ? 'tls_certs' : `${prefix}_${name}`);
  const found: Warning[] = [];
  for (const [name, secret] of [
    ['key_file', pair.key] as const,
    ['key_pass_file', pair.passphrase] as const,
  ]) {
    if (secret?.exposed !== true) continue;
    found.push(warning(file, pool, named(name), EXPOSED));
  }
  const left = pair.validUntil - Date.now();
  if (left < EXPIRY_WARNING_MS) {
    const end = new Date(pair.validUntil).toISOString();
    const verb = left < 0 ? 'ended' : 'ends';
    const message = `the certificate ${verb} at ${end}; expected a newer one`;
    found.push(warning(file, pool, named('cert_file'), message));
  }
  return found;
}

function passwordWarnings(file: string, pool: PoolConfig): Warning[] {
  const found = {
    redis_auth_file: pool.serverLogin?.password,
    sentinel_auth_file: pool.sentinelLogin?.words,
    client_auth_file: pool.clientAuth,
    users_file: pool.users,
  };
  return Object.entries(found).flatMap(([key, secret]) =>
    secret?.exposed === true && key in pool.keyPositions ? [warning(file, pool, key, EXPOSED)] : [],
  );
}

function warning(file: string, pool: PoolConfig, key: string, message: string): Warning {
  const { line, column } = pool.keyPositions[key] ?? pool.position;
  const path = `${pool.name}.${key}`;
  return { line, text: `warning: ${formatProblem({ file, line, column, path, message })}` };
}

function weakVerification(pool: PoolConfig, file: string): Warning[] {
  const { verify } = linesOf(pool)[0]?.tls ?? {};
  if (verify === undefined || verify === 'full') return [];
  const what =
    verify === 'none'
      ? 'whoever answers is taken for the server; expected full'
      : 'any server with a certificate of that issuer is taken for the one; expected full';
  return [warning(file, pool, 'server_tls_verify', what)];
}
