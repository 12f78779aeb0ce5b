import type { Reply } from '../../clients/reply-stream.ts';
import type { Network } from '../../net/network.ts';
import { AskLink } from '../../servers/ask-link.ts';
import type { SimNode } from '../../servers/cluster/sim-node.ts';
import type { Loop } from '../../world/loop.ts';
import type { World } from '../../world/world.ts';
import type { SimCluster } from './sim-cluster.ts';

const ANSWER_MS = 3_000;
const AGAIN_MS = 300;
/** All have heard of a move by then. */
const BETWEEN_MS = 50;
const PACES_MS = [1, 100, 600];
/** One operator in so many is interrupted: keys of a slot are on both sides for long. */
const INTERRUPTED = 4;
const INTERRUPTED_MS = 4_000;
/** So many times at most: a node that leaves would take minutes. */
const INTERRUPTIONS = 12;
const MOST_TRIES = 200;
/** That wait: more are not begun, so that it comes to an end. */
const MOST_MOVES = 6;
/** Between the moment at which all have forgotten a node and its end: whoever uses it looks elsewhere. */
const LEAVE_MS = 15_000;
/** A node that has more of them does not leave. */
const MOST_SLOTS = 64;

/** What the operator is to do: one slot goes to the shard of a node. */
interface Move {
  readonly slot: number;
  readonly to: SimNode;
  tries: number;
}

/** Whoever moves slots, as redis-cli does: key by key, one slot after the other. */
export class Operator {
  readonly #cluster: SimCluster;
  readonly #network: Network;
  readonly #world: World;
  readonly #loop: Loop;
  readonly #password: string | null;
  /** Between one key and the next: how long a slot lies open. */
  readonly #paceMs: number;
  #interruptions: number;
  readonly #links: Map<SimNode, AskLink> = new Map();
  readonly #moves: Move[] = [];
  #current: Move | null = null;
  /** The spare node is to join, and is about to. */
  #joins = false;
  #joining = false;
  /** It is to leave, and is about to. */
  #leaves = false;
  #leaving = false;
  #successor: SimNode;
  /** Which answer is waited for: late ones say nothing. */
  #step = 0;
  /** Slots that it has had to do with. */
  readonly touched: Set<number> = new Set();

  constructor(world: World, network: Network, cluster: SimCluster, password: string | null) {
    this.#world = world;
    this.#network = network;
    this.#cluster = cluster;
    this.#successor = cluster.nodes[0];
    this.#password = password;
    this.#loop = world.process('operator');
    const paceMs = this.#loop.random.pick(PACES_MS);
    const isInterrupted = world.randomOf('interruptions').once(INTERRUPTED);
    this.#paceMs = paceMs;
    this.#interruptions = isInterrupted ? INTERRUPTIONS : 0;
    network.place(this.#loop, '10.0.8.1');
  }

  #pauseMs(): number {
    return this.#interruptions-- > 0 ? INTERRUPTED_MS : this.#paceMs;
  }

  get idle(): boolean {
    const changes = this.#joins || this.#joining || this.#leaves || this.#leaving;
    return this.#current === null && this.#moves.length === 0 && !changes;
  }

  /** A slot is on its way. */
  get moving(): boolean {
    return this.#current !== null;
  }

  move(slot: number, to: SimNode): void {
    if (this.#moves.length >= MOST_MOVES) return;
    this.touched.add(slot);
    this.#moves.push({ slot, to, tries: 0 });
    this.#next();
  }

  /** The spare node is met. @returns whether it is to be a member */
  grow(): boolean {
    if (this.#cluster.isSpareGone) return false;
    if (this.#cluster.isSpareMember) return true;
    this.#joins = true;
    this.#next();
    return true;
  }

  #join(): void {
    const { spare, nodes, isolated } = this.#cluster;
    this.#joins = false;
    // One that is cut off could tell nobody of it.
    const known = nodes.find(({ up, loop, name }) => up && !loop.frozen && !isolated.has(name));
    if (known === undefined) return;
    this.#joining = true;
    const { host, port } = spare.membership.me.address;
    this.#ask(known, ['CLUSTER', 'MEET', host, String(port)], () => {
      this.#joining = false;
      this.#next();
    });
  }

