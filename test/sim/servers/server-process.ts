import type { Random } from '../../fuzz/random.ts';
import { shownWord } from '../clients/requests.ts';
import type { Endpoint, EndpointOwner } from '../net/connection.ts';
import type { Network } from '../net/network.ts';
import type { Loop } from '../world/loop.ts';
import type { World } from '../world/world.ts';
import { Keyspace } from './keyspace.ts';

/** Who asks a server, as far as a checker wants to know. */
export interface Asker {
  readonly id: number;
  readonly db: number;
}

/** What a checker is told of a server. */
export interface ServerObserver {
  /** @param words as Redis would be asked @param reply as Redis would answer */
  onExecuted(server: ServerProcess, asker: Asker, words: readonly Buffer[], reply: Buffer): void;
  /** A script can be called by its digest from now on, or cannot any more. */
  onScript(server: ServerProcess, sha: string, loaded: boolean): void;
}

export interface ServerOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly password?: string | null;
}

/** Requests of one connection that are carried out in one turn. */
const TURN_REQUESTS = 64;
/** A server may think so long before it carries out what it has read. */
const THINK_MICROS = 300;
/** Milliseconds since 1970 when the world begins. */
const EPOCH_MS = Date.UTC(2030, 0, 1);
const NOTHING = Buffer.alloc(0);
/** What is asked all the time, and not for a client. */
const AMONG_SERVERS = ['PING', 'INFO'];

/** One client of a server: its bytes become requests, and these replies. */
export abstract class Peer implements EndpointOwner, Asker {
  readonly server: ServerProcess;
  readonly endpoint: Endpoint;
  readonly id: number;
  db = 0;
  /** Closed behind its last reply. */
  closing = false;
  planned = false;
  takenBytes = 0;

  constructor(server: ServerProcess, endpoint: Endpoint, id: number) {
    this.server = server;
    this.endpoint = endpoint;
    this.id = id;
  }

  /** Takes what came. */
  protected abstract take(bytes: Uint8Array): void;

  /** Carries the next request out. @returns its reply; null when no request is complete */
  abstract serve(): Buffer | null;

  onData(bytes: Uint8Array): void {
    this.takenBytes += bytes.length;
    this.take(bytes);
    this.server.plan(this);
  }

  onEnd(): void {
    this.server.close(this);
  }

  onError(): void {
    this.server.close(this);
  }
}

/** A simulated server: one process of the world, with data, clients, and its own troubles. */
export abstract class ServerProcess {
  readonly name: string;
  readonly loop: Loop;
  readonly data: Keyspace;
  readonly port: number;
  readonly password: string | null;
  address: string;
  observer: ServerObserver | null = null;
  /** It says that it cannot answer yet. */
  loading = false;
  up = false;
  protected readonly world: World;
  readonly network: Network;
  readonly #random: Random;
  readonly #peers: Set<Peer> = new Set();
  #lastId = 0;
  #reads = true;
  /** Whose requests are carried out, and what it is given for them. */
  #serving: Peer | null = null;
  #replies: Buffer[] = [];

  constructor(world: World, network: Network, options: ServerOptions) {
    this.world = world;
    this.network = network;
    this.name = options.name;
    this.address = options.address;
    this.port = options.port;
    this.password = options.password ?? null;
    this.#random = world.randomOf(`server ${options.name}`);
    this.loop = world.process(options.name);
    this.data = new Keyspace(() => this.now);
    network.place(this.loop, this.address);
  }

  /** Milliseconds since 1970. */
  get now(): number {
    return EPOCH_MS + Math.floor(this.world.micros / 1000);
  }

  protected abstract newPeer(endpoint: Endpoint, id: number): Peer;

  start(): void {
    this.up = true;
    this.network.listen(this.address, this.port, {
      loop: this.loop,
      waiting: 0,
      backlog: 511,
      onConnection: (endpoint) => this.#accept(endpoint),
    });
  }

