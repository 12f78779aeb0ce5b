export { testConfig } from './check.ts';
export type { CustomCommand } from './custom-commands.ts';
export { type KeySpec, POOL_KEYS } from './keys.ts';
export { loadConfig, parseConfig } from './load.ts';
export { DISTRIBUTION_NAMES, type DistributionName, HASH_NAMES, type HashName } from './names.ts';
export { readConfig } from './read.ts';
export { resolveListens } from './resolve.ts';
export type {
  Config,
  ListenConfig,
  PoolConfig,
  Position,
  ServerConfig,
  TcpListen,
  UnixListen,
} from './types.ts';
export { configWarnings } from './warnings.ts';
