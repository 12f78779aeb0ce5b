import type { Endpoint } from '../../net/connection.ts';
import { Peer, ServerProcess } from '../server-process.ts';
import { BLOCKS, type Context, type Session, upper } from './command.ts';
import { execute } from './execute.ts';
import { timeoutOf } from './lists.ts';
import { failure, noArray, RequestStream } from './resp.ts';

const LOADING = failure('LOADING Redis is loading the dataset in memory');
const WHILE_LOADING = /^(AUTH|HELLO|SELECT|INFO|QUIT|RESET|MULTI|EXEC|DISCARD|WATCH|UNWATCH)$/;
const VERSION = '7.0.15';

/** A request that waits. */
interface Blocked {
  readonly words: readonly Buffer[];
  readonly context: Context;
}

class RedisPeer extends Peer implements Session {
  readonly #stream: RequestStream = new RequestStream();
  resp = 2;
  /** What it waits for. */
  blocked: Blocked | null = null;
  authenticated: boolean;
  name = '';
  queue: (() => Buffer)[] | null = null;
  failed = false;
  readonly watched: Map<string, number> = new Map();

  constructor(server: ServerProcess, endpoint: Endpoint, id: number) {
    super(server, endpoint, id);
    this.authenticated = server.password === null;
  }

  protected take(bytes: Uint8Array): void {
    this.#stream.add(bytes);
  }

  serve(): Buffer | null {
    if (this.blocked !== null) return null;
    const parsed = this.#stream.next();
    if (parsed === null) return null;
    if ('error' in parsed) {
      this.closing = true;
      return failure(parsed.error);
    }
    return parsed.words.length === 0 ? Buffer.alloc(0) : this.#execute(parsed.words);
  }

  #execute(words: readonly Buffer[]): Buffer {
    const { data, password, now, loading, observer } = this.server;
    const onExecuted = (asked: readonly Buffer[], reply: Buffer): void => {
      observer?.onExecuted(this.server, this, asked, reply);
    };
    const context: Context = { data, session: this, password, version: VERSION, now, onExecuted };
    const waits = loading && !WHILE_LOADING.test(upper(words[0]));
    if (waits) this.failed = this.queue !== null;
    const reply = waits ? LOADING : execute(context, words);
    if (reply !== BLOCKS) return reply;
    this.blocked = { words, context };
    (this.server as SimRedis).block(this, timeoutOf(words[words.length - 1]) as number);
    return Buffer.alloc(0);
  }
}

/** A simulated Redis. */
export class SimRedis extends ServerProcess {
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
      if (peer.blocked === blocked) this.#unblock(peer, noArray(peer.resp));
    }, ms);
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
      const reply = execute(blocked.context, blocked.words);
      if (reply !== BLOCKS) this.#unblock(peer, reply);
    }
  }

  override crash(keepsData: boolean): void {
    this.#waiting.clear();
    super.crash(keepsData);
  }
}