  /** The spare node gives all its slots to another shard, is forgotten by all, and ends. @returns whether it is to */
  shrink(to: SimNode): boolean {
    const { spare, isSpareMember, isSpareGone } = this.#cluster;
    if (!isSpareMember || isSpareGone || to === spare) return false;
    this.#successor = to;
    this.#leaves = true;
    spare.neverFailsOver = true;
    this.#empty();
    this.#next();
    return true;
  }

  /** @returns whether the spare node has slots that are to go elsewhere */
  #empty(): boolean {
    const { spare } = this.#cluster;
    const slots = spare.membership.isMaster ? spare.membership.slotsOwned : [];
    for (const slot of slots) this.#moves.push({ slot, to: this.#successor, tries: 0 });
    for (const slot of slots) this.touched.add(slot);
    return slots.length > 0;
  }

  #next(): void {
    if (this.#current !== null || this.#leaving || this.#joining) return;
    if (this.#joins) this.#join();
    if (this.#joining) return;
    this.#current = this.#moves.shift() ?? null;
    if (this.#current !== null) this.#begin(this.#current);
    else if (this.#leaves) this.#leave();
  }

  #leave(): void {
    const { spare, all } = this.#cluster;
    const { membership } = spare;
    // It was elected meanwhile: it is needed.
    if (membership.isMaster && membership.slotsOwned.length > MOST_SLOTS) {
      this.#leaves = false;
      spare.neverFailsOver = false;
      return;
    }
    if (this.#empty()) {
      this.#next();
      return;
    }
    this.#leaves = false;
    this.#leaving = true;
    this.#world.trace.add('operator', 1, () => `all are to forget ${spare.name}`);
    this.#forget(all.filter((node) => node !== spare));
  }

  /** Each of these nodes forgets the spare one, however long that takes. */
  #forget([node, ...rest]: readonly SimNode[]): void {
    const { spare } = this.#cluster;
    if (node === undefined) {
      this.#loop.timer(() => this.#end(), LEAVE_MS);
      return;
    }
    this.#ask(node, ['CLUSTER', 'FORGET', spare.id], (reply) => {
      const isDone = reply !== null && (reply.kind !== 'error' || /Unknown/.test(reply.text));
      this.#loop.timer(() => this.#forget(isDone ? rest : [node, ...rest]), isDone ? 1 : AGAIN_MS);
    });
  }

  #end(): void {
    this.#cluster.endSpare();
    this.#world.trace.add('operator', 2, () => `${this.#cluster.spare.name} is ended`);
    this.#leaving = false;
    this.#next();
  }

  #begin(move: Move): void {
    const source = this.#cluster.ownerOf(move.slot);
    const target = this.#cluster.masterOf(move.to);
    const isGone = target === this.#cluster.spare && this.#cluster.isSpareGone;
    if (isGone || ++move.tries > MOST_TRIES) {
      this.#done();
      return;
    }
    const { slot } = move;
    const isNew = source !== null && target?.membership.owners[slot] === null;
    if (target === null || source?.membership.members.has(target.id) === false) {
      this.#again(move);
    } else if (isNew) {
      // Who has heard of no owner would never hear of one while it imports.
      this.#do(move, target, ['STABLE'], () => this.#again(move));
    } else if (source === null) {
      // Each holds that another one has it.
      const other = target.membership.masters.find(({ id }) => id !== target.id);
      this.#do(move, target, ['IMPORTING', other?.id ?? ''], () => {
        this.#do(move, target, ['NODE', target.id], () => this.#tell(move, target));
      });
    } else if (source === target) {
      this.#ask(target, ['CLUSTER', 'BUMPEPOCH'], () => this.#tell(move, target));
    } else {
      this.#do(move, target, ['IMPORTING', source.id], () => {
        this.#do(move, source, ['MIGRATING', target.id], () => {
          this.#loop.timer(() => this.#moveKeys(move, source, target), this.#pauseMs());
        });
      });
    }
    this.#world.trace.add('operator', slot, () => `moves slot ${slot} to ${target?.name}`);
  }

  /** One step of a move: SETSLOT. */
  #do(move: Move, node: SimNode, words: readonly string[], then: () => void): void {
    this.#ask(node, ['CLUSTER', 'SETSLOT', String(move.slot), ...words], (reply) => {
      if (reply === null || reply.kind === 'error') this.#again(move);
      else then();
    });
  }

  #moveKeys(move: Move, source: SimNode, target: SimNode): void {
    this.#ask(source, ['CLUSTER', 'GETKEYSINSLOT', String(move.slot), '1'], (reply) => {
      if (reply === null || !('items' in reply)) {
        this.#again(move);
        return;
      }
      const [key] = reply.items;
      if (key?.kind !== 'bulk') {
        this.#do(move, target, ['NODE', target.id], () => {
          this.#do(move, source, ['NODE', target.id], () => this.#tell(move, target));
        });
        return;
      }
      const { host, port } = target.membership.me.address;
      const words = [host, String(port), '', '0', '2000', 'REPLACE'];
      const name = key.bytes.toString('latin1');
      this.#ask(source, ['MIGRATE', ...words, 'KEYS', name], (answer) => {
        if (answer === null || answer.kind === 'error') this.#again(move);
        else this.#loop.timer(() => this.#moveKeys(move, source, target), this.#pauseMs());
      });
    });
  }

  /** All masters are told; nothing stays open anywhere. */
  #tell(move: Move, target: SimNode): void {
    const others = this.#cluster.all.filter((node) => {
      return node.membership.isMaster && node.membership.members.has(target.id) && node !== target;
    });
    const [first, ...rest] = [target, ...others];
    const tell = (node: SimNode, left: readonly SimNode[]): void => {
      this.#do(move, node, ['NODE', target.id], () => {
        const { importing, migrating } = node.membership;
        const isOpen = importing.has(move.slot) || migrating.has(move.slot);
        const goOn = (): void => {
          if (left.length > 0) tell(left[0], left.slice(1));
          else this.#done();
        };
        if (isOpen) this.#do(move, node, ['STABLE'], goOn);
        else goOn();
      });
    };
    tell(first, rest);
  }

  #again(move: Move): void {
    this.#loop.timer(() => {
      if (this.#current === move) this.#begin(move);
    }, AGAIN_MS);
  }

  #done(): void {
    this.#loop.timer(() => {
      this.#current = null;
      this.#next();
    }, BETWEEN_MS);
  }

  /** @param then told the answer; null = there is none */
  #ask(node: SimNode, words: readonly string[], then: (reply: Reply | null) => void): void {
    const step = ++this.#step;
    const link = this.#linkTo(node);
    let sent = false;
    const until = this.#world.micros + ANSWER_MS * 1000;
    const attempt = (): void => {
      if (step !== this.#step) return;
      if (this.#world.micros > until) {
        this.#step++;
        link.close();
        this.#links.delete(node);
        then(null);
        return;
      }
      if (!sent) {
        link.connect();
        sent = link.ask(words, (reply) => {
          if (step !== this.#step) return;
          this.#step++;
          then(reply);
        });
      }
      this.#loop.timer(attempt, sent ? ANSWER_MS : 20);
    };
    this.#loop.io(attempt);
  }

  #linkTo(node: SimNode): AskLink {
    const known = this.#links.get(node);
    if (known !== undefined) return known;
    const { address } = node.membership.me;
    const link = new AskLink(this.#network, this.#loop, address, this.#password);
    this.#links.set(node, link);
    return link;
  }

  stop(): void {
    this.#step++;
    this.#current = null;
    this.#moves.length = 0;
    for (const link of this.#links.values()) link.close();
  }
}
