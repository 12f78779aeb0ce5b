import { Airwaves } from '../clients/airwaves.ts';
import { Census } from '../clients/census.ts';
import { isOfTime } from '../clients/check-reply.ts';
import { REDIS } from '../clients/dialect.ts';
import { History, type SentWrite } from '../clients/history.ts';
import { MEMCACHE } from '../clients/memcache.ts';
import { subjectsOf } from '../clients/requests.ts';
import type { ClientSetting } from '../clients/setting.ts';
import { resetConnections, SimClient } from '../clients/sim-client.ts';
import { SimListener } from '../clients/sim-listener.ts';
import { Network } from '../net/network.ts';
import { SimRedis } from '../servers/redis/sim-redis.ts';
import { install, uninstall } from '../world/surroundings.ts';
import { World } from '../world/world.ts';
import { complaintsOf } from './accounts.ts';
import type { Case, Op } from './case.ts';
import { noteDeafened } from './deafened.ts';
import { Disturbances } from './disturbances.ts';
import type { Asking } from './explanations.ts';
import { FaultScheduler } from './faults.ts';
import { Losses } from './ha/losses.ts';
import { Masters } from './ha/masters.ts';
import { ReplicaReads } from './ha/replica-reads.ts';
import { Settling } from './ha/settling.ts';
import { HalfRequests } from './half-requests.ts';
import { inspection } from './inspection.ts';
import { mayBeOfMoves } from './of-moves.ts';
import { Pairs } from './pairs.ts';
import { type Hosts, PASSWORD, startAll } from './parties.ts';
import { aloneMicros, foundMs, isImpatient, MOVING_MS, refusalsOf, SLOW_MS } from './patience.ts';
import type { Result } from './result.ts';

/** Virtual milliseconds: until the proxies must listen. */
const START_MS = 1_000;
/** The longest that a case may take until all clients are done. */
const LONGEST_MS = 120_000;
/** After the last client, until everything must have been given back. */
const REST_MS = 4_000;
/** After stop(), until its connections must be closed. */
const STOP_MS = 2_000;

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
    resetConnections();
    const hosts = startAll(given, world, network);
    await world.run(START_MS * 1000, () => hosts.proxies.every(({ ready }) => ready));
    return await new Life(given, world, network, hosts, pairs).live();
  } finally {
    process.off('uncaughtException', onUncaught);
    process.off('unhandledRejection', onUncaught);
    uninstall();
  }
}

/** One world, from its beginning to its end. */
class Life {
  readonly #given: Case;
  readonly #world: World;
  readonly #network: Network;
  readonly #hosts: Hosts;
  readonly #history: History;
  readonly #airwaves: Airwaves;
  readonly #census: Census = new Census();
  readonly #masters: Masters | null;
  readonly #losses: Losses;
  /** Null where nobody reads replicas. */
  readonly #replicaReads: ReplicaReads | null;
  readonly #settling: Settling;
  readonly #disturbances: Disturbances;
  readonly #halves: HalfRequests;
  readonly #faults: FaultScheduler;
  readonly #clients: readonly SimClient[];
  readonly #listeners: readonly SimListener[];
  readonly #isImpatient: boolean;
  readonly #mayTimeOut: boolean;
  readonly #complaints: string[] = [];
  #inspectors: readonly SimClient[] = [];

