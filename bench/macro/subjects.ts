import { execFileSync } from 'node:child_process';
import type { ConnectionOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { CodecChoice } from '../../src/codec/choices.ts';
import { findBinary } from '../../test/support/real-servers.ts';
import {
  type Configuration,
  clusterYml,
  memcachedProxyLua,
  nutcrackerYml,
  type Protocol,
  predixyClusterConf,
  predixyConf,
} from './configurations.ts';
import type { Rival } from './options.ts';

/** A proxy to measure. */
export interface Subject {
  readonly name: string;
  /** {conf}, {port} and {stats} stand for what it is given. */
  readonly command: readonly string[];
  readonly configuration: Configuration;
  /** The only protocol it speaks; absent = both. */
  readonly only?: Protocol;
  /** Whether messages can be sent to its process. */
  readonly channel?: boolean;
  /** How it is spoken to with TLS; absent = without. */
  readonly answersTo?: ConnectionOptions;
}

export const NUTCRACKER = 'nutcracker';
export const PREDIXY = 'predixy';
export const MEMCACHED_PROXY = "memcached's proxy";

const CLI = fileURLToPath(new URL('../../cli/ringway.js', import.meta.url));

export interface RingwayOptions {
  readonly workers?: number;
  /** That of the build to run. */
  readonly cli?: string;
}

export function ringway(
  codec: CodecChoice,
  { workers = 1, cli = CLI }: RingwayOptions = {},
): Subject {
  const options = ['--codec', codec, '--workers', String(workers), '--http-addr', 'off'];
  return {
    name: `ringway ${codec}`,
    command: [process.execPath, cli, ...options, ...nutcrackerArguments()],
    configuration: nutcrackerYml,
  };
}

/** ringway with each codec, the known rivals that are on the PATH, and those that were named. */
export function subjects(codecs: readonly CodecChoice[], rivals: readonly Rival[]): Subject[] {
  const named = rivals.map((rival) => ({ ...rival, configuration: nutcrackerYml }));
  return [...codecs.map((codec) => ringway(codec)), ...installedRivals(), ...named];
}

/** Those of `list` that speak `protocol`. */
export function speaking(protocol: Protocol, list: readonly Subject[]): Subject[] {
  return list.filter(({ only = protocol }) => only === protocol);
}

function installedRivals(): Subject[] {
  const list: Subject[] = [];
  const nutcracker = findBinary([NUTCRACKER]);
  if (nutcracker !== undefined) {
    const command = [nutcracker, ...nutcrackerArguments()];
    list.push({ name: NUTCRACKER, command, configuration: nutcrackerYml });
  }
  const predixy = findBinary([PREDIXY]);
  if (predixy !== undefined) {
    const command = [predixy, '{conf}'];
    list.push({ name: PREDIXY, command, configuration: predixyConf, only: 'redis' });
  }
  const memcached = memcachedWithProxy();
  if (memcached !== undefined) {
    // It refuses to run as root without being told so.
    const place = ['-l', '127.0.0.1', '-p', '{port}', '-U', '0', '-u', 'root'];
    const command = [memcached, ...place, '-t', '1', '-o', 'proxy_config={conf}'];
    const configuration = memcachedProxyLua;
    list.push({ name: MEMCACHED_PROXY, command, configuration, only: 'memcached' });
  }
  return list;
}

/** The memcached on the PATH, if it was built with its proxy. */
function memcachedWithProxy(): string | undefined {
  const program = findBinary(['memcached']);
  if (program === undefined) return undefined;
  const help = execFileSync(program, ['-h'], { encoding: 'utf8' });
  return help.includes('proxy_config') ? program : undefined;
}

/** The same proxy in front of a Redis Cluster; null where it does not know them. */
export function inFrontOfCluster(subject: Subject): Subject | null {
  if (subject.configuration === predixyConf) {
    return { ...subject, configuration: predixyClusterConf };
  }
  return subject.name.startsWith('ringway') ? { ...subject, configuration: clusterYml } : null;
}

function nutcrackerArguments(): string[] {
  return ['-c', '{conf}', '-a', '127.0.0.1', '-s', '{stats}'];
}