  #accept(endpoint: Endpoint): void {
    if (!this.up) {
      endpoint.abort();
      return;
    }
    const peer = this.newPeer(endpoint, ++this.#lastId);
    this.#peers.add(peer);
    endpoint.owner = peer;
    if (this.#reads) endpoint.startReading();
  }

  /** Whether it reads what its clients send. */
  set reads(reads: boolean) {
    this.#reads = reads;
    for (const { endpoint } of this.#peers) {
      if (reads) endpoint.startReading();
      else endpoint.stopReading();
    }
  }

  /** Ends its side of all connections; what clients send is carried out all the same. */
  sayNoMore(): void {
    for (const { endpoint } of this.#peers) endpoint.shutdown(() => {});
  }

  /** The process is killed: its connections are reset, and nobody listens. */
  crash(keepsData: boolean): void {
    this.up = false;
    this.network.close(this.address, this.port);
    for (const { endpoint } of this.#peers) endpoint.abort();
    this.#peers.clear();
    this.loop.end();
    if (keepsData) return;
    this.onWiped();
    this.data.replace(() => this.data.flushAll());
  }

  /** Closes what its clients have open, as after CLIENT KILL. @param but not these @returns how many */
  dropClients(but: (peer: Peer) => boolean = () => false): number {
    const dropped = [...this.#peers].filter((peer) => !but(peer));
    for (const peer of dropped) this.close(peer);
    return dropped.length;
  }

  /** Told when what a client has sent so far ends in the middle of a request. */
  onHalf: (peer: Peer) => void = () => {};

  /** Told before its data are lost. */
  onWiped: () => void = () => {};

  /** Listens at another address from now on; what is connected stays. */
  move(address: string): void {
    if (this.up) this.network.close(this.address, this.port);
    this.address = address;
    this.network.place(this.loop, address);
    if (this.up) this.start();
  }

  /** What a connection that has waited gets, outside of its turn. */
  protected tell(peer: Peer, reply: Buffer): void {
    if (!peer.endpoint.closed) peer.endpoint.write(reply, () => {});
    this.plan(peer);
  }

  /** What a connection gets that has not asked: in the middle of its turn, between its replies. */
  push(peer: Peer, bytes: Buffer): void {
    if (peer === this.#serving) this.#replies.push(bytes);
    else if (!peer.endpoint.closed) peer.endpoint.write(bytes, () => {});
  }

  plan(peer: Peer): void {
    if (peer.planned) return;
    peer.planned = true;
    const think = this.#random.once(4) ? this.#random.below(THINK_MICROS) : 0;
    this.world.after(think, () => this.loop.io(() => this.#serve(peer)));
  }

  /** It carries nothing out for its clients meanwhile. */
  protected get busy(): boolean {
    return false;
  }

  /** Whether a client waits while it is busy. */
  protected mustWait(_peer: Peer): boolean {
    return true;
  }

  /** All that waited while it was busy. */
  protected wakeAll(): void {
    for (const peer of this.#peers) this.plan(peer);
  }

  #serve(peer: Peer): void {
    peer.planned = false;
    if (!this.up || peer.endpoint.closed || (this.busy && this.mustWait(peer))) return;
    const replies: Buffer[] = [];
    this.#serving = peer;
    this.#replies = replies;
    for (let i = 0; i < TURN_REQUESTS && !peer.closing; i++) {
      const reply = peer.serve();
      if (reply === null) break;
      if (i === TURN_REQUESTS - 1) this.plan(peer);
      replies.push(reply);
    }
    this.#serving = null;
    const bytes = replies.length === 0 ? NOTHING : Buffer.concat(replies);
    if (bytes.length > 0) peer.endpoint.write(bytes, () => {});
    if (peer.closing) this.close(peer);
    this.served();
  }

  /** A request was carried out. */
  executed(asker: Peer, words: readonly Buffer[], reply: Buffer): void {
    this.answered(asker, words, reply);
    this.observer?.onExecuted(this, asker, words, reply);
  }

  /** What the trace has of it. */
  answered(asker: Peer, words: readonly Buffer[], reply: Buffer): void {
    if (AMONG_SERVERS.includes(words[0].toString('latin1'))) return;
    this.world.trace.add(this.name, reply.length, () => {
      const asked = words.map(shownWord).join(' ');
      return `#${asker.id} ${asked} -> ${shownWord(reply).replaceAll('..', ' ').trim()}`;
    });
  }

  /** Something was carried out: others may have waited for it. */
  protected served(): void {}

  close(peer: Peer): void {
    this.#peers.delete(peer);
    peer.endpoint.close();
  }
}
