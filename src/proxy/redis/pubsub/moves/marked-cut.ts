import type { Cut } from '../hub/deliveries.ts';
import type { Hub } from '../hub/hub.ts';
import type { HubServer } from '../hub/hub-server.ts';
import type { Topic } from '../hub/topic.ts';
import { Marker } from './marker.ts';

/** A cut through what the servers of a hub say, by a message that is published on each of them. */
export abstract class MarkedCut implements Cut {
  protected readonly hub: Hub;
  /** Of the servers that are heard on both sides. */
  protected readonly markers: ReadonlyMap<HubServer, Marker>;
  /** Servers whose mark has come, and those that are heard on one side only. */
  protected readonly passed: Set<object> = new Set();
  /** Marks that are missing. */
  #missing: number;
  #open = false;

  /** @param servers by address, those that are heard on both sides */
  constructor(hub: Hub, id: string, secret: string, servers: ReadonlyMap<string, HubServer>) {
    this.hub = hub;
    this.markers = new Map(
      [...servers].map(([address, server]) => [server, new Marker(id, secret, address)]),
    );
    this.#missing = this.markers.size;
    for (const server of hub.servers.members) {
      if (!this.markers.has(server)) this.passed.add(server);
    }
  }

  protected open(): void {
    this.#open = true;
    this.hub.deliveries.cuts.add(this);
    for (const [server, { channel }] of this.markers) server.subscribe(channel);
  }

  /** Nothing is cut any more. */
  protected close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.hub.deliveries.cuts.delete(this);
    for (const [server, { channel }] of this.markers) server.unsubscribe(channel);
  }

  channelOf(server: HubServer): Topic | null {
    return this.markers.get(server)?.channel ?? null;
  }

  /** All servers will send the mark. */
  protected get isSubscribed(): boolean {
    return [...this.markers].every(([server, { channel }]) => server.holds(channel));
  }

  /** A server will not send the mark. */
  protected get isRefused(): boolean {
    return [...this.markers].some(([server, { channel }]) => !server.has(channel));
  }

  protected get isComplete(): boolean {
    return this.#missing === 0;
  }

  onMark(server: HubServer, bytes: Buffer, start: number, end: number): void {
    if (this.passed.has(server) || !this.markers.get(server)?.is(bytes, start, end)) return;
    this.passed.add(server);
    this.#missing--;
    if (this.isComplete) this.onComplete();
  }

  /** The marks of all servers are there. */
  protected abstract onComplete(): void;
  abstract onProgress(): void;
  abstract onLost(server: HubServer): void;
  abstract wants(server: HubServer, topic: Topic): boolean;
  abstract keep(topic: Topic, message: Buffer): void;
  abstract onException(error: unknown): void;
}
