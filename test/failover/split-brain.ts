import { askAdmin } from '../../src/admin/admin-client.ts';
import { Writers } from '../support/acknowledged.ts';
import { freePort } from '../support/free-port.ts';
import { Partitions } from '../support/partitions.ts';
import { fencedArgs, follows, isMaster, startWitnesses } from '../support/promotions.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

/** Several proxies with workers, a shard, witnesses, and a network that can be parted. */
export interface SplitWorld {
  readonly network: Partitions;
  readonly proxies: readonly ChildRingway[];
  /** By name: m0 is the first master, m1, m2 ... its replicas. */
  readonly members: ReadonlyMap<string, RealServer>;
  readonly witnesses: readonly RealServer[];
  /** The epoch that most witnesses have written down, and that it is done. */
  epoch(): Promise<number>;
  /** Every witness has been told that a proxy is frozen. */
  frozen(): Promise<boolean>;
  /** The member that says it is a master; null while there is none, or more than one. */
  master(): Promise<string | null>;
  /** Each replica follows one master, and all proxies report. */
  settled(): Promise<void>;
  admin(proxy: number, text: string): Promise<object>;
  stop(): Promise<void>;
}

export interface SplitOptions {
  readonly proxies?: number;
  readonly workers?: number;
  readonly replicas?: number;
  readonly toWrite?: number;
  readonly downAfterMs?: number;
}

const KEY = 'ringway:pool1:s1';
const PATIENCE_MS = 60_000;

export async function startSplitWorld(options: SplitOptions = {}): Promise<SplitWorld> {
  const { proxies: count = 3, workers = 2, replicas = 1, toWrite = 1 } = options;
  const network = new Partitions();
  const ports = new Map<string, number>();
  const witnesses = await startWitnesses();
  for (const [i, { port }] of witnesses.entries()) {
    ports.set(`w${i}`, await network.relay(`w${i}`, () => port));
  }
  const members = new Map<string, RealServer>();
  for (let i = 0; i <= replicas; i++) {
    const args = fencedArgs(toWrite);
    if (i > 0) args.push('--replicaof', '127.0.0.1', String(ports.get('m0')));
    // Known from its first connection on.
    const port = await freePort();
    const name = `m${i}`;
    network.add({ name, pid: () => members.get(name)?.pid ?? 0 });
    ports.set(name, await network.relay(name, () => port));
    members.set(name, await startRedis({ args, port }));
  }
  const all = [...members.values()];
  for (const each of all.slice(1)) await waitFor('the replicas', () => follows(each));
  const at = (name: string): string => `127.0.0.1:${ports.get(name)}`;
  const names = [...members.keys()];
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => `/tmp/ringway-split-${await freePort()}.sock`),
  );
  const proxies: ChildRingway[] = [];
  // One after the other: each has a time limit of its own.
  for (const socket of sockets) {
    const spec = {
      servers: [`${at('m0')}:1 s1`],
      replicas: names.slice(1).map((name) => `${at(name)} s1`),
      witnesses: witnesses.map((_, i) => at(`w${i}`)),
      ...{ promote: true, down_after: options.downAfterMs ?? 1000 },
      ...{ failover_wait: 2000, timeout: 500 },
    };
    const args = ['--workers', String(workers), '--admin-socket', socket];
    proxies.push(await startChild(spec, { args }));
  }
  for (const [i, { pid }] of proxies.entries()) network.add({ name: `p${i}`, pid: () => pid });
  // What they had opened before they were known belongs to nobody: it is opened again.
  for (const { port } of [...witnesses, ...all]) {
    for (const type of ['normal', 'replica']) await command(port, 'CLIENT', 'KILL', 'TYPE', type);
  }
  for (const each of all.slice(1)) await waitFor('the replicas', () => follows(each));
  const world: SplitWorld = {
    ...{ network, proxies, members, witnesses },
    epoch: async () => {
      const said = await Promise.all(
        witnesses.map(({ port }) => command(port, 'HMGET', KEY, 'epoch', 'done')),
      );
      const epochs = (said as (string | null)[][]).map(([epoch, done]) =>
        done === '1' ? Number(epoch) : 0,
      );
      return epochs.sort((a, b) => b - a)[witnesses.length >> 1];
    },
    frozen: async () => {
      const said = await Promise.all(witnesses.map(({ port }) => command(port, 'HVALS', KEY)));
      // A time, and the state.
      const isFrozen = (value: string): boolean => /^\d+ 2$/.test(value);
      return (said as string[][]).every((values) => values.some(isFrozen));
    },
    master: async () => {
      const masters = [];
      for (const [name, each] of members) if (await isMaster(each)) masters.push(name);
      return masters.length === 1 ? masters[0] : null;
    },
    settled: () => settled(world, count),
    admin: (proxy, text) => askAdmin(sockets[proxy], text, 10_000),
    stop: async () => {
      await Promise.all(proxies.map((proxy) => proxy.stop()));
      network.close();
      await Promise.all([...members.values(), ...witnesses].map((server) => server.stop()));
    },
  };
  return world;
}

async function settled(world: SplitWorld, proxies: number): Promise<void> {
  await waitFor(
    'one master that all follow',
    async () => {
      const master = await world.master();
      if (master === null) return false;
      for (const [name, each] of world.members) {
        if (name !== master && !(await follows(each))) return false;
      }
      for (const { port } of world.witnesses) {
        const fields = (await command(port, 'HKEYS', KEY)) as string[];
        if (fields.filter((field) => field.startsWith('p:')).length !== proxies) return false;
      }
      return true;
    },
    PATIENCE_MS,
  );
}

/** Writes through every proxy, as long as `run` takes. @returns who has acknowledged them */
export async function whileWriting(
  { proxies }: SplitWorld,
  run: (writers: Writers) => Promise<void>,
): Promise<Writers> {
  const writers = new Writers(
    proxies.map(({ port }) => port),
    20,
  );
  try {
    await waitFor('writes through all', () => writers.all.length > 3 * proxies.length);
    await run(writers);
  } finally {
    await writers.stop();
  }
  return writers;
}

/** Until every proxy has a write of `server` acknowledged that was sent from now on. */
export async function acknowledgedBy(
  writers: Writers,
  server: RealServer,
  patienceMs = 30_000,
): Promise<void> {
  const from = performance.now();
  await waitFor(
    'writes at the master',
    () => {
      return (
        writers.all.filter((each) => each.sentAt > from && each.server === server.port).length > 10
      );
    },
    patienceMs,
  );
}
