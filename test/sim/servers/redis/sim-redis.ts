import type { Endpoint } from '../../net/connection.ts';
import type { Network } from '../../net/network.ts';
import type { World } from '../../world/world.ts';
import type { Address } from '../ask-link.ts';
import type { KeyEffect } from '../keyspace.ts';
import { Peer, type ServerOptions, ServerProcess } from '../server-process.ts';
import { BLOCKS, type Context, type Session, upper } from './command.ts';
import { callOf, execute, isWellFormed } from './execute.ts';
import { timeoutOf } from './lists.ts';
import { Channels, nothingHeard } from './pubsub.ts';
import { ReplicaLink, type Sources } from './replication.ts';
import { bulk, failure, integer, noArray, RequestStream, status } from './resp.ts';
import { isWrite, Role, type RoleOwner } from './role.ts';
import { ScriptCache } from './scripts.ts';
import { abort, endTransaction } from './transactions.ts';
import { ON_REPLICA, waitOf } from './wait.ts';

const LOADING = failure('LOADING Redis is loading the dataset in memory');
const WHILE_LOADING =
  /^(AUTH|HELLO|SELECT|INFO|ECHO|QUIT|RESET|MULTI|EXEC|DISCARD|WATCH|UNWATCH|[PS]?(UN)?SUBSCRIBE|S?PUBLISH|SCRIPT HELP)$/;

function isServedWhileLoading(words: readonly Buffer[]): boolean {
  const [name, ...rest] = words.map(upper);
  return WHILE_LOADING.test(name === 'SCRIPT' ? `${name} ${rest[0]}` : name);
}

const VERSION = '7.0.15';
const READONLY = failure("READONLY You can't write against a read only replica.");
const UNBLOCKED = failure(
  'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
);
const MINUS = 0x2d;
/** A request that waits. */
interface Blocked {
  readonly words: readonly Buffer[];
  /** @returns BLOCKS while it has to wait on */
  again(): Buffer;
  /** What it is answered when its time is up. */
  late(): Buffer;
}

export class RedisPeer extends Peer implements Session {
  readonly #stream: RequestStream = new RequestStream();
  resp = 2;
  /** What it waits for. */
  blocked: Blocked | null = null;
  authenticated: boolean;
  name = '';
  queue: (() => Buffer)[] | null = null;
  failed = false;
  readonly watched: Map<string, number> = new Map();
  readonly heard = nothingHeard();
  /** ASKING was said just before; READONLY was said. */
  asking = false;
  readsReplicas = false;
  /** Another node of a cluster. */
  isNode = false;
  /** Something that writes was queued. */
  #queuedWrite = false;
  /** What was queued. */
  queued: [string, readonly Buffer[]][] = [];
  /** How long the history of its server was behind its last request. */
  behind = 0;

  constructor(server: ServerProcess, endpoint: Endpoint, id: number) {
    super(server, endpoint, id);
    this.authenticated = server.password === null;
  }

  protected take(bytes: Uint8Array): void {
    this.#stream.add(bytes);
  }

  push(bytes: Buffer): void {
    this.server.push(this, bytes);
  }

