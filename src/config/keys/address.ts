import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { SENTINELS, SERVER_PATTERN, SOCKET_PATH_BYTES } from '../../limits.ts';
import { FILE_RULES, type Rules } from '../file/rules.ts';
import type { ListenConfig, ReplicaConfig, SentinelConfig, ServerConfig } from '../types.ts';
import { isSrv, parseSrv } from './masters/srv.ts';
import { type Parsed, quote, wrappingNumber } from './values.ts';

const PORT_MAX = 65535;
/** libmemcached leaves its default port out of the names it hashes, and so must the ring. */
const MEMCACHED_PORT = 11211;

const LISTEN_FORMS = 'expected "host:port" or "/path" or "/path MODE"';
const SENTINEL_FORMS = 'expected "host:port"';
const REPLICA_FORMS = 'expected "host:port name", the name being that of its server';
const SERVER_FORMS = 'expected "host:port:weight [name]" or "/path:weight [name]"';

function parsePort(text: string, least = 1): number | null {
  const port = wrappingNumber(text);
  return port === null || port < least || port > PORT_MAX ? null : port;
}

/** strtol in base 8: blanks, a sign, then as many octal digits as there are; none is 0. */
function octalPrefix(text: string): number {
  const match = /^[ \t\n\v\f\r]*([-+]?)([0-7]*)/.exec(text)!;
  const value = match[2] === '' ? 0 : Number.parseInt(match[2]!, 8);
  return match[1] === '-' ? -value : value;
}

function parseUnixListen(text: string): Parsed<ListenConfig> {
  const blank = text.lastIndexOf(' ');
  const path = blank < 0 ? text : text.slice(0, blank);
  const mode = blank < 0 ? 0 : octalPrefix(text.slice(blank + 1));
  if (mode < 0 || mode > 0o777) {
    const given = quote(text.slice(blank + 1));
    return { problem: `${given} is not a file permission; expected an octal mode from 0 to 0777` };
  }
  const length = Buffer.byteLength(path);
  if (length > SOCKET_PATH_BYTES) {
    return {
      problem: `the socket path has ${length} bytes; expected at most ${SOCKET_PATH_BYTES}`,
    };
  }
  // -0 would survive as a mode otherwise.
  return { value: { kind: 'unix', text, path, mode: mode || 0 } };
}

/** glibc takes the host `*` for loopback, IPv6 where there is one; Node's look-up refuses it. */
function loopback(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ address }) => address === '::1') ? '::1' : '127.0.0.1';
}

