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
const MOST_TRIES = 200;

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
  readonly #links: Map<SimNode, AskLink> = new Map();
  readonly #moves: Move[] = [];
  #current: Move | null = null;
  /** Which answer is waited for: late ones say nothing. */
  #step = 0;
  /** Slots that it has had to do with. */
  readonly touched: Set<number> = new Set();

  constructor(world: World, network: Network, cluster: SimCluster, password: string | null) {
    this.#world = world;
    this.#network = network;
    this.#cluster = cluster;
    this.#password = password;
    this.#loop = world.process('operator');
    this.#paceMs = this.#loop.random.pick(PACES_MS);
    network.place(this.#loop, '10.0.8.1');
  }

  get idle(): boolean {
    return this.#current === null && this.#moves.length === 0;
  }

  move(slot: number, to: SimNode): void {
    this.touched.add(slot);
    this.#moves.push({ slot, to, tries: 0 });
    this.#next();
  }

  /** The spare node is met. */
  grow(): void {
    const { spare, nodes } = this.#cluster;
    const known = nodes.find(({ up, loop }) => up && !loop.frozen);
    if (known === undefined || spare.membership.members.size > 1) return;
    const { host, port } = spare.membership.me.address;
    this.#ask(known, ['CLUSTER', 'MEET', host, String(port)], () => {});
  }

  #next(): void {
    if (this.#current !== null) return;
    this.#current = this.#moves.shift() ?? null;
    if (this.#current !== null) this.#begin(this.#current);
  }

  #begin(move: Move): void {
    const source = this.#cluster.ownerOf(move.slot);
    const target = this.#cluster.masterOf(move.to);
    if (++move.tries > MOST_TRIES) {
      this.#done();
      return;
    }
    const { slot } = move;
    if (target === null || source?.membership.members.has(target.id) === false) {
      this.#again(move);
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
          this.#loop.timer(() => this.#moveKeys(move, source, target), this.#paceMs);
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
        else this.#loop.timer(() => this.#moveKeys(move, source, target), this.#paceMs);
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
