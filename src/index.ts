export { CODEC_CHOICES, type CodecChoice } from './codec/choices.ts';
export { type Config, loadConfig, type PoolConfig } from './config/index.ts';
export type { DistributionName } from './distribution/names.ts';
export { inFrontOf } from './embed/in-front-of.ts';
export type { RingwayOptions } from './embed/options.ts';
export type { PoolKeys } from './embed/pool-keys.ts';
export { type ConfigSource, type Pools, parseConfig } from './embed/source.ts';
export { type ClientAddress, type Ringway, start } from './embed/start.ts';
export type { TelemetryOptions } from './embed/telemetry.ts';
export {
  ConfigError,
  type ConfigProblem,
  ERROR_CODES,
  type ErrorCode,
  formatProblem,
  RingwayError,
} from './errors.ts';
export type { HashName } from './hash/names.ts';
export type { Log, LogFields } from './log.ts';
export type { ReaderKind } from './net/reader.ts';
export type { PoolChange } from './proxy/pool/config-changes.ts';
export type { DoorOptions } from './run/doors.ts';
export type { Address, HttpAddress, StatsAddress } from './stats/http/endpoints.ts';
export type { HttpPlace } from './stats/http/http-server.ts';
export type { Status } from './stats/http/status.ts';
export { VERSION } from './version.ts';
