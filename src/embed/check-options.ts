import { nearest } from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import type { RingwayOptions } from './start.ts';

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
