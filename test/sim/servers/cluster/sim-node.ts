import type { Random } from '../../../fuzz/random.ts';
import type { Network } from '../../net/network.ts';
import type { SimTimer } from '../../world/loop.ts';
import type { World } from '../../world/world.ts';
import { type Address, AskLink } from '../ask-link.ts';
import type { Sources } from '../redis/replication.ts';
import { bulk, failure, integer, status } from '../redis/resp.ts';
import { type RedisPeer, SimRedis } from '../redis/sim-redis.ts';
import type { Peer } from '../server-process.ts';
import { Bus } from './bus.ts';
import { type ClusterNodeState, clusterReply } from './cluster-commands.ts';
import { Election } from './election.ts';
import { type BusMessage, type Member, Membership } from './membership.ts';
import { Migration } from './migration.ts';
import { type Asked, redirectionOf } from './serving.ts';
import { slotOf } from './slots.ts';

export interface NodeOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly password: string | null;
  readonly id: string;
  readonly nodeTimeoutMs: number;
}

const TICK_MS = 100;
const OK = status('OK');
const NO_SELECT = failure('ERR SELECT is not allowed in cluster mode');
/** A master that was cut off serves again so long after it sees most others. */
const LEAST_REJOIN_MS = 500;
const MOST_REJOIN_MS = 5_000;

/** A simulated node of a Redis Cluster. What it knows is on its disk, whatever becomes of its data. */
export class SimNode extends SimRedis implements ClusterNodeState {
  readonly id: string;
  readonly nodeTimeoutMs: number;
  readonly membership: Membership;
  readonly random: Random;
  readonly #bus: Bus;
  readonly #election: Election;
  readonly #migration: Migration;
  /** It is never started again. */
  retired = false;
  /** `cluster-replica-no-failover`: only told to does it take its master's place. */
  neverFailsOver = false;
  #timer: SimTimer | null = null;
  #down = true;
  /** Since when it does not see most masters; it serves again some time after it does. */
  #aloneAt = Number.NEGATIVE_INFINITY;
  #pausedUntil = 0;
  #inSyncAt = 0;
  #version = -1;

  constructor(world: World, network: Network, options: NodeOptions, sources: Sources) {
    super(world, network, options, { sources, master: null });
    this.id = options.id;
    this.nodeTimeoutMs = options.nodeTimeoutMs;
    this.random = world.randomOf(`node ${options.name}`);
    const at = { host: options.address, port: options.port };
    this.membership = new Membership(options.id, at);
    this.#bus = new Bus(this);
    this.#election = new Election(this, this.#bus);
    this.#migration = new Migration(this, network);
  }

  newLink({ address }: Member): AskLink {
    return new AskLink(this.network, this.loop, address, this.password);
  }

  get offset(): number {
    return this.following?.offset ?? this.role?.length ?? 0;
  }

  get toldOffset(): number {
    const { following } = this;
    return following !== null && !following.inSync ? 0 : this.offset + 1;
  }

  get dataAgeMs(): number {
    return this.following?.inSync ? 0 : this.now - this.#inSyncAt;
  }

  override start(): void {
    if (this.retired) return;
    super.start();
    this.channels.onPublish = (kind, name, message) => this.#handOn(kind, name, message);
    for (const member of this.membership.others()) member.heardAt = this.now;
    this.#tick();
  }

  override crash(keepsData: boolean): void {
    this.#timer?.cancel();
    this.#bus.stop();
    this.#migration.stop();
    this.#pausedUntil = 0;
    super.crash(keepsData);
  }

