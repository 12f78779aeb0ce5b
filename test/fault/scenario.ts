import { randomBytes } from 'node:crypto';
import { RawClient } from '../memcache/raw-client.ts';
import { type RealServer, startMemcached, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';
import { FaultProxy } from './fault-proxy.ts';
import { Load, type LoadTotals } from './load.ts';
import { Prober } from './prober.ts';
import { residentBytes, type StartTarget, type Target } from './targets.ts';
import { MEMCACHED_WIRE, REDIS_WIRE, type Wire } from './wire.ts';

export const SERVERS = 4;
/** The server that a fault befalls. */
export const VICTIM = 1;
export const TIMEOUT_MS = 400;
const WARM_UP_MS = 500;
const AFTER_MS = 1_000;
const END_LENGTH = '\r\nEND\r\n'.length;

/** What a fault may do something to. */
export interface Victim {
  readonly server: RealServer;
  /** Between the proxy and `server`. */
  readonly proxy: FaultProxy;
}

export interface Fault {
  readonly name: string;
  readonly redis: boolean;
  readonly values: 'strict' | 'loose';
  /** Further keys of the pool. */
  readonly pool?: Readonly<Record<string, unknown>>;
  /** Brings the fault about, and ends it; `lifted` is called when it is over. */
  befall(victim: Victim, lifted: () => void): Promise<void>;
}

export interface Row extends LoadTotals {
  readonly fault: string;
  readonly proxy: string;
  /** From the end of the fault to the first right reply of that server; 0 = it always answered. */
  readonly recoveryMs: number;
  /** Of a client that uses another server, before the fault and during it. */
  readonly p99Before: number;
  readonly p99During: number;
  readonly rssBefore: number;
  readonly rssPeak: number;
  readonly rssAfter: number;
  /** What is on the servers and should not be, or the other way round. */
  readonly audit: string[];
}

/** Runs the load through a proxy while a fault befalls one server of four. */
export async function runScenario(fault: Fault, start: StartTarget): Promise<Row> {
  const servers = await Promise.all(
    Array.from({ length: SERVERS }, () =>
      fault.redis ? startRedis(PERSISTENT) : startMemcached(),
    ),
  );
  const proxies = await Promise.all(servers.map(({ port }) => FaultProxy.start(port)));
  const target = await start({
    servers: shards(proxies.map(({ port }) => port)),
    redis: fault.redis,
    timeout: TIMEOUT_MS,
    ...fault.pool,
  });
  try {
    return await underLoad(fault, servers, proxies, target);
  } finally {
    await target.stop();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await Promise.all(servers.map((server) => server.stop()));
  }
}

// A killed server must find again what it acknowledged; the system's cache outlives its process.
const PERSISTENT = { args: ['--appendonly', 'yes', '--appendfsync', 'no'] };

async function underLoad(
  fault: Fault,
  servers: readonly RealServer[],
  proxies: readonly FaultProxy[],
  target: Target,
): Promise<Row> {
  const wire = fault.redis ? REDIS_WIRE : MEMCACHED_WIRE;
  const [ofVictim, ofOther] = await findKeys(wire, target.port, servers);
  const load = new Load({ port: target.port, wire, clients: 12, depth: 16, values: fault.values });
  load.start();
  const victimProber = await Prober.start(target.port, wire, ofVictim);
  const otherProber = await Prober.start(target.port, wire, ofOther);
  const memory = watchMemory(target.pid);
  await delay(WARM_UP_MS);
  const began = performance.now();
  const rssBefore = memory.now();
  let liftedAt = began;
  await fault.befall({ server: servers[VICTIM], proxy: proxies[VICTIM] }, () => {
    liftedAt = performance.now();
  });
  await delay(AFTER_MS);
  // One that does not recover has no time for it.
  const isBack = (): boolean => Number.isFinite(victimProber.recoveredAfter(liftedAt));
  await waitFor('an answer of the victim', isBack).catch(() => {});
  const totals = await load.stop();
  await Promise.all([victimProber.stop(), otherProber.stop()]);
  const { peak, after } = memory.stop();
  const audit = fault.values === 'strict' ? await auditServers(load, servers) : [];
  return {
    ...totals,
    fault: fault.name,
    proxy: target.name,
    recoveryMs: victimProber.recoveredAfter(liftedAt),
    p99Before: otherProber.p99(began - WARM_UP_MS / 2, began),
    p99During: otherProber.p99(began, liftedAt),
    rssBefore,
    rssPeak: peak,
    rssAfter: after,
    audit,
  };
}

async function auditServers(load: Load, servers: readonly RealServer[]): Promise<string[]> {
  const reader = await readAnywhere(servers);
  const complaints = await load.audit((key) => reader.read(key));
  reader.close();
  return complaints;
}

function watchMemory(pid: number): {
  now(): number;
  stop(): { peak: number; after: number };
} {
  let peak = 0;
  const sample = (): number => {
    const bytes = residentBytes(pid);
    if (bytes > peak) peak = bytes;
    return bytes;
  };
  const timer = setInterval(sample, 20);
  return {
    now: sample,
    stop: () => {
      clearInterval(timer);
      return { after: sample(), peak };
    },
  };
}

/** @returns a key that lives on the victim, and one that does not */
async function findKeys(
  wire: Wire,
  port: number,
  servers: readonly RealServer[],
): Promise<[string, string]> {
  const client = await RawClient.open(port);
  const reader = await readerOf(servers[VICTIM]);
  let victim = '';
  let other = '';
  while (victim === '' || other === '') {
    const key = `probe${randomBytes(4).toString('hex')}`;
    client.take();
    client.send(wire.set(key, 'x'));
    await client.until((bytes) => bytes.includes('\r\n'), 'a reply');
    if ((await reader.read(key)) === null) other = key;
    else victim = key;
  }
  client.close();
  reader.close();
  return [victim, other];
}

interface Reader {
  read(key: string): Promise<string | null>;
  close(): void;
}

/** Reads a key from whichever server has it. */
async function readAnywhere(servers: readonly RealServer[]): Promise<Reader> {
  const readers = await Promise.all(servers.map(readerOf));
  return {
    read: async (key) => {
      const values = await Promise.all(readers.map((reader) => reader.read(key)));
      return values.find((value) => value !== null) ?? null;
    },
    close: () => {
      for (const reader of readers) reader.close();
    },
  };
}

async function readerOf(server: RealServer): Promise<Reader> {
  if (server.kind === 'redis') {
    const client = await RespClient.open(server.port);
    return {
      read: async (key) => (await client.text('GET', key)) as string | null,
      close: () => client.close(),
    };
  }
  const client = await RawClient.open(server.port);
  return {
    read: async (key) => {
      const text = await client.ask(`get ${key}\r\n`);
      return text.startsWith('VALUE') ? text.slice(text.indexOf('\r\n') + 2, -END_LENGTH) : null;
    },
    close: () => client.close(),
  };
}