  serve(): Buffer | null {
    if (this.blocked !== null) return null;
    const parsed = this.#stream.next();
    if (parsed === null) {
      if (this.#stream.partial) this.server.onHalf(this);
      return null;
    }
    if ('error' in parsed) {
      this.closing = true;
      return failure(parsed.error);
    }
    if (parsed.words.length === 0) return Buffer.alloc(0);
    const { role } = this.server as SimRedis;
    const refusal = this.#refusal(parsed.words, role);
    if (refusal?.[0] === MINUS) this.server.answered(this, parsed.words, refusal);
    const asked = [parsed.words, ...this.queued.map(([, words]) => words)];
    const reply = refusal ?? this.#execute(parsed.words);
    role?.commit(asked);
    this.behind = role?.bytes ?? 0;
    return reply;
  }

  /** What a server with replicas, or one that is a replica, answers by itself. */
  #refusal(words: readonly Buffer[], role: Role | null): Buffer | null {
    if (role === null || !this.authenticated) return null;
    const name = upper(words[0]);
    const elsewhere = this.#redirection(name, words);
    if (elsewhere !== null) return elsewhere;
    if (this.queue === null) {
      this.#queuedWrite = false;
      const own = (this.server as SimRedis).ownReply(this, name, words);
      if (own !== null) return own;
    }
    const writes = isWrite(name) && isWellFormed(words);
    if (role.isMaster) {
      if (writes && this.queue !== null) this.#queuedWrite = true;
      return null;
    }
    if (name === 'EXEC' && this.queue !== null && this.#queuedWrite) return abort(this, READONLY);
    if (!writes) return null;
    this.failed = this.queue !== null;
    return READONLY;
  }

  /** Where a node of a cluster sends it; a transaction is over then. */
  #redirection(name: string, words: readonly Buffer[]): Buffer | null {
    const isExec = name === 'EXEC' && this.queue !== null;
    if (this.queue === null) this.queued = [];
    const asked = isExec ? this.queued : [[name, words] as const];
    const found = this.failed && isExec ? null : (this.server as SimRedis).redirect(this, asked);
    if (name !== 'ASKING') this.asking = false;
    if (found === null) {
      if (this.queue !== null && !isExec) this.queued.push([name, words]);
      return null;
    }
    if (isExec) endTransaction(this);
    else this.failed = this.queue !== null;
    return found;
  }

  #execute(words: readonly Buffer[]): Buffer {
    const server = this.server as SimRedis;
    const { data, password, now, loading, channels, scripts, role } = server;
    const isReplica = role !== null && !role.isMaster;
    const onExecuted = (asked: readonly Buffer[], reply: Buffer): void => {
      server.executed(this, asked, reply);
    };
    const context: Context = {
      ...{ data, channels, scripts, session: this, password, version: VERSION, now, onExecuted },
      call: (asked) => (isReplica && isWrite(upper(asked[0])) ? READONLY : callOf(context, asked)),
    };
    const waits = loading && isWellFormed(words) && !isServedWhileLoading(words);
    if (waits) this.failed = this.queue !== null;
    const reply = waits ? LOADING : execute(context, words);
    if (reply !== BLOCKS) return reply;
    const again = (): Buffer => execute(context, words);
    this.blocked = { words, again, late: () => noArray(this.resp) };
    server.block(this, timeoutOf(words[words.length - 1]) as number);
    return Buffer.alloc(0);
  }
}

/** How a Redis is replicated. */
export interface Replication {
  readonly sources: Sources;
  /** Whom it follows at first; null = it is a master. */
  readonly master: Address | null;
}

/** A simulated Redis. */
export class SimRedis extends ServerProcess implements RoleOwner {
  channels: Channels = new Channels();
  readonly scripts: ScriptCache = new ScriptCache();
  /** Null: it knows nothing of replication. */
  readonly role: Role | null = null;

  constructor(
    world: World,
    network: Network,
    options: ServerOptions,
    replication: Replication | null = null,
  ) {
    super(world, network, options);
    this.scripts.onChange = (sha, loaded) => this.observer?.onScript(this, sha, loaded);
    if (replication !== null) {
      this.role = new Role(this, replication.sources, replication.master);
    }
  }

  /** The link to its master; null = it is one. */
  get following(): ReplicaLink | null {
    return this.role?.link ?? null;
  }

  override start(): void {
    super.start();
    this.role?.start();
  }

  /** Told of what becomes of its data: about to be the master's; its own from now on; thrown away. */
  onResync: (kept: readonly KeyEffect[]) => void = () => {};
  onPromoted: (before: Address) => void = () => {};
  onDropped: (effects: readonly KeyEffect[]) => void = () => {};

  link(sources: Sources, master: Address): ReplicaLink {
    const login = this.password === null ? null : ['AUTH', this.password];
    const link = new ReplicaLink(this, sources, master, login);
    link.onResync = (kept) => this.onResync(kept);
    return link;
  }

