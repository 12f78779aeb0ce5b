import type { CodecChoice } from '../codec/choices.ts';
import { nearest } from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ReaderKind } from '../net/reader.ts';
import type { DoorOptions } from '../run/doors.ts';
import type { ConfigSource } from './source.ts';
import { isTelemetry, TELEMETRY_EXPECTED, type TelemetryOptions } from './telemetry.ts';

/** How start() runs a proxy; all but the configuration has a default. */
export interface RingwayOptions extends ConfigSource, DoorOptions {
  /** Default `auto`. */
  readonly codec?: CodecChoice;
  /** Default: standard error at nutcracker's level 5. */
  readonly log?: Log;
  /** Whether latencies are measured; default true. */
  readonly latency?: boolean;
  /** Bytes that may wait for clients and servers in one process; 0 = no limit; default 1 GiB. */
  readonly memoryLimit?: number;
  /** Connections of one process, to clients and servers; default 0 = what the system allows. */
  readonly maxConnections?: number;
  /** Descriptors of listening sockets that are open already, by the name of their pool. */
  readonly listenFds?: ReadonlyMap<string, number>;
  /** `data` keeps to the documented interface of node:net; default: what this Node can do. */
  readonly reader?: ReaderKind;
  /** Sends metrics and traces to an OpenTelemetry collector; default: nothing is sent or loaded. */
  readonly telemetry?: TelemetryOptions;
}

/** What an option must be, in words, and whether a value is that. */
type Rule = readonly [expected: string, isRight: (value: unknown) => boolean];

const PLACE: Rule = ["{ host: '127.0.0.1', port: 0 }", isPlace];
const ANY = (): boolean => true;
const SWITCH: Rule = ['true or false', (value) => typeof value === 'boolean'];
const COUNT: Rule = [
  'a whole number from 0',
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
];

/** Each option of start(). TypeScript sees mistakes by itself; a program in JavaScript is told. */
const RULES: Readonly<Record<keyof RingwayOptions, Rule>> = {
  config: ['', ANY],
  text: ['', ANY],
  pools: ['', ANY],
  file: ['a path', (value) => typeof value === 'string'],
  codec: ['', ANY],
  reader: ['', ANY],
  log: ['{ level, write(level, message) }', isLog],
  latency: SWITCH,
  memoryLimit: COUNT,
  maxConnections: COUNT,
  listenFds: ['a Map of descriptors by name', (value) => value instanceof Map],
  telemetry: [TELEMETRY_EXPECTED, isTelemetry],
  stats: PLACE,
  http: PLACE,
  admin: ["{ path: '/run/ringway.sock' }", (value) => isObject(value) && isText(value.path)],
};

/** @throws RingwayError RINGWAY_USAGE for an option that is none, or has another form */
export function checkOptions(options: RingwayOptions): void {
  if (!isObject(options)) throw wrong('expected an object with options');
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(RULES, name)) {
      const near = nearest(name, Object.keys(RULES));
      throw wrong(`unknown option ${name}${near === null ? '' : `; did you mean ${near}?`}`);
    }
    const [expected, isRight] = RULES[name as keyof RingwayOptions];
    if (value !== undefined && !isRight(value)) throw wrong(`${name}: expected ${expected}`);
  }
}

function wrong(message: string): RingwayError {
  return new RingwayError('RINGWAY_USAGE', message);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isPlace(value: unknown): boolean {
  if (!isObject(value) || !isText(value.host)) return false;
  const port = value.port as number;
  return Number.isInteger(port) && port >= 0 && port <= 65535;
}

function isLog(value: unknown): boolean {
  return isObject(value) && Number.isInteger(value.level) && typeof value.write === 'function';
}
