import type { Socket } from 'node:net';
import type { Random } from '../../bench/random.ts';
import { keySlot } from '../../src/distribution/slots.ts';

const OK = '+OK\r\n';
const SPLIT = '-TRYAGAIN Multiple keys request during rehashing of slot\r\n';
const UNSERVED = '-CLUSTERDOWN Hash slot not served\r\n';

export function slotOf(key: string): number {
  return keySlot(Buffer.from(key), 0, key.length);
}

/** Who has a slot, where it goes, and which of its keys have gone already. */
interface Held {
  owner: number;
  to: number | null;
  readonly gone: Set<string>;
}

/**
 * Nodes of a cluster that move slots, lie about where they are, end connections, and answer in odd
 * pieces. What one executes is right all the same: it has the key, or is asked for it by ASKING.
 */
export class BrokenNodes {
  ports: readonly number[] = [];
  /** No lies and no moves any more. */
  calm = false;
  /** What was executed, by any node, in this order: words. */
  readonly executed: (readonly string[])[] = [];
  readonly values: Map<string, string> = new Map();
  readonly #random: Random;
  readonly #held: Map<number, Held> = new Map();
  readonly #asking: WeakSet<Socket> = new WeakSet();
  readonly #unsaid: WeakMap<Socket, string> = new WeakMap();

  constructor(random: Random) {
    this.#random = random;
  }

  /** A slot begins to move, or one of its keys goes, or it has moved. */
  step(slots: readonly number[]): void {
    const held = this.#of(this.#random.pick(slots));
    if (held.to === null) held.to = this.#random.integer(0, this.ports.length - 1);
    else if (held.to === held.owner || this.#random.next() < 0.5) {
      held.owner = held.to;
      held.to = null;
      held.gone.clear();
    }
  }

  /** All slots are where they are. */
  settle(): void {
    this.calm = true;
    for (const held of this.#held.values()) {
      held.owner = held.to ?? held.owner;
      held.to = null;
      held.gone.clear();
    }
  }

  #of(slot: number): Held {
    const owner = Math.floor((slot * this.ports.length) / 16384);
    const held = this.#held.get(slot) ?? { owner, to: null, gone: new Set() };
    this.#held.set(slot, held);
    return held;
  }

  answer(node: number, text: string, socket: Socket): void {
    if (socket.destroyed) return;
    if (!this.calm && this.#random.next() < 0.002) socket.destroy();
    else this.#say(socket, this.#replyTo(node, text.split(' '), socket));
  }

  #replyTo(node: number, words: readonly string[], socket: Socket): string {
    const wasAsking = this.#asking.delete(socket);
    if (words[0] === 'ASKING') {
      this.#asking.add(socket);
      return OK;
    }
    if (words[0] === 'KEYS') {
      this.executed.push(words);
      return '*0\r\n';
    }
    const keys = words.filter((word) => word.startsWith('{'));
    if (keys.length === 0) return OK;
    const slot = slotOf(keys[0]);
    return this.#lie(node, slot) ?? this.#elsewhere(node, slot, keys, wasAsking) ?? this.#do(words);
  }

  #lie(node: number, slot: number): string | null {
    if (this.calm || this.#random.next() > 0.06) return null;
    const anybody = this.ports[this.#random.integer(0, this.ports.length - 1)];
    return this.#random.pick([
      `-MOVED ${slot} 127.0.0.1:${this.ports[node]}\r\n`,
      `-MOVED ${slot} 127.0.0.1:${anybody}\r\n`,
      `-MOVED ${slot} :${anybody}\r\n`,
      `-ASK ${slot} 127.0.0.1:${anybody}\r\n`,
      `-ASK ${slot} 127.0.0.1:${this.ports[node]}\r\n`,
      SPLIT,
      UNSERVED,
    ]);
  }

  #elsewhere(
    node: number,
    slot: number,
    keys: readonly string[],
    wasAsking: boolean,
  ): string | null {
    const held = this.#of(slot);
    const { owner, to, gone } = held;
    const isTarget = node === to && wasAsking;
    if (node !== owner && !isTarget) return `-MOVED ${slot} 127.0.0.1:${this.ports[owner]}\r\n`;
    if (to === null || to === owner) return null;
    for (const key of keys) if (this.#random.next() < 0.3) gone.add(key);
    const here = keys.filter((key) => gone.has(key) === (node !== owner));
    if (here.length === keys.length) return null;
    if (here.length > 0 || isTarget) return SPLIT;
    return `-ASK ${slot} 127.0.0.1:${this.ports[to]}\r\n`;
  }

  #do(words: readonly string[]): string {
    this.executed.push(words);
    if (words[0] === 'GET') {
      const value = this.values.get(words[1]) ?? '0';
      return `$${value.length}\r\n${value}\r\n`;
    }
    for (let i = 1; i + 1 < words.length; i += 2) this.values.set(words[i], words[i + 1]);
    return OK;
  }

  /** In pieces, now or later, what is said to one in its order. */
  #say(socket: Socket, reply: string): void {
    const unsaid = this.#unsaid.get(socket);
    this.#unsaid.set(socket, (unsaid ?? '') + reply);
    if (unsaid === undefined) this.#saySome(socket);
  }

  #saySome(socket: Socket): void {
    const all = this.#unsaid.get(socket) ?? '';
    if (all === '' || socket.destroyed) {
      this.#unsaid.delete(socket);
      return;
    }
    const length = this.calm ? all.length : this.#random.integer(1, Math.min(all.length, 60));
    socket.write(all.slice(0, length));
    this.#unsaid.set(socket, all.slice(length));
    const wait = this.#random.next() < 0.05 ? 5 : 0;
    setTimeout(() => this.#saySome(socket), wait);
  }
}
