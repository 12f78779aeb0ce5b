import type { ServerConfig } from '../../../../config/index.ts';
import { HUB_LEAVE_MS, HUB_PREPARE_MS } from '../../../../limits.ts';
import { addressOf } from '../../../pool/pool-changes.ts';
import { NOTHING_TO_PREPARE, type Preparation } from '../../../pool/protocol.ts';
import { HubServer, type HubServerOwner } from './hub-server.ts';

interface Leaving {
  readonly server: HubServer;
  until: number;
}

/**
 * The servers of a pool that are subscribed to, one connection for each address. A new one is
 * subscribed to before it gets messages, an old one for a while after it got the last: so none is
 * lost or doubled when a server is exchanged.
 */
export class HubServers {
  readonly #owner: HubServerOwner;
  /** By address. */
  #members: Map<string, HubServer> = new Map();
  /** By index of the server in the pool. */
  #places: HubServer[] = [];
  #joining: Map<string, HubServer> = new Map();
  #joinUntil = 0;
  #onJoined: (() => void) | null = null;
  /** Those of the pool are asked for more, too. */
  #spreads = false;
  #leaving: Leaving[] = [];

  constructor(owner: HubServerOwner) {
    this.#owner = owner;
  }

  /** Whether anything is subscribed to. */
  get open(): boolean {
    return this.#members.size > 0;
  }

  /** Those of the pool. */
  get members(): Iterable<HubServer> {
    return this.#members.values();
  }

  /** None is to come, and none has left a moment ago. */
  get isSteady(): boolean {
    return this.#joining.size === 0 && this.#leaving.length === 0;
  }

  isMember(server: HubServer): boolean {
    return this.#members.get(addressOf(server.target)) === server;
  }

  /** Those of the pool, those to come, and those that have left and may come back. */
  *wanted(): Iterable<HubServer> {
    yield* this.#members.values();
    yield* this.#joining.values();
    for (const { server } of this.#leaving) yield server;
  }

  /** @param index of a server of the pool */
  at(index: number): HubServer | null {
    return this.#places[index] ?? null;
  }

  /**
   * These are the servers of the pool now. @param now milliseconds of the clock
   */
  set(servers: readonly ServerConfig[], now: number): void {
    const before = this.#members;
    this.#members = new Map();
    for (const config of servers) {
      const address = addressOf(config);
      if (this.#members.has(address)) continue;
      const known = before.get(address) ?? this.#joining.get(address) ?? this.#back(address);
      before.delete(address);
      this.#joining.delete(address);
      const server = known ?? new HubServer(this.#owner, config);
      server.target = config;
      this.#members.set(address, server);
    }
    this.#places = servers.map((config) => this.#members.get(addressOf(config)) as HubServer);
    for (const server of before.values()) {
      this.#leaving.push({ server, until: now + HUB_LEAVE_MS });
    }
    this.#abort();
    for (const server of this.#members.values()) server.connect();
  }

  /** A server that left a moment ago: it is not subscribed to twice. */
  #back(address: string): HubServer | undefined {
    const at = this.#leaving.findIndex(({ server }) => addressOf(server.target) === address);
    return at < 0 ? undefined : this.#leaving.splice(at, 1)[0].server;
  }

  /**
   * Subscribes to servers that another configuration brings.
   * @param servers the new ones
   * @param spreads whether what those of the pool are asked for is waited for as well
   */
  prepare(servers: readonly ServerConfig[], spreads: boolean, now: number): Preparation {
    this.#abort();
    this.#spreads = spreads;
    for (const config of servers) {
      const address = addressOf(config);
      if (this.#members.has(address) || this.#joining.has(address)) continue;
      const left = this.#leaving.find(({ server }) => addressOf(server.target) === address);
      if (left !== undefined) {
        // It is subscribed to still, and must be until it is back.
        left.until = now + HUB_LEAVE_MS;
        continue;
      }
      this.#joining.set(address, new HubServer(this.#owner, config));
    }
    if (this.#joining.size === 0 && !spreads) return NOTHING_TO_PREPARE;
    const joining = this.#joining;
    this.#joinUntil = now + HUB_PREPARE_MS;
    const ready = new Promise<void>((resolve) => {
      this.#onJoined = resolve;
    });
    for (const server of joining.values()) server.connect();
    this.onProgress();
    return {
      ready,
      abort: () => {
        if (this.#joining === joining) this.#abort();
      },
    };
  }

  /** A server that has left is heard no more. */
  drop(server: HubServer): void {
    server.stop();
    this.#leaving = this.#leaving.filter((each) => each.server !== server);
  }

  /** A server has answered, or cannot be reached. */
  onProgress(): void {
    if (this.#onJoined === null) return;
    const awaited = [...this.#joining.values(), ...(this.#spreads ? this.#members.values() : [])];
    if (awaited.every((server) => server.settled)) this.#joined();
  }

  #joined(): void {
    this.#onJoined?.();
    this.#onJoined = null;
    this.#joinUntil = 0;
  }

  #abort(): void {
    for (const server of this.#joining.values()) server.stop();
    this.#joining = new Map();
    this.#joined();
  }

  /** When sweep() has something to do; 0 = never. */
  get due(): number {
    let due = this.#joinUntil;
    for (const { until } of this.#leaving) if (due === 0 || until < due) due = until;
    return due;
  }

  sweep(now: number): void {
    if (this.#joinUntil !== 0 && now >= this.#joinUntil) this.#joined();
    for (const { server, until } of this.#leaving) if (until <= now) server.stop();
    this.#leaving = this.#leaving.filter(({ until }) => until > now);
  }

  /** Nothing is subscribed to any more. */
  close(): void {
    for (const server of this.#members.values()) server.stop();
    for (const { server } of this.#leaving) server.stop();
    this.#members = new Map();
    this.#places = [];
    this.#leaving = [];
    this.#abort();
  }
}
