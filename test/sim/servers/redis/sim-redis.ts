import type { Random } from '../../../fuzz/random.ts';
import type { Endpoint, EndpointOwner } from '../../net/connection.ts';
import type { Network } from '../../net/network.ts';
import type { Loop } from '../../world/loop.ts';
import type { World } from '../../world/world.ts';
import { type Context, type Session, upper } from './command.ts';
import { execute } from './execute.ts';
import { Keyspace } from './keyspace.ts';
import { failure, RequestStream } from './resp.ts';

/** What a checker is told of a server. */
export interface ServerObserver {
  onExecuted(server: SimRedis, session: Session, words: readonly Buffer[], reply: Buffer): void;
}

export interface RedisOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly password?: string | null;
}

/** Requests of one connection that are carried out in one turn. */
const TURN_REQUESTS = 64;
/** A server may think so long before it carries out what it has read. */
const THINK_MICROS = 300;
const LOADING = failure('LOADING Redis is loading the dataset in memory');
const WHILE_LOADING = ['AUTH', 'HELLO', 'SELECT', 'INFO', 'QUIT', 'RESET'];
/** Milliseconds since 1970 when the world begins. */
const EPOCH_MS = Date.UTC(2030, 0, 1);

/** One client of the server. */
class Peer implements EndpointOwner, Session {
  readonly server: SimRedis;
  readonly endpoint: Endpoint;
  readonly id: number;
  readonly stream: RequestStream = new RequestStream();
  db = 0;
  resp = 2;
  authenticated: boolean;
  name = '';
  closing = false;
  planned = false;

  constructor(server: SimRedis, endpoint: Endpoint, id: number, authenticated: boolean) {
    this.server = server;
    this.endpoint = endpoint;
    this.id = id;
    this.authenticated = authenticated;
  }

  onData(bytes: Uint8Array): void {
    this.stream.add(bytes);
    this.server.plan(this);
  }

  onEnd(): void {
    this.server.close(this);
  }

  onError(): void {
    this.server.close(this);
  }
}

/** A simulated Redis: one process of the world, with databases, clients, and its own troubles. */
export class SimRedis {
  readonly name: string;
  readonly loop: Loop;
  readonly data: Keyspace;
  readonly port: number;
  address: string;
  observer: ServerObserver | null = null;
  /** It answers LOADING. */
  loading = false;
  up = false;
  readonly #world: World;
  readonly #network: Network;
  readonly #random: Random;
  readonly #password: string | null;
  readonly #peers: Set<Peer> = new Set();
  #lastId = 0;

  constructor(world: World, network: Network, options: RedisOptions) {
    this.#world = world;
    this.#network = network;
    this.name = options.name;
    this.address = options.address;
    this.port = options.port;
    this.#password = options.password ?? null;
    this.#random = world.randomOf(`redis ${options.name}`);
    this.loop = world.process(options.name);
    this.data = new Keyspace(() => this.#now);
    network.place(this.loop, this.address);
  }

  get #now(): number {
    return EPOCH_MS + Math.floor(this.#world.micros / 1000);
  }

  get clients(): number {
    return this.#peers.size;
  }

  start(): void {
    this.up = true;
    this.#network.listen(this.address, this.port, {
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
    const peer = new Peer(this, endpoint, ++this.#lastId, this.#password === null);
    this.#peers.add(peer);
    endpoint.owner = peer;
    endpoint.startReading();
  }

  /** The process is killed: its connections are reset, and nobody listens. */
  crash(keepsData: boolean): void {
    this.up = false;
    this.#network.close(this.address, this.port);
    for (const { endpoint } of this.#peers) endpoint.abort();
    this.#peers.clear();
    this.loop.end();
    if (keepsData) return;
    for (let db = 0; db < 16; db++) this.data.flush(db);
  }

  /** Closes what its clients have open, as after CLIENT KILL. */
  dropClients(): void {
    for (const peer of [...this.#peers]) this.close(peer);
  }

  /** Listens at another address from now on; what is connected stays. */
  move(address: string): void {
    if (this.up) this.#network.close(this.address, this.port);
    this.address = address;
    this.#network.place(this.loop, address);
    if (this.up) this.start();
  }

  plan(peer: Peer): void {
    if (peer.planned) return;
    peer.planned = true;
    const think = this.#random.once(4) ? this.#random.below(THINK_MICROS) : 0;
    this.#world.after(think, () => this.loop.io(() => this.#serve(peer)));
  }

  #serve(peer: Peer): void {
    peer.planned = false;
    if (!this.up || peer.endpoint.closed) return;
    const replies: Buffer[] = [];
    for (let i = 0; i < TURN_REQUESTS && !peer.closing; i++) {
      const parsed = peer.stream.next();
      if (parsed === null) break;
      if (i === TURN_REQUESTS - 1) this.plan(peer);
      if ('error' in parsed) {
        replies.push(failure(parsed.error));
        peer.closing = true;
      } else if (parsed.words.length > 0) {
        replies.push(this.#execute(peer, parsed.words));
      }
    }
    if (replies.length > 0) peer.endpoint.write(Buffer.concat(replies), () => {});
    if (peer.closing) this.close(peer);
  }

  #execute(peer: Peer, words: readonly Buffer[]): Buffer {
    const context: Context = {
      data: this.data,
      session: peer,
      password: this.#password,
      version: '7.0.15',
      now: this.#now,
    };
    const waits = this.loading && !WHILE_LOADING.includes(upper(words[0]));
    const reply = waits ? LOADING : execute(context, words);
    this.observer?.onExecuted(this, peer, words, reply);
    return reply;
  }

  close(peer: Peer): void {
    this.#peers.delete(peer);
    peer.endpoint.close();
  }
}
