import type { ShardSpec } from '../../../src/topology/shard.ts';
import type { Random } from '../../fuzz/random.ts';
import { Network } from '../net/network.ts';
import type { ServerProcess } from '../servers/server-process.ts';
import { install, uninstall } from '../world/surroundings.ts';
import { World } from '../world/world.ts';
import { FencedServer, type Write } from './fenced-server.ts';
import { SimFollower } from './sim-follower.ts';
import { SimWitness } from './sim-witness.ts';

/** What is wrong for a while. */
export type Fault =
  /** These hosts, by name, hear nothing of those. */
  | { readonly kind: 'part'; readonly some: readonly string[]; readonly others: readonly string[] }
  | { readonly kind: 'crash'; readonly server: string; readonly keepsData: boolean }
  | { readonly kind: 'stop'; readonly process: string };

export interface SplitPlan {
  readonly replicas: number;
  readonly rounds: number;
  /** Faults that hold at the same time. */
  faults(random: Random, names: readonly string[], master: string): readonly Fault[];
  seconds(random: Random): number;
  /** Whether the old master may go on is not asked. */
  readonly unfenced?: boolean;
  /** The files of the proxies change again and again, while things are wrong. */
  readonly reloads?: boolean;
  /** What the last witness says instead of the truth. */
  readonly lie?: SimWitness['lie'];
}

export interface SplitResult {
  readonly complaints: readonly string[];
  /** Promotions that are done, of each fault. */
  readonly promotions: readonly number[];
  /** How often another server acknowledged than before. */
  readonly changes: number;
  readonly writes: number;
  readonly said: readonly string[];
}

const SECOND = 1_000_000;
const KEY = 'ringway:p:s';
/** How long until everything is as it should be again. */
const SETTLE_S = 60;
const QUIET_S = 25;
export const DOWN_AFTER_MS = 2_000;

/** Three proxies, a master with replicas, and witnesses. */
export class SplitCase {
  readonly world: World;
  readonly network: Network;
  readonly servers: readonly FencedServer[];
  readonly witnesses: readonly SimWitness[];
  readonly proxies: readonly SimFollower[];
  readonly #addresses: Map<string, string> = new Map();

  constructor(seed: number, { replicas, unfenced = false, lie }: SplitPlan) {
    this.world = new World(seed, false);
    this.network = new Network(this.world, true);
    install(this.world, this.network);
    const at = (name: string, address: string): string => {
      this.#addresses.set(name, address);
      return address;
    };
    const master = { host: '10.0.1.1', port: 6379 };
    this.servers = Array.from({ length: replicas + 1 }, (_, i) => {
      const name = `m${i}`;
      const address = at(name, `10.0.1.${i + 1}`);
      return new FencedServer(this.world, this.network, name, address, i === 0 ? null : master);
    });
    this.witnesses = [0, 1, 2].map((i) => {
      const address = at(`w${i}`, `10.0.2.${i + 1}`);
      return new SimWitness(this.world, this.network, { name: `w${i}`, address, port: 6379 });
    });
    if (lie !== undefined) this.witnesses[2].lie = lie;
    for (const each of [...this.servers, ...this.witnesses]) each.start();
    const spec = this.#spec(unfenced);
    this.proxies = [0, 1, 2].map((i) => {
      return new SimFollower(
        this.world,
        this.network,
        `p${i}`,
        at(`p${i}`, `10.0.0.${i + 1}`),
        spec,
      );
    });
  }

