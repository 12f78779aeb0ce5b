import { REDIS } from '../clients/dialect.ts';
import { History } from '../clients/history.ts';
import { MEMCACHE } from '../clients/memcache.ts';
import { resetConnections, SimClient } from '../clients/sim-client.ts';
import { Network } from '../net/network.ts';
import { SimProxy } from '../proxy/sim-proxy.ts';
import { SimMemcached } from '../servers/memcached/sim-memcached.ts';
import { SimRedis } from '../servers/redis/sim-redis.ts';
import type { ServerProcess } from '../servers/server-process.ts';
import { install, uninstall } from '../world/surroundings.ts';
import type { Line } from '../world/trace.ts';
import { World } from '../world/world.ts';
import type { Action, Case, Op, PoolKeys } from './case.ts';
import { Disturbances } from './disturbances.ts';
import { type Chosen, FaultScheduler } from './faults.ts';
import { Masters } from './ha/masters.ts';
import { Settling } from './ha/settling.ts';
import { SENTINEL_PORT, Shards } from './ha/shards.ts';
import { Pairs } from './pairs.ts';

/** What became of a case. */
export interface Result {
  readonly complaints: readonly string[];
  /** The same for each run of the same case. */
  readonly hash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly answered: number;
  readonly failed: number;
  readonly lost: number;
  /** Faults as they were carried out. */
  readonly faults: readonly Chosen[];
  /** What happened, when that was wanted. */
  readonly lines: readonly Line[];
}

/** Virtual milliseconds: the longest that a case may take until all clients are done. */
const LONGEST_MS = 120_000;
/** After the last client, until everything must have been given back. */
const REST_MS = 4_000;
/** After stop(), until its connections must be closed. */
const STOP_MS = 2_000;
/** The slowest network answers within this. */
const SLOW_MS = 5_000;
/** After the last fault, until each server is found again: breakers, looks and SYNs are patient. */
const FOUND_MS = 6_000;
/** On top of what the keys of a pool say how long a request may wait. */
const ALONE_SLACK_MS = 300;
/** Of masters that have moved: sentinels are asked every 5 s, and a lower epoch is doubted for 10 s. */
const SHARDS_FOUND_MS = 20_000;
const PASSWORD = 'secret';
/** Errors that a key of the pool may cause, whether anything is wrong or not. */
const REFUSALS: readonly (readonly [key: string, text: string])[] = [
  ['client_output_limit', 'ERR reply is larger than client_output_limit'],
  ['max_backend_connections', 'ERR max number of backend connections reached'],
];
/** Asks for everything, in every database. */
const INSPECTION: readonly Action[] = [0, 1, 2].flatMap((db): Action[] => [
  { do: 'send', ops: [{ op: 'select', db }], pieces: 1 },
  { do: 'wait' },
  {
    do: 'send',
    pieces: 1,
    ops: [
      ...Array.from({ length: 20 }, (_, key): Op => ({ op: 'get', key })),
      ...[0, 1, 2].flatMap((key): Op[] => [
        { op: 'incr', key },
        { op: 'pop', key },
        { op: 'pair', key },
      ]),
    ],
  },
  { do: 'wait' },
]);
const MEMCACHE_INSPECTION: readonly Action[] = [
  {
    do: 'send',
    pieces: 1,
    ops: [
      ...Array.from({ length: 20 }, (_, key): Op => ({ op: 'get', key })),
      ...[0, 1, 2].map((key): Op => ({ op: 'incr', key })),
    ],
  },
  { do: 'wait' },
];
const PORT = 6379;
const POOL_PORT = 22121;

/** Runs one case from its beginning to its end. One at a time in a process. */
export async function runCase(
  given: Case,
  pairs: Pairs = new Pairs(),
  keepsLines = false,
): Promise<Result> {
  const world = new World(given.seed, keepsLines);
  const network = new Network(world, given.calm);
  install(world, network);
  const onUncaught = (error: unknown): void => void world.uncaught.push({ error, where: 'a tick' });
  process.on('uncaughtException', onUncaught);
  process.on('unhandledRejection', onUncaught);
  try {
    return await live(given, world, network, pairs);
  } finally {
    process.off('uncaughtException', onUncaught);
    process.off('unhandledRejection', onUncaught);
    uninstall();
  }
}