  constructor(given: Case, world: World, network: Network, hosts: Hosts, pairs: Pairs) {
    this.#given = given;
    this.#world = world;
    this.#network = network;
    this.#hosts = hosts;
    const { shards, clustered, servers } = this.#hosts;
    this.#masters = shards === null ? null : new Masters(shards);
    const now = (): number => world.micros;
    this.#airwaves = new Airwaves(now, (server) => shards?.isReplaced(server) === true);
    this.#history = new History(now, (key, from) => this.#ownersOf(key, from));
    this.#replicaReads = this.#newReplicaReads();
    this.#history.stalledMicros = Math.max(0, ...given.faults.map(({ forMs }) => forMs)) * 1000;
    this.#history.onlyWhoAnswered = clustered !== null || this.#replicaReads !== null;
    this.#history.ownersSince = (key, write, bytes) => this.#ownersSince(key, write, bytes);
    this.#history.onPublished = (...message) => this.#airwaves.published(...message);
    for (const server of servers) this.#history.watch(server);
    this.#losses = new Losses(this.#history, servers);
    this.#disturbances = new Disturbances(now);
    this.#halves = new HalfRequests(world, network, this.#disturbances);
    for (const server of servers) this.#halves.watch(server);
    this.#isImpatient = given.pools.some(isImpatient);
    this.#mayTimeOut = !given.calm && this.#isImpatient;
    this.#settling = new Settling(world, shards ?? clustered, () => this.#faults.healedAt);
    this.#clients = given.clients.map((plan, i) => {
      const at = plan.proxy % this.#hosts.proxies.length;
      return new SimClient(
        i,
        plan,
        this.#setting(at, (...what) => this.#mayFail(at, ...what)),
      );
    });
    this.#listeners = this.#newListeners();
    const parties = {
      ...{ ...this.#hosts, world, network, disturbances: this.#disturbances },
      clients: [...this.#clients, ...this.#listeners],
    };
    this.#faults = new FaultScheduler(
      parties,
      world.randomOf('faults'),
      pairs,
      given.kinds,
      foundMs(given) * 1000,
    );
    if (shards !== null || clustered !== null) return;
    this.#faults.onBegin = (fault) => noteDeafened(parties, this.#census, fault);
  }

  #newReplicaReads(): ReplicaReads | null {
    const { shards, clustered, servers, proxies } = this.#hosts;
    const areRead = this.#given.pools.some((keys) => keys['read_from'] !== undefined);
    if (!areRead || (shards === null && clustered === null)) return null;
    const all = servers as readonly SimRedis[];
    const masterOf = (server: SimRedis): SimRedis | null => {
      return all.find(({ address }) => address === server.following?.master.host) ?? null;
    };
    const reads = new ReplicaReads(this.#given, this.#world, this.#network, {
      ...{ servers: all, proxies, masterOf },
    });
    this.#history.onRead = (server, key) => reads.onRead(server, key);
    this.#history.mayAnswer = (server, { sentAt }, to) => reads.mayAnswer(server, sentAt, to);
    return reads;
  }

  /** Whether impatience explains it. @param asking null: nobody lets it wait */
  #mayTakeTime(asking: Asking | null, text: string | null): boolean {
    if (text !== null && !isOfTime(text)) return false;
    if (this.#mayTimeOut || asking === null) return this.#mayTimeOut;
    return this.#isImpatient && this.#faults.excuses.pausesExplain(asking, this.#settling.since);
  }

  /** @see ClientSetting.mayFail */
  #mayFail(proxy: number, from: number, op: Op | null, text: string | null): boolean {
    if (this.#mayTakeTime({ from, proxy, servers: null }, text)) return true;
    const { shards, clustered, proxies } = this.#hosts;
    const isPlain = shards === null && clustered === null;
    const subjects = clustered === null && op !== null ? subjectsOf(op) : null;
    const owners = subjects?.flatMap((key) => proxies[proxy].ownersOf(key, from)) ?? null;
    const servers =
      owners?.flatMap((name) => shards?.membersOf(name).map((each) => each.name) ?? name) ?? null;
    if (this.#isOfMoves(proxy, from, op, text)) return true;
    const settledAt = isPlain ? 0 : this.#settling.restSince;
    return this.#faults.excuses.explain({ from, proxy, servers }, settledAt);
  }

  /**
   * What slots that move explain: some keys of a request were at either node, for long or overtaken,
   * or the body was passed on and not kept. Both are told to try again, and nothing else.
   */
  #isOfMoves(proxy: number, from: number, op: Op | null, text: string | null): boolean {
    const keys = op === null ? [] : (subjectsOf(op) ?? []);
    if (!mayBeOfMoves(this.#given, op, text)) return false;
    return this.#faults.moveExplains(keys, { from, proxy, servers: null }, this.#settling.since);
  }

  /** A replica says of keys that have gone to another node that they are not there, and is master next. */
  #mayBeHalf(proxy: number, from: number, op: Op): boolean {
    const { any, paused } = this.#faults.excuses;
    if (this.#hosts.clustered === null || !(any || paused || this.#replicaReads !== null))
      return false;
    const asking = { from, proxy, servers: null };
    return this.#faults.moveExplains(subjectsOf(op) ?? [], asking, this.#settling.since);
  }

  #ownersOf(key: string, from: number): readonly string[] {
    const { shards, clustered, servers, proxies } = this.#hosts;
    if (clustered !== null) return servers.map(({ name }) => name);
    const owners = [...new Set(proxies.flatMap((proxy) => proxy.ownersOf(key, from)))];
    if (shards === null) return owners;
    return owners.flatMap((name) => shards.membersOf(name).map((member) => member.name));
  }

  #ownersSince(key: string, write: SentWrite, bytes: number): readonly string[] | null {
    const { shards, clustered, proxies } = this.#hosts;
    if (clustered !== null) return null;
    const { sentAt, wholeAt } = write;
    const owners = proxies[write.proxy].ownersSince(key, sentAt, wholeAt, bytes);
    if (shards === null || owners === null) return owners;
    return owners.flatMap((name) => shards.membersOf(name).map((member) => member.name));
  }

  #setting(proxy: number, mayFail: ClientSetting['mayFail']): ClientSetting {
    const given = this.#given;
    const { address: host, port } = this.#hosts.proxies[proxy];
    return {
      ...{ world: this.#world, network: this.#network, history: this.#history, proxy, host, port },
      ...{ mayFail, disturbances: this.#disturbances, census: this.#census },
      password: given.password === true ? PASSWORD : null,
      dialect: given.memcache === true ? MEMCACHE : REDIS,
      refusals: refusalsOf(given),
      mayBeHalf: (from, op) => this.#mayBeHalf(proxy, from, op),
      healedAt: () => this.#settling.since,
      prompt: given.calm
        ? { aloneMicros: aloneMicros(given), movingMicros: () => this.#movingMicros }
        : null,
      sent: (id) => this.#airwaves.sent(id, proxy),
      acknowledged: (id, sentAt) => this.#acknowledged(proxy, id, sentAt),
    };
  }

  get #movingMicros(): number {
    const { any, paused } = this.#faults.excuses;
    const isMoving = this.#hosts.clustered !== null && !any && !paused;
    return isMoving ? MOVING_MS * 1000 : Number.POSITIVE_INFINITY;
  }

  #acknowledged(proxy: number, id: number, sentAt: number): void {
    this.#history.acknowledged(id);
    this.#airwaves.acknowledged(id);
    const done = this.#history.executedAt(id);
    if (done !== null) this.#masters?.acknowledged(proxy, done, sentAt, this.#world.micros);
  }

  #newListeners(): SimListener[] {
    const { listeners = [], pools } = this.#given;
    // What a node does not hand on to others nobody can know of.
    const isClustered = this.#hosts.clustered !== null;
    const mayMiss = (): boolean => {
      return this.#resubscribes || (isClustered && (this.#faults.excuses.any || this.#mayTimeOut));
    };
    const isBrief = pools.some((keys) => keys['client_output_limit'] !== undefined);
    return listeners.map((plan, i) => {
      const proxy = plan.proxy % this.#hosts.proxies.length;
      // One that takes messages too slowly is closed.
      const setting = this.#setting(proxy, (...what) => {
        return isBrief || this.#mayFail(proxy, ...what);
      });
      const slotsMove = (channels: readonly string[], from: number): boolean => {
        const asking = { from, proxy, servers: null };
        return this.#faults.moveExplains(channels, asking, this.#settling.since);
      };
      return new SimListener(i, plan, { ...setting, airwaves: this.#airwaves, mayMiss, slotsMove });
    });
  }

  async live(): Promise<Result> {
    const world = this.#world;
    const { proxies } = this.#hosts;
    this.#faults.plan(this.#given.faults);
    world.afterTurn = (loop) => {
      const at = proxies.findIndex((proxy) => proxy.loop === loop);
      if (at < 0) return;
      proxies[at].checkTurn();
      this.#faults.look(at);
    };
    const parties = [...this.#clients, ...this.#listeners];
    await world.run(LONGEST_MS * 1000, () => parties.every(({ done }) => done));
    await this.#heal();
    await this.#inspect();
    const accountants = {
      ...{ losses: this.#losses, census: this.#census, halves: this.#halves },
      ...{ faults: this.#faults, resubscribes: this.#resubscribes },
    };
    this.#complaints.push(...complaintsOf(this.#given, this.#hosts, accountants));
    const restAt = world.micros;
    await this.#rest(restAt);
    return this.#result(restAt);
  }

  /** By the end of it every server is found again: nothing that clients left behind fails. */
  async #heal(): Promise<void> {
    const world = this.#world;
    const since = (): number => this.#settling.since;
    const isHealed = (): boolean => this.#faults.isOver && Number.isFinite(since());
    const until = world.micros + LONGEST_MS * 1000;
    // Shards that move again by themselves have to be found again.
    for (let found = false; !found && world.micros < until; ) {
      await world.run(until, isHealed);
      if (!isHealed()) break;
      const from = since();
      await world.run(
        Math.max(world.micros, from) + foundMs(this.#given) * 1000,
        () => since() !== from,
      );
      found = since() === from;
    }
    if (!isHealed()) this.#complaints.push('the shards do not settle');
  }

  async #inspect(): Promise<void> {
    const world = this.#world;
    this.#inspectors = this.#hosts.proxies.map((_, proxy) => {
      const startMs = world.micros / 1000;
      const plan = { proxy, startMs, actions: inspection(this.#given, proxy) };
      return new SimClient(
        100 + proxy,
        plan,
        this.#setting(proxy, (_from, _op, text) => this.#mayTakeTime(null, text)),
      );
    });
    const isDone = (each: readonly { readonly done: boolean }[]): boolean => {
      return each.every(({ done }) => done);
    };
    if (isDone(this.#clients)) {
      await world.run(world.micros + LONGEST_MS * 1000, () => isDone(this.#inspectors));
    }
    // Who comes after clients that are not done did not come.
    for (const client of isDone(this.#clients) ? this.#inspectors : this.#clients) {
      if (client.done) continue;
      const text = `is not done, ${client.state}: waits for ${client.waitsFor}`;
      this.#complaints.push(`${client.name} ${text}`);
    }
    // What asks may time out, and have a server ejected anew.
    for (const { name, ejected } of this.#mayTimeOut ? [] : this.#hosts.proxies) {
      if (ejected.length > 0)
        this.#complaints.push(`${name} leaves ${ejected.join()} out for ever`);
    }
    if (this.#listeners.length === 0) return;
    const toldAt = world.micros;
    await world.run(toldAt + SLOW_MS * 1000);
    for (const listener of this.#listeners) listener.check(toldAt);
    for (const listener of this.#listeners) listener.leave();
  }

  get #resubscribes(): boolean {
    return this.#given.pools.some((keys) => keys['pubsub_loss'] === 'resubscribe');
  }

  async #rest(restAt: number): Promise<void> {
    const world = this.#world;
    const { proxies, servers, clustered } = this.#hosts;
    await world.run(restAt + REST_MS * 1000);
    for (const server of servers) {
      const heard = server instanceof SimRedis ? server.channels.size : 0;
      if (heard > 0) this.#complaints.push(`${server.name} is still subscribed to at rest`);
    }
    for (const proxy of proxies) proxy.rest();
    await world.run(restAt + (REST_MS + STOP_MS) * 1000);
    for (const proxy of proxies) proxy.checkStopped();
    clustered?.stop();
  }

  #result(restAt: number): Result {
    const world = this.#world;
    const { proxies } = this.#hosts;
    for (const { error, where } of world.uncaught) {
      this.#complaints.push(`${where} fails: ${(error as Error).stack ?? String(error)}`);
    }
    this.#complaints.push(...this.#history.complaints, ...(this.#replicaReads?.complaints ?? []));
    this.#complaints.push(...(this.#masters?.complaintsBut(this.#faults.collided) ?? []));
    for (const party of [...this.#clients, ...this.#inspectors, ...this.#listeners, ...proxies]) {
      this.#complaints.push(...party.complaints);
    }
    for (const proxy of proxies) proxy.discard();
    const sum = (of: 'answered' | 'failed' | 'lost'): number => {
      return this.#clients.reduce((total, each) => total + each[of], 0);
    };
    return {
      complaints: this.#complaints,
      hash: world.trace.hash,
      virtualMs: Math.round(restAt / 1000),
      events: world.events,
      answered: sum('answered'),
      failed: sum('failed'),
      lost: sum('lost'),
      replicaReads: this.#replicaReads?.count ?? 0,
      heard: this.#listeners.reduce((total, { heard }) => total + heard, 0),
      faults: this.#faults.done,
      lines: world.trace.lines,
    };
  }
}
