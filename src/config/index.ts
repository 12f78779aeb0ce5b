export { DISTRIBUTION_NAMES, type DistributionName } from '../distribution/names.ts';
export { HASH_NAMES, type HashName } from '../hash/names.ts';
export { type Attached, AttachedFiles } from './attached-files.ts';
export { testConfig } from './check.ts';
export { effectiveConfig } from './effective.ts';
export type { Rules } from './file/rules.ts';
export type { CustomCommand } from './keys/custom-commands.ts';
export type { KeySpec } from './keys/key-spec.ts';
export { POOL_KEYS } from './keys/keys.ts';
export { linesOf, placedServersOf } from './keys/lines.ts';
export { type Members, memberNames, withMembers } from './keys/masters/members.ts';
export { isSrv, srvName } from './keys/masters/srv.ts';
export { nearest } from './keys/suggest.ts';
export { loadConfig, parseConfig } from './load.ts';
export { type ConfigText, readConfig } from './read.ts';
export { resolveListens } from './resolve.ts';
export { readPassword, Secret } from './secret.ts';
export { unresolvedServers } from './server-hosts.ts';
export type { ClientTls, KeyPair, ServerTls } from './tls-types.ts';
export type {
  Config,
  Discovery,
  ListenConfig,
  PoolConfig,
  Position,
  ReadFrom,
  RenamedCommand,
  ReplicaConfig,
  SentinelConfig,
  SentinelLogin,
  ServerConfig,
  ServerLogin,
  TcpListen,
  UnixListen,
} from './types.ts';
export { configWarnings } from './warnings.ts';