async function live(given: Case, world: World, network: Network, pairs: Pairs): Promise<Result> {
  resetConnections();
  const password = given.password === true ? PASSWORD : null;
  const shards =
    given.availability === undefined ? null : new Shards(world, network, given, password);
  shards?.start();
  const servers = shards?.servers ?? startServers(given, world, network);
  const masters = shards === null ? null : new Masters(shards);
  const proxies = startProxies(given, world, network);
  const history = new History(
    () => world.micros,
    (key, from) => {
      const owners = [...new Set(proxies.flatMap((proxy) => proxy.ownersOf(key, from)))];
      if (shards === null) return owners;
      return owners.flatMap((name) => shards.membersOf(name).map((member) => member.name));
    },
  );
  for (const server of servers) history.watch(server);
  const disturbances = new Disturbances(() => world.micros);
  const complaints: string[] = [];
  const mayTimeOut = !given.calm && given.pools.some(isImpatient);
  await world.run(1_000_000, () => proxies.every(({ ready }) => ready));
  const settling = new Settling(world, shards, () => faults.healedAt);
  const healedAt = (): number => settling.since;
  const acknowledging =
    (proxy: number) =>
    (id: number, sentAt: number): void => {
      history.acknowledged(id);
      const done = history.executedAt(id);
      if (done !== null) masters?.acknowledged(proxy, done, sentAt, world.micros);
    };
  const texts = given.pools.flatMap((keys) => Object.keys(keys));
  const setting = {
    world,
    network,
    history,
    password,
    dialect: given.memcache === true ? MEMCACHE : REDIS,
    mayFail: () => faults.begun || mayTimeOut,
    refusals: REFUSALS.filter(([key]) => texts.includes(key)).map(([, text]) => text),
    healedAt,
    disturbances,
    prompt: given.calm ? { aloneMicros: Math.max(...given.pools.map(aloneMicros)) } : null,
  };
  const clients = given.clients.map((plan, i) => {
    const { address: host, port } = proxies[plan.proxy % proxies.length];
    const acknowledged = acknowledging(plan.proxy % proxies.length);
    return new SimClient(i, plan, { ...setting, host, port, acknowledged });
  });
  const parties = { world, network, proxies, servers, clients, disturbances, shards };
  const faults = new FaultScheduler(parties, world.randomOf('faults'), pairs, given.kinds);
  faults.plan(given.faults);
  world.afterTurn = (loop) => proxies.find((proxy) => proxy.loop === loop)?.checkTurn();
  await world.run(LONGEST_MS * 1000, () => clients.every(({ done }) => done));
  // By now every server is found again: nothing that the clients left behind fails.
  await world.run(world.micros + LONGEST_MS * 1000, () => Number.isFinite(healedAt()));
  if (!Number.isFinite(healedAt())) complaints.push('the shards do not settle');
  const foundMs = shards === null ? FOUND_MS : SHARDS_FOUND_MS;
  await world.run(Math.max(world.micros, healedAt()) + foundMs * 1000);
  const inspectors = proxies.map(({ address: host, port }, i) => {
    const plan = {
      proxy: i,
      startMs: world.micros / 1000,
      actions: given.memcache === true ? MEMCACHE_INSPECTION : INSPECTION,
    };
    return new SimClient(100 + i, plan, {
      ...{ ...setting, host, port },
      mayFail: () => mayTimeOut,
      acknowledged: acknowledging(i),
    });
  });
  if (clients.every(({ done }) => done)) {
    await world.run(world.micros + LONGEST_MS * 1000, () => inspectors.every(({ done }) => done));
  }
  for (const client of [...clients, ...inspectors]) {
    if (client.done) continue;
    complaints.push(`${client.name} is not done, ${client.state}: waits for ${client.waitsFor}`);
  }
  const restAt = world.micros;
  await world.run(restAt + REST_MS * 1000);
  for (const proxy of proxies) proxy.rest();
  await world.run(restAt + (REST_MS + STOP_MS) * 1000);
  for (const proxy of proxies) proxy.checkStopped();
  for (const { error, where } of world.uncaught) {
    complaints.push(`${where} fails: ${(error as Error).stack ?? String(error)}`);
  }
  complaints.push(...history.complaints, ...(masters?.complaints ?? []));
  for (const party of [...clients, ...inspectors, ...proxies]) complaints.push(...party.complaints);
  for (const proxy of proxies) proxy.discard();
  const sum = (of: 'answered' | 'failed' | 'lost') => clients.reduce((n, each) => n + each[of], 0);
  return {
    complaints,
    hash: world.trace.hash,
    virtualMs: Math.round(restAt / 1000),
    events: world.events,
    answered: sum('answered'),
    failed: sum('failed'),
    lost: sum('lost'),
    faults: faults.done,
    lines: world.trace.lines,
  };
}

function startServers(given: Case, world: World, network: Network): ServerProcess[] {
  const password = given.password === true ? PASSWORD : null;
  return Array.from({ length: given.servers }, (_, i) => {
    const name = `redis${i}`;
    const address = `10.0.1.${i + 1}`;
    network.names.set(`${name}.example`, address);
    const Server = given.memcache === true ? SimMemcached : SimRedis;
    const server = new Server(world, network, { name, address, port: PORT, password });
    server.start();
    return server;
  });
}

function startProxies(given: Case, world: World, network: Network): SimProxy[] {
  const servers = Array.from({ length: given.servers }, (_, i) => {
    const host = given.availability === undefined ? `redis${i}.example` : `10.0.1.${i + 1}`;
    return { name: `redis${i}`, host, port: PORT };
  });
  const sentinels =
    given.availability === undefined ? [] : [1, 2, 3].map((i) => `10.0.5.${i}:${SENTINEL_PORT}`);
  return Array.from({ length: given.proxies }, (_, i) => {
    const { codec, reader, memoryMib, busyMicros = 0 } = given;
    const auth: PoolKeys = given.password === true ? { redis_auth: PASSWORD } : {};
    const pools = given.pools.map((keys) => ({ ...keys, ...auth }));
    const address = `10.0.0.${i + 1}`;
    const memcache = given.memcache === true;
    const limits = { memoryMib, memcache, busyMicros, pools };
    const where = { servers, sentinels, address, port: POOL_PORT };
    const options = { codec, reader, ...limits, ...where };
    const proxy = new SimProxy(world, network, { ...options, name: `proxy${i}` });
    proxy.start();
    return proxy;
  });
}

/** What a request waits for at most: a connection, an answer, and both again if it is repeated. */
function aloneMicros(keys: PoolKeys): number {
  const ms = (key: string): number => Number(keys[key] ?? 0);
  if (ms('timeout') === 0) return Number.POSITIVE_INFINITY;
  const once = 2 * Math.max(ms('timeout'), ms('connect_timeout')) + ms('breaker_max_wait');
  return (ALONE_SLACK_MS + once * (1 + ms('retry_reads'))) * 1000;
}

/** A network that is slow by itself may take longer than such a pool waits. */
function isImpatient({ timeout = 0, connect_timeout: connecting = 0 }: PoolKeys): boolean {
  return [timeout, connecting].some((ms) => Number(ms) > 0 && Number(ms) < SLOW_MS);
}
