import type { Random } from '../../../fuzz/random.ts';
import type { Endpoint } from '../../net/connection.ts';
import type { Network } from '../../net/network.ts';
import type { SimTimer } from '../../world/loop.ts';
import type { World } from '../../world/world.ts';
import { type Address, AskLink, addressText } from '../ask-link.ts';
import { bulk, array as list } from '../redis/resp.ts';
import { type Peer, ServerProcess } from '../server-process.ts';
import { Elections } from './elections.ts';
import { FailoverSteps } from './failover-steps.ts';
import { Instance } from './instance.ts';
import { Monitored } from './monitored.ts';
import { SentinelPeer } from './sentinel-peer.ts';

export interface SentinelOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Of the servers. */
  readonly serverPassword: string | null;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly quorum: number;
  readonly masters: readonly { readonly name: string; readonly address: Address }[];
  readonly peers: readonly Address[];
}

const TICK_MS = 100;
const HELLO_MS = 2_000;
/** A clock that has stood still so long, or gone back: nothing is done for TILT_MS. */
const TILT_TRIGGER_MS = 2_000;
const TILT_MS = 30_000;
const INFO_MS = 10_000;
const INFO_OFTEN_MS = 1_000;
/** What a server says of its role must last so long before it is told better. */
const WRONG_ROLE_MS = 8_000;

/** A simulated Redis Sentinel. What it has decided is on its disk: a crash forgets connections only. */
export class SimSentinel extends ServerProcess {
  readonly options: SentinelOptions;
  readonly monitored: Map<string, Monitored> = new Map();
  readonly peers: readonly AskLink[];
  readonly random: Random;
  /** Told of each event, for tests. */
  onEvent: (type: string, text: string) => void = () => {};
  currentEpoch = 0;
  tilt = false;
  readonly #elections: Elections;
  readonly #steps: FailoverSteps;
  readonly #listeners: Map<SentinelPeer, readonly string[]> = new Map();
  #tiltUntil = 0;
  #tickedAt = 0;
  #helloAt = 0;
  #timer: SimTimer | null = null;

  constructor(world: World, network: Network, options: SentinelOptions) {
    super(world, network, options);
    this.options = options;
    this.random = world.randomOf(`sentinel ${options.name}`);
    this.peers = options.peers.map((address) => new AskLink(network, this.loop, address, null));
    for (const { name, address } of options.masters) {
      this.monitored.set(name, new Monitored(name, this.instance(address)));
    }
    this.#elections = new Elections(this);
    this.#steps = new FailoverSteps(this, this.#elections);
  }

  /** Its id, as others know it. */
  get id(): string {
    return this.name;
  }

  instance(address: Address): Instance {
    const { serverPassword } = this.options;
    const instance = new Instance(this.network, this.loop, address, serverPassword, this.now);
    instance.now = () => this.now;
    return instance;
  }

  protected newPeer(endpoint: Endpoint, id: number): Peer {
    return new SentinelPeer(this, endpoint, id);
  }

  override start(): void {
    super.start();
    this.#tickedAt = this.now;
    for (const { instances } of this.monitored.values()) {
      for (const instance of instances) instance.forgive();
    }
    this.#timer = this.loop.timer(() => this.#tick(), TICK_MS);
  }

  override crash(): void {
    this.#timer?.cancel();
    this.#listeners.clear();
    for (const link of this.peers) link.close();
    for (const master of this.monitored.values()) {
      // Its file names the promoted server as soon as its file has the epoch of that.
      master.switchTo(master.current, (address) => this.instance(address));
    }
    super.crash(true);
  }

  // --- what it does by itself -------------------------------------------------------------------

  #tick(): void {
    const { now } = this;
    if (now - this.#tickedAt > TILT_TRIGGER_MS) {
      this.tilt = true;
      this.#tiltUntil = now + TILT_MS;
      this.publish('+tilt', '#tilt mode entered');
    }
    this.#tickedAt = now;
    if (this.tilt && now >= this.#tiltUntil) {
      this.tilt = false;
      this.publish('-tilt', '#tilt mode exited');
    }
    const peers = this.peers.filter((link) => !link.up);
    for (const link of peers) if (this.random.once(5)) link.connect();
    for (const master of this.monitored.values()) this.#watch(master, now);
    if (now - this.#helloAt >= HELLO_MS) this.sayHello();
    this.#timer = this.loop.timer(() => this.#tick(), TICK_MS - 10 + this.random.below(20));
  }

  #watch(master: Monitored, now: number): void {
    const often = master.odown || master.failover !== null;
    for (const instance of master.instances) {
      instance.tick(now, often ? INFO_OFTEN_MS : INFO_MS, (each) => this.#onInfo(master, each));
    }
    if (this.tilt) return;
    for (const instance of master.instances) this.#judge(master, instance);
    this.#elections.tick(master, now);
    this.#steps.tick(master, now);
  }

