import { isIP } from 'node:net';
import { RingwayError } from '../errors.ts';
import { PLANNED_FAILOVER_MS } from '../limits.ts';
import { type Address, addressText, sameAddress } from './facts.ts';
import { FollowedShard, type ShardContext } from './followed-shard.ts';
import { Promoter } from './promotion/promoter.ts';
import type { WitnessSet } from './promotion/witness-set.ts';
import { RoleWatch } from './roles/role-watch.ts';
import { type ServerView, ShardServers } from './roles/shard-servers.ts';
import type { ShardSpec } from './shard.ts';
import type { ShardPlace, ShardStart } from './shard-watch.ts';

/** Who decides which proxy replaces the master, and what that proxy is called. */
export interface Witnessed {
  readonly witnesses: WitnessSet;
  readonly id: string;
}

/**
 * A shard whose replicas the file names: its servers say themselves which one is the master, or the
 * proxies agree on it.
 */
export class ReplicatedShard extends FollowedShard {
  readonly #watch: RoleWatch;
  protected readonly servers: ShardServers;
  readonly #promoter: Promoter | null;

  constructor(
    spec: ShardSpec,
    key: string,
    start: ShardStart,
    context: ShardContext,
    witnessed: Witnessed | null,
  ) {
    super(spec, key, start, context);
    const { clock, say } = context.options;
    const fences = witnessed !== null;
    const access = { clock, tls: spec.tls, fences, login: () => this.spec.serverLogin() };
    const actions = {
      move: () => this.steer('move'),
      say: (text: string) => say(text, this.spec),
    };
    this.#watch = new RoleWatch(start, actions, witnessed === null);
    this.servers = new ShardServers(access, () => {
      this.#watch.review(this.servers.views);
      this.#promoter?.onFacts();
      this.review();
    });
    this.#promoter = witnessed === null ? null : this.#newPromoter(spec, witnessed);
  }

  #newPromoter(spec: ShardSpec, { witnesses, id }: Witnessed): Promoter | null {
    const { promotion } = spec;
    if (promotion === null) return null;
    const { clock, say } = this.context.options;
    return new Promoter({
      ...{ id, witnesses, clock, spec: { ...spec, promotion } },
      servers: this.servers,
      watch: this.#watch,
      isFrozen: () => this.context.frozen,
      hold: () => this.steer('hold'),
      release: () => this.steer('release'),
      say: (text) => say(text, this.spec),
    });
  }

  override begin(start: ShardStart): void {
    super.begin(start);
    const { address, replicas } = this.spec;
    this.servers.set([address, ...replicas]);
    this.servers.fences = start.fences ?? {};
    if ((start.promoting ?? null) !== null) this.#promoter?.hold();
  }

  learn(start: ShardStart): void {
    this.#watch.learn(start);
  }

  get place(): ShardPlace {
    return this.#promoter?.place ?? this.#watch.place;
  }

  protected get watched(): ShardStart {
    const { start } = this.#watch;
    if (this.#promoter === null) return start;
    const known = { ...start, fences: this.servers.fences };
    return this.switching ? { ...known, promoting: start.address } : known;
  }

  protected get switching(): boolean {
    return this.#promoter?.switching ?? false;
  }

  protected describe(): ReturnType<FollowedShard['describe']> {
    const { address } = this.place;
    const isMaster = this.servers.viewOf(address)?.facts?.isMaster === true;
    const others = this.servers.views.filter((each) => !sameAddress(each.address, address));
    const replicas = others.map((each) => addressText(each.address)).sort();
    const found = isMaster ? 'steady' : 'searching';
    const known = { replicas, sentinelsUp: 0, sentinels: 0 };
    if (this.#promoter === null) return { state: found, ...known };
    const { state: now, parts, view: promotion } = this.#promoter;
    const { up: witnessesUp, count: witnesses } = parts.witnesses;
    const state = now === 'steady' ? found : now;
    return { state, ...known, witnessesUp, witnesses, promotion };
  }

  onTrouble(): void {
    this.servers.onTrouble();
  }

  /** The master is told to hand its part over, which it does when the replica has all data. */
  async failover(): Promise<object> {
    const { address } = this.place;
    const heir = this.#heir(address);
    if (heir === null) {
      throw new RingwayError('RINGWAY_USAGE', 'no replica is connected to the master');
    }
    const to = isIP(heir.host) === 0 ? [] : ['TO', heir.host, String(heir.port)];
    const words = ['FAILOVER', ...to, 'TIMEOUT', String(PLANNED_FAILOVER_MS)];
    const error = await this.servers.command(address, words);
    if (error !== null) {
      const said = `${addressText(address)} says: ${printable(error)}`;
      throw new RingwayError('RINGWAY_USAGE', said);
    }
    this.servers.onTrouble();
    return { master: addressText(address), to: to.length > 0 ? addressText(heir) : 'a replica' };
  }

  /** The replica that is least behind. */
  #heir(master: Address): Address | null {
    const offset = ({ facts }: ServerView): number => facts?.offset ?? 0;
    const found = this.servers.views
      .filter(({ address, facts }) => {
        return !sameAddress(address, master) && facts?.isMaster === false && facts.linkUp;
      })
      .sort((a, b) => offset(b) - offset(a));
    return found[0]?.address ?? null;
  }

  stop(): void {
    this.#promoter?.stop();
    this.servers.close();
  }
}

/** What a server said, as it may be shown. */
function printable(text: string): string {
  return text.slice(0, 200).replace(/\p{Cc}/gu, ' ');
}