  #tick(): void {
    this.#bus.tick();
    this.#election.tick();
    if (this.following?.inSync) this.#inSyncAt = this.now;
    this.#updateState();
    this.onNews();
    this.#timer = this.loop.timer(() => this.#tick(), TICK_MS);
  }

  // --- what it knows ----------------------------------------------------------------------------

  /** What it has been told changes whom it follows, and what it serves. */
  onNews(): void {
    const { membership } = this;
    if (membership.version === this.#version) return;
    this.#version = membership.version;
    const { me } = membership;
    // Its slots are another one's now, or its master's are.
    const mine = me.master ?? me.id;
    const heir = this.#heirOf(mine);
    if (heir !== null) this.follow(heir);
    else if (membership.isMaster) this.#dropStrangers();
    this.onSlots();
  }

  readonly #had: Set<number> = new Set();

  /** Who has the slots of one that has none any more; null = it has some, or never had any. */
  #heirOf(id: string): Member | null {
    const { owners, members, me } = this.membership;
    let heir: string | null = null;
    let left = 0;
    for (const slot of this.#had) {
      if (owners[slot] === id) left++;
      else heir = owners[slot];
    }
    this.#noteSlots(id);
    if (left > 0 || heir === null || heir === me.id || this.#had.size > 0) return null;
    const member = members.get(heir);
    return member === undefined || member.master !== null ? null : member;
  }

  /** Keys of slots that others have taken are of no use. */
  #dropStrangers(): void {
    const { owners, me, importing } = this.membership;
    const dropped = this.data.snapshot().filter(({ key }) => {
      const slot = slotOf(key);
      return owners[slot] !== me.id && !importing.has(slot);
    });
    this.onDropped(dropped);
    this.data.replace(() => {
      for (const { key } of dropped) this.data.remove(0, key);
    });
    this.role?.commit();
  }

  /** What the one has by now whose slots it goes by. */
  #noteSlots(id: string): void {
    this.#had.clear();
    this.membership.owners.forEach((owner, slot) => {
      if (owner === id) this.#had.add(slot);
    });
  }

  onSlots(): void {
    const { owners, me } = this.membership;
    this.channels.dropShards((name) => owners[slotOf(name)] !== me.id);
    this.#updateState();
    this.wakeAll();
  }

  onFailed(_member: Member): void {
    this.#updateState();
  }

  isSilent({ silent }: Member): boolean {
    return silent;
  }

  #updateState(): void {
    const { membership, now } = this;
    const { voters } = membership;
    const covered = membership.isCovered && voters.every(({ failed }) => !failed);
    const reached = voters.filter(({ silent, failed }) => !silent && !failed).length;
    const isAlone = reached < membership.majority;
    if (isAlone) this.#aloneAt = now;
    const rejoin = Math.min(MOST_REJOIN_MS, Math.max(LEAST_REJOIN_MS, this.nodeTimeoutMs));
    const mustWait = membership.isMaster && now - this.#aloneAt < rejoin;
    this.#down = !covered || isAlone || (this.#down && mustWait);
  }

  /** What is published at one node is heard at all, or at all of its shard. */
  #handOn(kind: 'channel' | 'shard', name: string, message: Buffer): void {
    const { me } = this.membership;
    const shard = me.master ?? me.id;
    for (const member of this.membership.others()) {
      if (kind === 'shard' && (member.master ?? member.id) !== shard) continue;
      this.#bus.linkTo(member).ask(['BUSPUBLISH', kind, name, message.toString('latin1')]);
    }
  }

  get isDown(): boolean {
    return this.#down;
  }

  follow(master: Member): void {
    const { me, migrating, importing } = this.membership;
    me.master = master.id;
    migrating.clear();
    importing.clear();
    this.#pausedUntil = 0;
    this.role?.follow(master.address);
    this.#inSyncAt = this.now;
    this.#noteSlots(master.id);
  }

  announce(): void {
    this.#bus.broadcast();
  }

  promoted(): void {
    this.role?.follow(null);
    this.onNews();
  }

  meet(address: Address): void {
    const link = new AskLink(this.network, this.loop, address, this.password);
    link.connect();
    this.loop.timer(() => {
      link.ask(['BUSMEET', this.#bus.message()], (reply) => {
        if (reply.kind === 'bulk') {
          const { from } = JSON.parse(reply.bytes.toString('latin1')) as BusMessage;
          this.membership.add(from.id, { host: from.host, port: from.port }, this.now);
        }
        link.close();
      });
    }, TICK_MS);
  }

  forget(id: string): void {
    this.#bus.forget(id);
    this.membership.forget(id, this.now);
    this.onSlots();
  }

  failover(force: boolean, takesOver: boolean): void {
    this.#election.beginManual(force, takesOver);
  }

  keysIn(slot: number): string[] {
    // The last that came is the first.
    return this.data
      .keys(0)
      .filter((key) => slotOf(key) === slot)
      .reverse();
  }

  has(key: string): boolean {
    return this.data.get(0, key) !== null;
  }

  /** The epoch by which it serves a key; null while it only imports it. */
  epochFor(key: string): number | null {
    const { owners, me } = this.membership;
    return owners[slotOf(key)] === me.id ? me.epoch : null;
  }

  // --- what it is asked -------------------------------------------------------------------------

  /** Told of what is no part of a transaction: whether ASKING was said, and where it is sent on to. */
  onPlaced: (words: readonly Buffer[], asking: boolean, redirection: Buffer | null) => void =
    () => {};

  override redirect(peer: RedisPeer, asked: Asked): Buffer | null {
    const found = redirectionOf(this, peer, asked);
    // EXEC of nothing is about nothing.
    if (peer.queue === null && asked.length > 0) this.onPlaced(asked[0][1], peer.asking, found);
    return found;
  }

  override get busy(): boolean {
    return this.#migration.isUnderWay || this.#isPaused;
  }

  get #isPaused(): boolean {
    return this.now < this.#pausedUntil;
  }

  /** Other nodes go on; a migration stops everybody else. */
  protected override mustWait(peer: Peer): boolean {
    return !this.#migration.isOf(peer) && !(peer as RedisPeer).isNode;
  }

  override ownReply(peer: Peer, name: string, words: readonly Buffer[]): Buffer | null {
    const client = peer as RedisPeer;
    const texts = words.slice(1).map((word) => word.toString('latin1'));
    switch (name) {
      case 'CLUSTER':
        return clusterReply(this, texts, client.resp);
      case 'ASKING':
        client.asking = true;
        return OK;
      case 'READONLY':
      case 'READWRITE':
        client.readsReplicas = name === 'READONLY';
        return OK;
      case 'SELECT':
        return texts[0] === '0' ? null : NO_SELECT;
      case 'MIGRATE':
        return this.#migration.begin(client, texts);
      case 'RESTORE':
        return this.#migration.restore(words);
      default:
        return this.#busReply(client, name, texts) ?? super.ownReply(peer, name, words);
    }
  }

  #busReply(client: RedisPeer, name: string, texts: readonly string[]): Buffer | null {
    if (!name.startsWith('BUS')) return null;
    client.isNode = true;
    switch (name) {
      case 'BUS':
        return bulk(this.#bus.hear(JSON.parse(texts[0]) as BusMessage));
      case 'BUSMEET': {
        const { from } = JSON.parse(texts[0]) as BusMessage;
        this.membership.add(from.id, { host: from.host, port: from.port }, this.now);
        return bulk(this.#bus.message());
      }
      case 'BUSPUBLISH':
        this.channels.publish(
          texts[0] === 'shard' ? 'shard' : 'channel',
          texts[1],
          Buffer.from(texts[2], 'latin1'),
        );
        return OK;
      case 'BUSVOTE':
        return this.#election.vote(texts);
      case 'BUSPAUSE':
        this.#pausedUntil = this.now + Number(texts[0]);
        this.loop.timer(() => this.wakeAll(), Number(texts[0]) + 1);
        return integer(this.offset);
      default:
        return null;
    }
  }

  /** A key, put where it now belongs. */
  said(peer: RedisPeer, reply: Buffer): void {
    this.tell(peer, reply);
  }

  resume(): void {
    this.wakeAll();
  }

  commit(): void {
    this.role?.commit();
  }
}