  #judge(master: Monitored, instance: Instance): void {
    const down = instance.silentMs > this.options.downAfterMs;
    if (down === instance.sdown) return;
    instance.sdown = down;
    const isMaster = instance === master.master;
    const text = isMaster ? master.masterText : master.textOf(instance);
    this.publish(down ? '+sdown' : '-sdown', text);
  }

  #onInfo(master: Monitored, instance: Instance): void {
    const { info } = instance;
    if (info === null) return;
    const asConfigured = (instance === master.master) === info.isMaster;
    if (instance.roleSince === info.at && !(asConfigured && instance.isNew)) {
      const of = instance === master.master ? master.masterText : master.textOf(instance);
      this.publish(`${asConfigured ? '+' : '-'}role-change`, of);
    }
    instance.isNew = false;
    if (instance === master.master && info.isMaster) {
      for (const address of info.replicas) this.#discover(master, address);
      return;
    }
    if (this.tilt || master.failover !== null || instance === master.master) return;
    const { info: masterInfo, sdown, address } = master.master;
    const isSane = !sdown && masterInfo?.isMaster === true && this.now - masterInfo.at < 20_000;
    if (!isSane) return;
    if (info.isMaster && this.now - instance.roleSince > WRONG_ROLE_MS) {
      this.tellToFollow(instance, address);
      this.publish('+convert-to-slave', master.textOf(instance));
    } else if (!info.isMaster && info.master !== addressText(address)) {
      if (this.now - instance.masterSince <= WRONG_ROLE_MS) return;
      this.tellToFollow(instance, address);
      this.publish('+fix-slave-config', master.textOf(instance));
    }
  }

  #discover(master: Monitored, address: Address): void {
    const key = addressText(address);
    if (master.replicas.has(key) || key === addressText(master.master.address)) return;
    const instance = this.instance(address);
    master.replicas.set(key, instance);
    this.publish('+slave', master.textOf(instance));
  }

  /** @param to null = it is to be a master */
  tellToFollow({ link }: Instance, to: Address | null): boolean {
    const words = to === null ? ['NO', 'ONE'] : [to.host, String(to.port)];
    if (!link.ask(['REPLICAOF', ...words])) return false;
    return link.ask(['CLIENT', 'KILL', 'TYPE', 'normal']);
  }

  // --- what others are told ---------------------------------------------------------------------

  publish(type: string, text: string): void {
    this.onEvent(type, text);
    this.world.trace.add(this.name, type.length, () => `${type} ${text}`);
    for (const [peer, patterns] of this.#listeners) {
      for (const pattern of patterns) {
        const isMet = pattern.endsWith('*')
          ? type.startsWith(pattern.slice(0, -1))
          : type === pattern;
        if (!isMet) continue;
        this.tell(peer, list(['pmessage', pattern, type, text].map((word) => bulk(word))));
      }
    }
  }

  listen(peer: SentinelPeer, patterns: readonly string[]): void {
    this.#listeners.set(peer, patterns);
  }

  override close(peer: Peer): void {
    if (peer instanceof SentinelPeer) this.#listeners.delete(peer);
    super.close(peer);
  }

  /** Sentinels really say this over the servers' channels; here to each other. */
  sayHello(): void {
    this.#helloAt = this.now;
    for (const master of this.monitored.values()) {
      const { host, port } = master.current;
      const words = [master.name, host, String(port), String(master.epoch)];
      for (const link of this.peers) {
        link.ask(['SENTINEL', 'HELLO', this.id, String(this.currentEpoch), ...words]);
      }
    }
  }

  /** What another sentinel says of a master: a newer configuration is taken over. */
  onHello(from: string, current: number, name: string, address: Address, epoch: number): void {
    const master = this.monitored.get(name);
    if (master === undefined || this.tilt) return;
    this.adoptEpoch(current);
    if (epoch <= master.epoch) return;
    master.epoch = epoch;
    if (addressText(address) === addressText(master.master.address)) return;
    this.publish('+config-update-from', `sentinel ${from} @ ${master.masterText}`);
    this.switch(master, address);
  }

  switch(master: Monitored, to: Address): void {
    const make = (address: Address): Instance => this.instance(address);
    this.publish('+switch-master', master.switchTo(to, make));
  }

  adoptEpoch(epoch: number): void {
    if (epoch <= this.currentEpoch) return;
    this.currentEpoch = epoch;
    this.publish('+new-epoch', String(epoch));
  }

  /** SENTINEL FAILOVER. @returns an error, null when it begins */
  forceFailover(master: Monitored): string | null {
    if (master.failover !== null) return 'INPROG Failover already in progress';
    const isGood = [...master.replicas.values()].some((each) => this.#steps.isGood(each));
    if (!isGood) return 'NOGOODSLAVE No suitable replica to promote';
    this.#elections.begin(master, true);
    return null;
  }

  /** IS-MASTER-DOWN-BY-ADDR. @returns whether it is down, whom it votes for, in which epoch */
  onAsked(address: Address, epoch: number, candidate: string): [boolean, string, number] {
    const key = addressText(address);
    for (const master of this.monitored.values()) {
      if (addressText(master.master.address) !== key) continue;
      const down = !this.tilt && master.master.sdown;
      if (candidate === '*') return [down, '*', 0];
      const [leader, leaderEpoch] = this.#elections.vote(master, epoch, candidate);
      return [down, leader, leaderEpoch];
    }
    return [false, '*', 0];
  }
}
