import type { ServerConfig } from '../../../config/index.ts';
import { poolCounters, type ServerCounters, serverCounters } from '../../../stats/counters.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import { openConnection } from '../../backend/flight/open-connection.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { Lane } from '../../backend/lane.ts';
import { PURPOSE_PROBE } from '../../backend/owned-connection.ts';
import type { ConnectionOwner, OwnerPool } from '../../backend/owner.ts';
import { shareLogin } from '../server-login.ts';

const INT32_MAX = 0x7fffffff;

/** The owner of a connection that no counter, log line or breaker is to notice. */
class Nobody implements ConnectionOwner {
  readonly pool: OwnerPool;
  readonly config: ServerConfig;
  readonly name: string;
  readonly title: string;
  readonly counters: ServerCounters = serverCounters();
  readonly firstSeries = 0;
  readonly forReads: boolean;

  constructor(owner: ConnectionOwner) {
    const { engine, config, protocol } = owner.pool;
    const counters = poolCounters();
    const unmeasured = { latency: null, notes: null, notedMicros: INT32_MAX, mover: null };
    const budget = { makeRoom: () => false };
    this.pool = { engine, config, protocol, counters, budget, ...unmeasured };
    shareLogin(this.pool, owner.pool);
    this.config = owner.config;
    this.forReads = owner.forReads;
    this.name = owner.name;
    this.title = owner.title;
  }

  log(): void {}
  onConnected(): void {}
  onConnectionLost(): void {}
  onReady(): void {}
  onRefusal(): boolean {
    return false;
  }
  heirOf(): null {
    return null;
  }
  onIdle(): void {}
  onReplies(): void {}
  onTransientReply(): void {}
  retire(): void {}
  forget(): void {}
}

/**
 * Asks a server something on a connection of its own, which is opened and greeted like all others;
 * neither requests nor counters nor the server's health notice.
 * @param target gets the reply, or hears that there is none; it closes the connection, in its own
 * turn @param bytes one request; must not change any more
 */
export function askUnnoticed(
  owner: ConnectionOwner,
  lane: Lane,
  bytes: Buffer,
  target: ReplyTarget,
): BackendConnection {
  const { engine } = owner.pool;
  const connection = openConnection(engine, new Nobody(owner), lane, PURPOSE_PROBE);
  connection.out.append(bytes);
  connection.sentFor(target, bytes.length, null);
  return connection;
}