/** A `listen` value; whether its host resolves is checked elsewhere. */
export function parseListen(text: string, { anyPort }: Rules = FILE_RULES): Parsed<ListenConfig> {
  if (text.startsWith('/')) return parseUnixListen(text);
  const colon = text.lastIndexOf(':');
  if (colon < 0) return { problem: `${quote(text)} has no port; ${LISTEN_FORMS}` };
  const least = anyPort ? 0 : 1;
  const port = parsePort(text.slice(colon + 1), least);
  if (port === null) {
    return {
      problem: `${quote(text.slice(colon + 1))} is not a port; expected ${least} to ${PORT_MAX}`,
    };
  }
  const host = text.slice(0, colon);
  return { value: { kind: 'tcp', text, host: host === '*' ? loopback() : host, port } };
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** A `servers` line, taken apart from the right: names may hold colons, hosts may too. */
export function parseServer(
  text: string,
  line: number,
): Parsed<Omit<ServerConfig, 'column' | 'tls'>> {
  const blank = text.lastIndexOf(' ');
  const given = blank < 0 ? null : text.slice(blank + 1);
  const address = blank < 0 ? text : text.slice(0, blank);
  if (isSrv(address)) return parseSrvServer(text, line);
  const unix = text.startsWith('/');
  const lastColon = address.lastIndexOf(':');
  const portColon = unix || lastColon < 1 ? -1 : address.lastIndexOf(':', lastColon - 1);
  if (lastColon < 0 || (!unix && portColon < 0)) {
    return { problem: `${quote(text)} is not complete; ${SERVER_FORMS}` };
  }
  const weightText = address.slice(lastColon + 1);
  const weight = wrappingNumber(weightText);
  if (weight === null || weight === 0) {
    return { problem: `${quote(weightText)} is not a weight; expected a number from 1` };
  }
  if (unix) {
    // nutcracker hashes the path with the colon behind it, so an unchanged ring needs it.
    const name = given ?? address.slice(0, lastColon + 1);
    const ringName = latin1(name);
    const path = address.slice(0, lastColon);
    if (path.includes(':')) {
      return { problem: `${quote(path)} holds a colon; expected a socket path without one` };
    }
    const where = { kind: 'unix', host: '', port: 0, path } as const;
    return { value: { text, name, ringName, ...where, weight, line } };
  }
  const portText = address.slice(portColon + 1, lastColon);
  const port = parsePort(portText);
  if (port === null) {
    return { problem: `${quote(portText)} is not a port; expected 1 to ${PORT_MAX}` };
  }
  const host = address.slice(0, portColon);
  const name = given ?? (port === MEMCACHED_PORT ? host : address.slice(0, lastColon));
  const ringName = latin1(name);
  return { value: { text, name, ringName, kind: 'tcp', host, port, path: '', weight, line } };
}

/** Whether a part that was cut off at a colon can be a host: IPv6 holds colons, names do not. */
function isHost(host: string): boolean {
  return !host.includes(':') || isIPv6(host);
}

/**
 * A `servers` line of a text that may lack the weight, which is 1 then; as it is if that does not
 * make it one either.
 */
export function withWeight(text: string): string {
  const [first] = expandedLines(text);
  if (isServer(first)) return text;
  const blank = text.lastIndexOf(' ');
  const end = blank < 0 ? text.length : blank;
  const whole = `${text.slice(0, end)}:1${text.slice(end)}`;
  return isServer(expandedLines(whole)[0]) ? whole : text;
}

function expandedLines(text: string): readonly string[] {
  const lines = expandServer(text);
  return 'problem' in lines ? [text] : lines.value;
}

function isServer(text: string): boolean {
  const parsed = parseServer(text, 0);
  return !('problem' in parsed) && isHost(parsed.value.host);
}

/** A `servers` line that stands for those that SRV records list. */
function parseSrvServer(text: string, line: number): Parsed<Omit<ServerConfig, 'column' | 'tls'>> {
  const [, service, weightText = '1'] = /^(.*?)(?::(\d+))?$/s.exec(text)!;
  const srv = parseSrv(service);
  if (srv === null || 'problem' in srv) return srv ?? { problem: SERVER_FORMS };
  const weight = wrappingNumber(weightText);
  if (weight === null || weight === 0) {
    return { problem: `${quote(weightText)} is not a weight; expected a number from 1` };
  }
  const names = { name: text, ringName: latin1(text) };
  const where = { kind: 'tcp', path: '', ...srv.value } as const;
  return { value: { text, ...names, ...where, weight, line } };
}

/** As in `redis-{0..5}.redis.svc:6379:1 redis-{}`: the numbers stand where {} is, too. */
const PATTERN = /^([^{}]*)\{(\d{1,6})\.\.(\d{1,6})\}(.*)$/;

/** The lines that a `servers` line stands for: itself, unless it has a range of numbers. */
export function expandServer(text: string): Parsed<readonly string[]> {
  const match = PATTERN.exec(text);
  if (match === null || text.startsWith('/')) return { value: [text] };
  const [, before, first, last, behind] = match;
  const count = Number(last) - Number(first) + 1;
  if (count < 1 || count > SERVER_PATTERN) {
    const range = quote(`{${first}..${last}}`);
    return { problem: `${range} is no range; expected 1 to ${SERVER_PATTERN} numbers, upwards` };
  }
  const numbers = Array.from({ length: count }, (_, i) => String(Number(first) + i));
  const more = behind.split('{}');
  return { value: numbers.map((number) => before + number + more.join(number)) };
}

/** A `sentinels` line, with the weight that other versions want and nobody needs, or without. */
export function parseSentinel(text: string): Parsed<SentinelConfig> {
  const srv = parseSrv(text);
  if (srv !== null) return srv;
  const parts = text.split(':');
  if (parts.length < 2) return { problem: `${quote(text)} has no port; ${SENTINEL_FORMS}` };
  if (parts.length > 2 && wrappingNumber(parts.pop()!) === null) {
    return { problem: `${quote(text)} ends with no number; ${SENTINEL_FORMS}` };
  }
  const portText = parts.pop()!;
  const port = parsePort(portText);
  if (port === null) {
    return { problem: `${quote(portText)} is not a port; expected 1 to ${PORT_MAX}` };
  }
  const host = parts.join(':');
  if (!/^[\w.:%-]+$/.test(host)) {
    return { problem: `${quote(host)} is no host; expected a host name or an address` };
  }
  return { value: { host, port } };
}

/** A `replicas` line: an address as of a sentinel, and the name of the server it belongs to. */
export function parseReplica(text: string): Parsed<ReplicaConfig> {
  const blank = text.lastIndexOf(' ');
  if (blank < 1) return { problem: `${quote(text)} has no name; ${REPLICA_FORMS}` };
  const address = text.slice(0, blank);
  // IPv6 ends like a port and a weight.
  const parsed = parseSentinel(/^[^:]+:/.test(address) ? address : `${address}:1`);
  if ('problem' in parsed) return parsed;
  return { value: { ...parsed.value, server: text.slice(blank + 1) } };
}

/** `host:port` of several doors, separated by commas. */
export function parseDoors(text: string): Parsed<readonly SentinelConfig[]> {
  const doors: SentinelConfig[] = [];
  for (const item of text.split(',').map((each) => each.trim())) {
    const parsed = parseSentinel(/^[^:]+:/.test(item) ? item : `${item}:1`);
    if ('problem' in parsed) return parsed;
    if (isSrv(parsed.value.host))
      return { problem: `${quote(item)} is no door; ${SENTINEL_FORMS}` };
    doors.push(Object.freeze(parsed.value));
  }
  if (doors.length > SENTINELS) {
    return { problem: `there are ${doors.length}; expected at most ${SENTINELS}` };
  }
  return { value: Object.freeze(doors) };
}
