import type { Random } from '../../fuzz/random.ts';
import type { SimSentinel } from '../servers/sentinel/sim-sentinel.ts';
import type { ServerProcess } from '../servers/server-process.ts';
import { type Aim, momentOf } from './aims.ts';
import {
  CLUSTER_FAULTS,
  FAULT_KINDS,
  type Fault,
  type FaultKind,
  SENTINEL_FAULTS,
} from './case.ts';
import type { Operation } from './cluster/clustered.ts';
import { type Asking, Excuses } from './explanations.ts';
import { cutOff, masterOf, sever } from './network-faults.ts';
import { Pairs } from './pairs.ts';
import { connectionState, keysAwaited, stageOf } from './stage.ts';
import {
  type Chosen,
  EMPTYING,
  hasVictim,
  isOfClients,
  LOSING_NOTHING,
  MOVING,
  microsOf,
  OF_SERVERS,
  type Parties,
  partyOf,
  scopeOf,
  WITH_SENTINELS,
} from './victims.ts';

/** Of a fault that nothing has come of: it does not count. */
const NOTHING = 'nothing';
/** What ends a fault; null when it is over at once. */
type End = (() => void) | null | typeof NOTHING;

/** Candidates that the scheduler looks at before it takes the one that was seen least. */
const CANDIDATES = 24;
/** A fault waits so long for its moment, and comes at any then. */
const PATIENCE_MICROS = 2_000_000;
/** The other nodes have noticed by then that one is cut off. */
const NOTICED_MICROS = 5_000_000;

/** Carries faults out, and chooses those that are left open: of several the rarest. */
export class FaultScheduler {
  readonly #parties: Parties;
  readonly #random: Random;
  readonly #kinds: readonly FaultKind[];
  /** Pairs seen, also by earlier cases of a run. */
  readonly pairs: Pairs;
  /** What was carried out, to do it again. */
  readonly done: Chosen[] = [];
  readonly #aims: Set<Aim> = new Set();
  /** Whose time has not come. */
  #planned = 0;
  #open = 0;
  /** What they explain. */
  readonly excuses: Excuses;
  /** Shards of which two sentinels were told to replace the master: they made two of one epoch. */
  readonly collided: Set<string> = new Set();
  /** Told of each before it is carried out. */
  onBegin: (fault: Chosen) => void = () => {};
  #healedAt = 0;
  readonly #troubled: Set<string> = new Set();

  constructor(
    parties: Parties,
    random: Random,
    pairs: Pairs,
    kinds: readonly FaultKind[] | undefined,
    graceMicros: number,
  ) {
    const { shards, clustered } = parties;
    const more = clustered !== null ? CLUSTER_FAULTS : SENTINEL_FAULTS;
    const isPlain = shards === null && clustered === null;
    this.#kinds = kinds ?? (isPlain ? FAULT_KINDS : [...WITH_SENTINELS, ...more]);
    this.excuses = new Excuses(graceMicros);
    this.#parties = parties;
    this.#random = random;
    this.pairs = pairs;
  }

  /** Nothing has happened but what loses no write: all went as planned. */
  get isPlanned(): boolean {
    return this.done.every(({ kind }) => LOSING_NOTHING.includes(kind)) && this.collided.size === 0;
  }

  /** Whether slots that move explain it, of these keys or shard channels. */
  moveExplains(names: readonly string[], asking: Asking, settledAt: number): boolean {
    const touches = this.#parties.clustered?.touches(names) === true;
    return this.excuses.movesExplain(touches, asking, settledAt);
  }

  /** Microsecond since which nothing is wrong; Infinity while something is. */
  get healedAt(): number {
    return this.#open > 0 ? Number.POSITIVE_INFINITY : this.#healedAt;
  }

  /** None is to come any more. */
  get isOver(): boolean {
    return this.#planned === 0 && this.#aims.size === 0;
  }

