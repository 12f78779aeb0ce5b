import type { Endpoint } from '../../net/connection.ts';
import { Peer, ServerProcess } from '../server-process.ts';
import { type Context, type Session, upper } from './command.ts';
import { execute } from './execute.ts';
import { failure, RequestStream } from './resp.ts';

const LOADING = failure('LOADING Redis is loading the dataset in memory');
const WHILE_LOADING = /^(AUTH|HELLO|SELECT|INFO|QUIT|RESET|MULTI|EXEC|DISCARD|WATCH|UNWATCH)$/;
const VERSION = '7.0.15';

class RedisPeer extends Peer implements Session {
  readonly #stream: RequestStream = new RequestStream();
  resp = 2;
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
    return waits ? LOADING : execute(context, words);
  }
}

/** A simulated Redis. */
export class SimRedis extends ServerProcess {
  protected newPeer(endpoint: Endpoint, id: number): Peer {
    return new RedisPeer(this, endpoint, id);
  }
}
