import { type Address, addressText, sameAddress } from './facts.ts';
import { lagOf, type Readers, readersOf, sameReaders } from './roles/readers.ts';
import type { ShardServers } from './roles/shard-servers.ts';
import type { MasterStep, ServerRole, ShardSpec, ShardView, TopologyOptions } from './shard.ts';
import type { ShardPlace, ShardStart } from './shard-watch.ts';

/** What all shards have in common. */
export interface ShardContext {
  readonly options: TopologyOptions;
  /** Servers stay where they are. */
  readonly frozen: boolean;
}

/** One shard whose master is followed: what becomes of what its watch finds out. */
export abstract class FollowedShard {
  /** Its login may become another. */
  spec: ShardSpec;
  readonly key: string;
  protected readonly context: ShardContext;
  /** Where requests go. */
  #steeredTo: Address;
  /** Though it is frozen, a promotion that was under way comes to its end. */
  #finishing = false;
  #readers: Readers = [];

  constructor(spec: ShardSpec, key: string, start: ShardStart, context: ShardContext) {
    this.spec = spec;
    this.key = key;
    this.context = context;
    this.#steeredTo = start.address;
  }

  /** Where the master is. */
  abstract readonly place: ShardPlace;
  protected abstract readonly watched: ShardStart;
  /** Its master is about to be replaced, and nothing is sent meanwhile. */
  protected abstract readonly switching: boolean;
  /** Its servers that are asked themselves; null = none are. */
  protected abstract readonly servers: ShardServers | null;
  abstract learn(start: ShardStart): void;
  /** Requests wait for it. */
  abstract onTrouble(): void;
  /**
   * Has its master replaced by a replica.
   * @returns who does it @throws Error when nobody does
   */
  abstract failover(): Promise<object>;
  protected abstract describe(): Pick<
    ShardView,
    'state' | 'replicas' | 'sentinels' | 'sentinelsUp' | 'witnessesUp' | 'witnesses' | 'promotion'
  >;
  abstract stop(): void;

  /** Where reads go already, by the word of whoever followed it before. */
  inherit(readers: Readers): void {
    this.#readers = readers;
  }

  /** Once, when it is followed. */
  begin(start: ShardStart): void {
    this.#finishing = (start.promoting ?? null) !== null;
  }

  /** For whoever goes on from here: of a frozen one, what requests go to and not what is known. */
  get start(): ShardStart {
    return this.#stays ? { address: this.#steeredTo, epoch: 0 } : this.watched;
  }

  /** Where reads go, if not to the master alone. */
  get readers(): Readers {
    return this.#readers;
  }

  /** Whatever happens, requests go on as they do. */
  get #stays(): boolean {
    return this.context.frozen && !this.#finishing;
  }

  freeze(): void {
    this.#finishing = this.switching;
  }

  /** It is not frozen any more. */
  resume(): void {
    if (this.#finishing) return;
    this.steer('move');
    if (this.switching) this.steer('hold');
    this.review();
  }

  get view(): ShardView {
    const { pool, server, master } = this.spec;
    const { address, epoch } = this.place;
    return {
      ...{ pool, server, master },
      address: addressText(address),
      epoch,
      ...this.describe(),
      servers: this.#roles,
    };
  }

  get #roles(): ServerRole[] {
    const { servers, place } = this;
    if (servers === null) return [];
    const master = servers.viewOf(place.address)?.facts ?? null;
    return servers.views.map(({ address, facts }) => ({
      address: addressText(address),
      role: facts === null ? 'unknown' : facts.isMaster ? 'master' : 'replica',
      lag: lagOf(master, facts),
      read: this.#readers.some((each) => sameAddress(each ?? place.address, address)),
    }));
  }

  /** What its servers say may be news for those who read. */
  protected review(): void {
    if (this.servers === null || this.#stays) return;
    const { pool, server, reads } = this.spec;
    const readers = readersOf(reads, this.place.address, this.servers.views, this.#readers);
    if (sameReaders(readers, this.#readers)) return;
    this.#readers = readers;
    this.context.options.steer({ pool, server, action: 'read', readers });
  }

  protected steer(action: MasterStep['action']): void {
    if (this.#stays) return;
    if (action !== 'hold') this.#finishing = false;
    const { pool, server } = this.spec;
    const { address, epoch } = this.place;
    this.#steeredTo = address;
    this.context.options.steer({ pool, server, action, ...address, epoch });
  }
}