  #spec(unfenced: boolean): ShardSpec {
    const address = (server: ServerProcess) => ({ host: server.address, port: 6379 });
    const [master, ...replicas] = this.servers;
    const promotion = {
      ...{ witnesses: this.witnesses.map(address), access: '' },
      ...{ downAfterMs: DOWN_AFTER_MS, unfenced },
    };
    return {
      ...{ pool: 'p', server: 's', master: 's', address: address(master), sentinels: [] },
      ...{ replicas: replicas.map(address), promotion, reads: { from: 'master', maxLag: 0 } },
      ...{ sentinelAccess: '', sentinelLogin: () => null, serverLogin: () => null },
      ...{ tls: null, sentinelTls: null },
    };
  }

  #process(name: string): ServerProcess | SimFollower {
    const all = [...this.servers, ...this.witnesses, ...this.proxies];
    return all.find((each) => each.name === name) as ServerProcess | SimFollower;
  }

  begin(fault: Fault): void {
    if (fault.kind === 'part') this.#part(fault, true);
    else if (fault.kind === 'stop') this.#process(fault.process).loop.freeze();
    else (this.#process(fault.server) as ServerProcess).crash(fault.keepsData);
  }

  end(fault: Fault): void {
    if (fault.kind === 'part') this.#part(fault, false);
    else if (fault.kind === 'stop') this.#process(fault.process).loop.thaw();
    else (this.#process(fault.server) as ServerProcess).start();
  }

  #part({ some, others }: Fault & { kind: 'part' }, cut: boolean): void {
    for (const a of some) {
      for (const b of others) {
        const pair = [a, b].map((name) => this.#addresses.get(name) as string) as [string, string];
        if (cut) this.network.partition(...pair);
        else this.network.heal(...pair);
      }
    }
  }

  /** The epoch that most witnesses have as done. */
  get epoch(): number {
    const epochs = this.witnesses.map(({ store }) => store.doneEpoch(KEY)).sort((a, b) => b - a);
    return epochs[this.witnesses.length >> 1];
  }

  get master(): FencedServer | null {
    const masters = this.servers.filter(({ up, master }) => up && master === null);
    return masters.length === 1 ? masters[0] : null;
  }

  run(seconds: number, isDone: () => boolean = () => false): Promise<void> {
    return this.world.run(this.world.micros + seconds * SECOND, isDone);
  }

  /** Every proxy writes to the only master there is. */
  async settle(): Promise<boolean> {
    const seen = this.proxies.map(({ told }) => told.length);
    const settled = (): boolean => {
      const { master } = this;
      if (master === null) return false;
      return this.proxies.every(({ told }, i) => {
        return told.length > seen[i] + 20 && told.at(-1)?.server === master.name;
      });
    };
    await this.run(SETTLE_S, settled);
    return settled();
  }

  /** Writes that clients were told of, in the order in which they were carried out. */
  get acknowledged(): Write[] {
    const byName = new Map(this.servers.map((server) => [server.name, server]));
    return this.proxies
      .flatMap(({ told }) => told)
      .map(({ server, number }) => byName.get(server)?.writes[number] as Write)
      .sort((a, b) => a.at - b.at);
  }

  stop(): void {
    uninstall();
  }
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((each) => ({ each, at: random.bits() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each);
}

/** A fault of any kind; every other one is about the master. */
export function randomFault(random: Random, names: readonly string[], master: string): Fault {
  const kind = random.below(10);
  const about = random.once(2) ? master : random.pick(names);
  if (kind < 2) {
    const server = about.startsWith('p') ? master : about;
    return { kind: 'crash', server, keepsData: server.startsWith('w') || !random.once(4) };
  }
  if (kind < 4) return { kind: 'stop', process: about };
  const all = shuffled(
    names.filter((name) => name !== about),
    random,
  );
  const more = random.below(3);
  const some = [about, ...all.slice(0, more)];
  const rest = all.slice(more);
  // A group that is alone, or some of the ways between two groups.
  if (random.once(2)) return { kind: 'part', some, others: rest };
  return { kind: 'part', some, others: rest.slice(0, 1 + random.below(rest.length)) };
}

/** Anything, twice. */
export function anything(seed: number): SplitPlan {
  return {
    replicas: 1 + (seed % 2),
    rounds: 2,
    faults: (random, names, master) => {
      const first = randomFault(random, names, master);
      const second = randomFault(random, names, master);
      return random.once(2) || sameKind(first, second) ? [first] : [first, second];
    },
    seconds: (random) => 1 + random.below(14),
    reloads: seed % 3 === 0,
  };
}

/** Proxies hear nothing of some or all others, and those of each other. */
export function onlyProxies(seed: number): SplitPlan {
  return {
    replicas: 1 + (seed % 2),
    rounds: 2,
    faults: (random, names) => {
      const isProxy = (name: string): boolean => name.startsWith('p');
      const some = shuffled(names.filter(isProxy), random).slice(random.below(3));
      const rest = shuffled(
        names.filter((name) => !isProxy(name)),
        random,
      );
      return [{ kind: 'part', some, others: rest.slice(random.below(rest.length)) }];
    },
    seconds: (random) => 1 + random.below(14),
  };
}

/** What is over with the first of them cannot hold on with the second. */
function sameKind(a: Fault, b: Fault): boolean {
  return a.kind === b.kind || [a, b].every(({ kind }) => kind !== 'part');
}

/** A world in which things go wrong. */
export async function runSplitCase(seed: number, plan: SplitPlan): Promise<SplitResult> {
  const given = new SplitCase(seed, plan);
  const { world, servers, witnesses, proxies } = given;
  const random = world.randomOf('faults');
  const names = [...servers, ...witnesses, ...proxies].map(({ name }) => name);
  const complaints: string[] = [];
  const promotions: number[] = [];
  if (!(await given.settle())) complaints.push('it does not begin');
  for (let round = 0; round < plan.rounds; round++) {
    const faults = plan.faults(random, names, given.master?.name ?? names[0]);
    const before = given.epoch;
    for (const fault of faults) {
      given.begin(fault);
      await given.run(random.below(2));
    }
    const until = world.micros + plan.seconds(random) * SECOND;
    while (world.micros < until) {
      await given.run(Math.min(1 + random.below(2), (until - world.micros) / SECOND));
      if (plan.reloads) random.pick(proxies).reload();
    }
    for (const fault of faults) given.end(fault);
    if (!(await given.settle())) complaints.push(`it does not settle: ${JSON.stringify(faults)}`);
    promotions.push(given.epoch - before);
    await given.run(QUIET_S);
  }
  const switches = given.acknowledged.filter(({ server }, i, all) => {
    return i > 0 && all[i - 1].server !== server;
  }).length;
  if (switches > given.epoch) {
    complaints.push(`${switches} changes of who acknowledges, and ${given.epoch} promotions`);
  }
  for (const { error, where } of world.uncaught) {
    complaints.push(`${where} fails: ${(error as Error).stack ?? String(error)}`);
  }
  const said = proxies.flatMap((proxy) => proxy.said);
  said.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  given.stop();
  return { complaints, promotions, changes: switches, writes: given.acknowledged.length, said };
}