  /** Microsecond at which it became a master last. */
  promotedAt = 0;

  roleChanged(before: Address | null): void {
    if (this.role?.isMaster) this.promotedAt = this.world.micros;
    if (before !== null) this.onPromoted(before);
    for (const peer of this.#waiting) {
      peer.closing = true;
      this.#unblock(peer, UNBLOCKED);
    }
  }

  /** Where requests are sent that belong to another one; null = nowhere. */
  redirect(
    _peer: RedisPeer,
    _asked: readonly (readonly [name: string, words: readonly Buffer[]])[],
  ): Buffer | null {
    return null;
  }

  /** What has to do with its role. @returns null when a request has not */
  ownReply(peer: Peer, name: string, words: readonly Buffer[]): Buffer | null {
    const { role } = this;
    if (role === null) return null;
    const [first, second] = words.slice(1).map((word) => word.toString('latin1'));
    switch (name) {
      case 'ROLE':
        return role.reply;
      case 'PSYNC':
        return role.sync(peer);
      case 'REPLCONF':
        role.heard(peer, Number(second));
        return Buffer.alloc(0);
      case 'WAIT':
        if (this.loading) return LOADING;
        return role.isMaster ? this.#wait(peer as RedisPeer, words, role) : ON_REPLICA;
      case 'REPLICAOF':
        role.follow(/^no$/i.test(first) ? null : { host: first, port: Number(second) });
        return status('OK');
      case 'CLIENT':
        if (!/^kill$/i.test(first)) return null;
        // TYPE normal, but for who says it.
        return integer(this.dropClients((other) => other === peer || role.isFollower(other)));
      case 'INFO':
        return first === 'replication' ? bulk(role.info) : null;
      default:
        return null;
    }
  }
  /** Clients that wait, the longest first. */
  readonly #waiting: Set<RedisPeer> = new Set();

  protected newPeer(endpoint: Endpoint, id: number): Peer {
    return new RedisPeer(this, endpoint, id);
  }

  /** @param ms 0 = for ever */
  block(peer: RedisPeer, ms: number): void {
    this.#waiting.add(peer);
    if (ms === 0) return;
    const { blocked } = peer;
    this.loop.timer(() => {
      if (peer.blocked !== blocked || blocked === null) return;
      const reply = blocked.late();
      this.executed(peer, blocked.words, reply);
      this.#unblock(peer, reply);
    }, ms);
  }

  /** Until so many replicas have what the server had been told when that client asked last. */
  #wait(peer: RedisPeer, words: readonly Buffer[], role: Role): Buffer {
    const wanted = waitOf(words);
    if (Buffer.isBuffer(wanted)) return wanted;
    const { behind } = peer;
    const late = (): Buffer => integer(role.countAt(behind));
    const again = (): Buffer => (role.countAt(behind) < wanted.replicas ? BLOCKS : late());
    if (again() !== BLOCKS) return late();
    peer.blocked = { words, again, late };
    this.block(peer, wanted.ms);
    role.askForAcks();
    return Buffer.alloc(0);
  }

  #unblock(peer: RedisPeer, reply: Buffer): void {
    this.#waiting.delete(peer);
    peer.blocked = null;
    this.tell(peer, reply);
  }

  protected override served(): void {
    for (const peer of this.#waiting) {
      const { blocked } = peer;
      if (blocked === null || peer.endpoint.closed) {
        this.#waiting.delete(peer);
        continue;
      }
      // What it waits for may be elsewhere by now.
      const name = upper(blocked.words[0]);
      const elsewhere = this.redirect(peer, [[name, blocked.words]]);
      const reply = elsewhere ?? blocked.again();
      if (reply !== BLOCKS) this.#unblock(peer, reply);
    }
    this.role?.commit();
  }

  override close(peer: Peer): void {
    this.channels.forget(peer as RedisPeer);
    super.close(peer);
  }

  override crash(keepsData: boolean): void {
    this.#waiting.clear();
    this.channels = new Channels();
    this.scripts.clear();
    this.role?.stop(keepsData);
    super.crash(keepsData);
  }
}
