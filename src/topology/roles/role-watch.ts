import { type Address, addressText, sameAddress } from '../facts.ts';
import type { ShardPlace, ShardStart } from '../shard-watch.ts';
import type { ReplicationFacts } from './replication-facts.ts';
import type { ServerView } from './shard-servers.ts';

/** What the watch has done by others. */
export interface RoleActions {
  /** The master is there now. */
  move(to: Address): void;
  /** One line for the log. */
  say(text: string): void;
}

type MasterView = ServerView & { readonly facts: ReplicationFacts };

/**
 * Where the master of one shard is, from what its servers say themselves: somebody else promotes
 * replicas. The master in use is left for one whose data go on from its own, and for the only one
 * there is if nothing is known of it.
 */
export class RoleWatch {
  readonly #actions: RoleActions;
  #place: ShardPlace;
  /** The history of the data of the master in use; empty = it was never asked. */
  #replid: string;
  /** Masters that have nothing to do with the one in use have been told of. */
  #told = '';
  /** It goes where it finds the master; else somebody else decides that. */
  readonly #follows: boolean;
  #heir: Address | null = null;

  constructor({ address, epoch, replid = '' }: ShardStart, actions: RoleActions, follows = true) {
    this.#place = { address, epoch };
    this.#replid = replid;
    this.#actions = actions;
    this.#follows = follows;
  }

  /** A master whose data go on from those of the one in use, if that is not followed by itself. */
  get heir(): Address | null {
    return this.#heir;
  }

  /** The history of the data of the master in use; empty = unknown. */
  get replid(): string {
    return this.#replid;
  }

  /** Somebody else has decided where the master is. */
  settle(place: ShardPlace): void {
    const stays = sameAddress(place.address, this.#place.address);
    this.#place = place;
    if (stays) return;
    this.#replid = '';
    this.#heir = null;
    this.#actions.move(place.address);
  }

  get place(): ShardPlace {
    return this.#place;
  }

  /** For a watch that goes on from here. */
  get start(): ShardStart {
    return { ...this.#place, replid: this.#replid };
  }

  /** Another watch has gone on until now. */
  learn({ address, epoch, replid = '' }: ShardStart): void {
    if (epoch <= this.#place.epoch || sameAddress(address, this.#place.address)) return;
    this.#place = { address, epoch };
    this.#replid = replid;
    this.#actions.move(address);
  }

  /** One of the servers has said something. */
  review(views: readonly ServerView[]): void {
    const { address } = this.#place;
    const current = views.find((view) => sameAddress(view.address, address))?.facts ?? null;
    if (current?.isMaster) this.#replid = current.replid;
    const others = views.filter((view): view is MasterView => {
      return view.facts?.isMaster === true && !sameAddress(view.address, address);
    });
    const heirs = others.filter(({ facts }) => this.#isHeir(facts, current, others, views));
    this.#heir = heirs.length === 1 ? heirs[0].address : null;
    if (heirs.length !== 1) this.#tell(others);
    else if (this.#follows) this.#move(heirs[0]);
  }

  #isHeir(
    heir: ReplicationFacts,
    current: ReplicationFacts | null,
    others: readonly MasterView[],
    views: readonly ServerView[],
  ): boolean {
    if (this.#replid !== '' && heir.replid2 === this.#replid) return true;
    // One that has not answered yet is no reason to leave it.
    if (current === null) return this.#replid === '' && others.length === 1 && this.#isGone(views);
    // It was made a replica of that one.
    if (!current.isMaster) return heir.replid !== '' && current.replid === heir.replid;
    // A master that was started again after another took its place: replicas tell which is which.
    const ancestors = [current.replid, current.replid2].filter((id) => id !== '');
    const related = ancestors.includes(heir.replid2);
    return related && followers(heir, views) > followers(current, views);
  }

  /** The master in use was looked for, and is not there. */
  #isGone(views: readonly ServerView[]): boolean {
    const { address } = this.#place;
    return views.every((view) => view.tried || !sameAddress(view.address, address));
  }

  #move({ address, facts }: MasterView): void {
    const from = addressText(this.#place.address);
    this.#place = { address, epoch: this.#place.epoch + 1 };
    this.#replid = facts.replid;
    this.#told = '';
    this.#actions.move(address);
    this.#actions.say(`the master has moved from ${from} to ${addressText(address)}, by its role`);
  }

  /** Once, until there are others. */
  #tell(others: readonly MasterView[]): void {
    const names = others.map(({ address }) => addressText(address)).join(', ');
    if (names === this.#told) return;
    this.#told = names;
    if (names === '') return;
    const here = addressText(this.#place.address);
    this.#actions.say(
      `${names} says it is a master as well, of other data than ${here} or of unknown ones: ` +
        'requests stay where they are',
    );
  }
}

/** Replicas that have the data of a master. */
function followers({ replid }: ReplicationFacts, views: readonly ServerView[]): number {
  return views.filter(({ facts }) => facts?.isMaster === false && facts.replid === replid).length;
}
