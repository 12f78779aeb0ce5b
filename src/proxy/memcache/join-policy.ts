import { JOIN_PAUSE_MS } from '../../limits.ts';
import { LOG_WARN } from '../../log.ts';
import type { ConnectionOwner } from '../backend/owner.ts';

const policies: WeakMap<ConnectionOwner, JoinPolicy> = new WeakMap();

/** Whether gets for one server may share a line: not after it has answered one badly. */
export class JoinPolicy {
  readonly #server: ConnectionOwner;
  /** When gets may be joined again, in engine milliseconds. */
  #from = 0;

  private constructor(server: ConnectionOwner) {
    this.#server = server;
  }

  /** The policy that all connections to a server share. */
  static of(server: ConnectionOwner): JoinPolicy {
    let policy = policies.get(server);
    if (policy === undefined) {
      policy = new JoinPolicy(server);
      policies.set(server, policy);
    }
    return policy;
  }

  get joins(): boolean {
    const { config, engine } = this.#server.pool;
    return config.joinGets && engine.now >= this.#from;
  }

  /** It answered joined gets with an error: for a while each is sent alone. */
  onFailed(error: string): void {
    const { now } = this.#server.pool.engine;
    if (now < this.#from) return;
    this.#from = now + JOIN_PAUSE_MS;
    this.#log(`with ${error}; for ${JOIN_PAUSE_MS / 1000} s each is sent alone`);
  }

  /** It answers joined gets in a way that cannot be relied on. */
  onRefused(what: string): void {
    if (this.#from === Number.POSITIVE_INFINITY) return;
    this.#from = Number.POSITIVE_INFINITY;
    this.#log(`with ${what}; from now on each is sent alone`);
  }

  #log(what: string): void {
    const text = `server ${this.#server.title} answered gets joined into one line ${what}`;
    this.#server.log(LOG_WARN, text, { event: 'gets not joined' });
  }
}
