import { SYSTEM_CLOCK } from '../../../src/topology/clock.ts';
import type { ShardSpec, Step } from '../../../src/topology/shard.ts';
import { Topology } from '../../../src/topology/topology.ts';
import type { Network } from '../net/network.ts';
import { type Address, AskLink } from '../servers/ask-link.ts';
import type { Loop } from '../world/loop.ts';
import type { World } from '../world/world.ts';

const WRITE_MS = 50;
/** A client gives up so long after it asked. */
const TIMEOUT_MS = 500;

/** A write that a client of a proxy was told of: its server, and which of its writes it is. */
export interface Told {
  readonly proxy: string;
  readonly server: string;
  readonly number: number;
}

/** A proxy: the product's topology, and one client whose writes go where that says. */
export class SimFollower {
  readonly name: string;
  readonly loop: Loop;
  readonly told: Told[] = [];
  readonly said: string[] = [];
  topology: Topology | null = null;
  readonly #network: Network;
  readonly #spec: ShardSpec;
  #reloads = 0;
  #to: Address | null;
  #held = false;
  #link: AskLink | null = null;
  #askedAt = 0;
  /** Who listens has answered: nothing is sent to a server that stands still. */
  #greeted = false;

  constructor(world: World, network: Network, name: string, address: string, spec: ShardSpec) {
    this.name = name;
    this.#network = network;
    this.#spec = spec;
    this.#to = spec.address;
    this.loop = world.process(name);
    network.place(this.loop, address);
    this.loop.io(() => {
      this.topology = new Topology({
        clock: SYSTEM_CLOCK,
        steer: (step) => this.#steer(step),
        say: (text) => this.said.push(`${Math.round(world.micros / 1000)} ${name}: ${text}`),
      });
      this.topology.follow([spec]);
      // Clients' requests come by sockets: behind the timers that are due when it wakes up.
      this.loop.timer(() => this.loop.io(() => this.#write(world)), WRITE_MS, true);
    });
  }

  /** Its file says something else. */
  reload(): void {
    const { promotion } = this.#spec;
    if (promotion === null) return;
    const downAfterMs = promotion.downAfterMs + (++this.#reloads % 2);
    const spec = { ...this.#spec, promotion: { ...promotion, downAfterMs } };
    this.loop.io(() => this.topology?.follow([spec]));
  }

  #steer(step: Step): void {
    if (step.action === 'read') return;
    this.#held = step.action === 'hold';
    if (step.action === 'move') this.#to = { host: step.host, port: step.port };
    if (step.action === 'release') return;
    this.#drop();
  }

  /** Connections to who is not the master any more are not read. */
  #drop(): void {
    this.#link?.close();
    this.#link = null;
    this.#greeted = false;
  }

  #write(world: World): void {
    if (this.#held || this.#to === null) return;
    if (this.#link === null) {
      this.#greeted = false;
      this.#link = new AskLink(this.#network, this.loop, this.#to, null);
      this.#askedAt = world.micros;
    }
    const link = this.#link;
    if (!link.up || link.waits) {
      link.connect();
      if (world.micros - this.#askedAt > TIMEOUT_MS * 1000) this.#drop();
      return;
    }
    this.#askedAt = world.micros;
    if (!this.#greeted) {
      link.ask(['PING'], () => {
        this.#greeted = true;
      });
      return;
    }
    link.ask(['WRITE'], (reply) => {
      if (reply.kind !== 'bulk') return;
      const [server, number] = reply.bytes.toString('latin1').split(' ');
      this.told.push({ proxy: this.name, server, number: Number(number) });
    });
  }
}