  plan(faults: readonly Fault[]): void {
    const { world } = this.#parties;
    this.#planned += faults.length;
    for (const fault of faults) {
      world.at(Math.round(fault.atMs * 1000), () => {
        this.#planned--;
        const { server, client, proxy, config } = fault;
        const isWhole = fault.kind !== undefined && server !== undefined && client !== undefined;
        if (fault.when !== undefined) this.#await({ fault, when: fault.when });
        else if (isWhole && proxy !== undefined && config !== undefined) {
          this.#begin(fault as Chosen);
        } else this.#beginAny(fault);
      });
    }
  }

  #beginAny(fault: Fault): void {
    const chosen = this.#choose(fault);
    if (chosen !== null) this.#begin(chosen);
  }

  #await({ fault, when }: Aim): void {
    const kind = fault.kind ?? this.#random.pick<FaultKind>(this.#kinds);
    const aim = { fault: { ...fault, kind }, when };
    this.#aims.add(aim);
    this.#parties.world.after(PATIENCE_MICROS, () => {
      if (this.#aims.delete(aim)) this.#beginAny(aim.fault);
    });
  }

  /** A proxy has had a turn: the moment of a fault may have come. */
  look(proxy: number): void {
    for (const aim of this.#aims) {
      const candidate = this.#candidate(aim.fault);
      const { clients } = this.#parties;
      const met = momentOf(aim.when, stageOf(this.#parties, proxy), candidate.client);
      const chosen = met === null ? null : { ...candidate, ...met, proxy };
      if (chosen === null || !this.#mayBegin(chosen)) continue;
      if (isOfClients(chosen.kind) && clients[chosen.client].proxy !== proxy) continue;
      this.#aims.delete(aim);
      this.#begin(chosen);
    }
  }

  #choose(fault: Fault): Chosen | null {
    let best: Chosen | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < CANDIDATES; i++) {
      const candidate = this.#candidate(fault);
      if (!this.#mayBegin(candidate)) continue;
      const seen = this.pairs.of(this.#pairOf(candidate));
      if (seen >= least) continue;
      best = candidate;
      least = seen;
    }
    return best;
  }

  #candidate(fault: Fault): Chosen {
    const { proxies, servers, clients, shards, clustered } = this.#parties;
    const random = this.#random;
    const kind = fault.kind ?? random.pick<FaultKind>(this.#kinds);
    const [server, client] = [random.below(servers.length), random.below(clients.length)];
    const proxy = random.below(proxies.length);
    return {
      ...{ atMs: fault.atMs, forMs: fault.forMs, kind, server, client },
      proxy: isOfClients(kind) ? clients[client].proxy : proxy,
      config: fault.config ?? random.below(2),
      slots: fault.slots ?? [],
      host: shards === null && clustered === null ? 0 : random.below(this.#hosts.length),
    };
  }

  /** All that have an address. */
  get #hosts(): readonly { readonly name: string; readonly address: string }[] {
    const { servers, proxies, shards } = this.#parties;
    return [...(shards?.sentinels ?? []), ...proxies, ...servers];
  }

  /** One trouble at a time for each party: the end of one must not end another. */
  #mayBegin(fault: Chosen): boolean {
    return !this.#troubled.has(this.#partyOf(fault)) && hasVictim(fault, this.#parties);
  }

  #partyOf(fault: Chosen): string {
    return partyOf(fault, this.#parties.shards?.sentinels.length ?? 0);
  }

  #pairOf({ kind, server, client, proxy }: Chosen): string {
    const { clients } = this.#parties;
    const state = connectionState(this.#parties, proxy, server);
    return Pairs.key(kind, clients[client % clients.length].state, state);
  }

  #begin(given: Chosen): void {
    const { world } = this.#parties;
    if (!this.#mayBegin(given)) return;
    const fault = { ...given, slots: this.#slotsOf(given) };
    const pair = this.#pairOf(fault);
    this.onBegin(fault);
    const end = this.#carryOut(fault);
    if (end === NOTHING) return;
    this.pairs.add(pair);
    // As it came, it comes again when the case is repeated.
    this.done.push({ ...fault, atMs: world.micros / 1000 });
    const over = this.#disturb(fault);
    if (end === null) {
      over();
      return;
    }
    this.#open++;
    this.#troubled.add(this.#partyOf(fault));
    world.after(microsOf(fault), () => {
      end();
      this.#troubled.delete(this.#partyOf(fault));
      this.#open--;
      over();
      world.trace.add('world', 2, () => `${fault.kind} is over`);
    });
  }

  /** Slots that are moved. */
  #slotsOf({ kind, slots = [], host, client }: Chosen): readonly number[] {
    const { clustered } = this.#parties;
    if (clustered === null || slots.length > 0 || !MOVING.includes(kind)) return slots;
    return clustered.chooseSlots(host, keysAwaited(this.#parties, client));
  }

  /** @returns told when it is over */
  #disturb(fault: Chosen): () => void {
    const { world, servers, disturbances } = this.#parties;
    const disturbed = OF_SERVERS.includes(fault.kind) ? servers[fault.server].name : '';
    const other = this.#hosts[fault.host]?.name ?? '';
    const scope = scopeOf(fault, this.#parties, other);
    const isIsolated = fault.kind === 'isolate';
    const explained = scope === null ? null : this.excuses.begin(scope, isIsolated);
    if (isIsolated) world.after(NOTICED_MICROS, () => explained?.(world.micros));
    disturbances.begin(disturbed);
    return () => {
      disturbances.end(disturbed);
      if (!isIsolated) explained?.(world.micros);
      this.#healedAt = world.micros;
    };
  }

  #say(text: string): void {
    this.#parties.world.trace.add('world', 1, () => text);
  }

  #carryOut(fault: Chosen): End {
    const { network, proxies, servers, clients } = this.#parties;
    const [server, client] = [servers[fault.server], clients[fault.client % clients.length]];
    const proxy = proxies[isOfClients(fault.kind) ? client.proxy : fault.proxy];
    const { forMs } = fault;
    switch (fault.kind) {
      case 'crash':
      case 'wipe':
        this.#say(
          `${server.name} is killed for ${forMs} ms${fault.kind === 'wipe' ? ', data and all' : ''}`,
        );
        server.crash(fault.kind === 'crash');
        return () => server.start();
      case 'freeze':
        this.#say(`${server.name} stands still for ${forMs} ms`);
        server.loop.freeze();
        return () => server.loop.thaw();
      case 'loading':
        this.#say(`${server.name} loads for ${forMs} ms`);
        server.loading = true;
        return () => {
          server.loading = false;
        };
      case 'unread':
        this.#say(`${server.name} reads nothing for ${forMs} ms`);
        server.reads = false;
        return () => {
          server.reads = true;
        };
      case 'server-half':
        this.#say(`${server.name} says that it will say no more, and goes on reading`);
        server.loop.io(() => server.sayNoMore());
        return null;
      case 'one-way':
        this.#say(`nothing gets from ${server.name} back to ${proxy.name} for ${forMs} ms`);
        return cutOff(network, server.address, [proxy.address], true);
      case 'drop':
        this.#say(`${server.name} closes its clients`);
        server.loop.io(() => server.dropClients());
        return null;
      case 'sever':
        this.#say(`connections of ${proxy.name} to ${server.name} are reset`);
        return sever(network, proxy.address, server.address) ? null : NOTHING;
      case 'partition':
        this.#say(`nothing gets from ${proxy.name} to ${server.name} for ${forMs} ms`);
        return cutOff(network, proxy.address, [server.address]);
      case 'client-partition':
        this.#say(`nothing gets from ${client.name} to ${proxy.name} for ${forMs} ms`);
        client.harmed();
        return cutOff(network, client.address, [proxy.address]);
      case 'client-sever':
        this.#say(`connections of ${client.name} are reset`);
        client.harmed();
        return sever(network, client.address, proxy.address) ? null : NOTHING;
      case 'proxy-freeze':
        this.#say(`${proxy.name} stands still for ${forMs} ms`);
        if (proxy.loop.frozen) return NOTHING;
        proxy.loop.freeze();
        return () => proxy.loop.thaw();
      case 'reload':
        this.#say(`${proxy.name} takes configuration ${fault.config}`);
        proxy.reload(fault.config);
        return null;
      case 'reshard':
      case 'promote':
      case 'grow':
      case 'shrink':
        return this.#operate(fault.kind, server.name, fault.slots);
      case 'failover':
        return this.#failover(fault);
      case 'sentinel-crash': {
        const sentinel = this.#sentinel(fault);
        this.#say(`${sentinel.name} is killed for ${forMs} ms`);
        sentinel.crash();
        return () => sentinel.start();
      }
      case 'sentinel-freeze': {
        const sentinel = this.#sentinel(fault);
        this.#say(`${sentinel.name} stands still for ${forMs} ms`);
        sentinel.loop.freeze();
        return () => sentinel.loop.thaw();
      }
      case 'hosts': {
        const other = this.#hosts[fault.host];
        this.#say(`nothing gets from ${server.name} to ${other.name} for ${forMs} ms`);
        return cutOff(network, server.address, [other.address]);
      }
      case 'orphan':
        return this.#orphan(server);
      case 'isolate':
        return this.#isolate(server);
      case 'rename': {
        const address = `10.0.${server.address.startsWith('10.0.1.') ? 3 : 1}.${fault.server + 1}`;
        this.#say(`${server.name} moves to ${address}; its name follows after ${forMs} ms`);
        server.move(address);
        return () => void network.names.set(`${server.name}.example`, address);
      }
    }
  }

  /** What is done to a cluster. */
  #operate(kind: Operation, server: string, slots: readonly number[]): End {
    const told = this.#parties.clustered?.carryOut(kind, server, slots) ?? null;
    this.#say(told ?? `${kind}: nothing is there for it`);
    if (told === null) return NOTHING;
    const { micros } = this.#parties.world;
    const how = { pauses: kind === 'promote', empties: EMPTYING.includes(kind) };
    this.excuses.moves(micros, how);
    return null;
  }

  #orphan(server: ServerProcess): End {
    const master = masterOf(server);
    if (master === null) return NOTHING;
    this.#say(`nothing gets from ${server.name} to its master ${master}`);
    return cutOff(this.#parties.network, server.address, [master]);
  }

  #isolate({ name, address }: ServerProcess): End {
    const { network, servers, clustered } = this.#parties;
    const others = servers.map((each) => each.address).filter((each) => each !== address);
    this.#say(`nothing gets from ${name} to any other node`);
    const [end, rejoin] = [cutOff(network, address, others), clustered?.leaveOut(name)];
    return () => {
      end();
      rejoin?.();
    };
  }

  #sentinel({ host }: Chosen): SimSentinel {
    const sentinels = this.#parties.shards?.sentinels ?? [];
    return sentinels[host % sentinels.length];
  }

  /** A sentinel is told to replace a master. */
  #failover(fault: Chosen): End {
    const sentinel = this.#sentinel(fault);
    const { shards, servers } = this.#parties;
    const shard = shards?.shardOf(servers[fault.server].name) ?? '';
    const master = sentinel.monitored.get(shard);
    if (master === undefined || !sentinel.up || sentinel.loop.frozen) return NOTHING;
    const isQuiet = shards?.isQuiet(shard) ?? true;
    const refusal = sentinel.forceFailover(master);
    if (refusal === null && !isQuiet) this.collided.add(shard);
    this.#say(`${sentinel.name} is told to replace the master of ${shard}: ${refusal ?? 'OK'}`);
    return refusal === null ? null : NOTHING;
  }
}
