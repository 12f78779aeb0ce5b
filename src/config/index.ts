export { testConfig } from './check.ts';
export type { CustomCommand } from './keys/custom-commands.ts';
export { type KeySpec, POOL_KEYS } from './keys/keys.ts';
export {
  DISTRIBUTION_NAMES,
  type DistributionName,
  HASH_NAMES,
  type HashName,
} from './keys/names.ts';
export { loadConfig, parseConfig } from './load.ts';
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
