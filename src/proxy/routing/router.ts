import { NO_SERVER, RECORD_DEST } from '../../protocol/frame-table.ts';
import { REPLICA_READS } from '../../stats/counters.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { FAILURE_INTERNAL, FAILURE_REFUSED, type Failure, failureOf } from '../backend/failure.ts';
import type { Leases, LeaseWaiter } from '../backend/leases.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import {
  FAILED,
  MAY_WAIT,
  NOWHERE,
  type Reader,
  type Requester,
  type Router,
  WAIT,
} from '../client/router.ts';
import { LastWrite } from '../client/session/last-write.ts';
import { WATCHING } from '../client/session/watch.ts';
import { NO_REPLICA } from '../pool/replicas/replica.ts';
import type { Server } from '../pool/server.ts';
import type { UnownedSlots } from '../pool/slots/unowned-slots.ts';
import { RetriedRead } from './retried-read.ts';

const NONE: readonly (BackendConnection | null)[] = [];
const NO_REASONS: readonly Failure[] = [];

/**
 * Where requests go. One for all clients of a process: what a call has to say besides a connection
 * stands in `verdict` and `reason` until the next.
 */
export class RequestRouter implements Router {
  verdict = 0;
  reason: Failure = failureOf(FAILURE_REFUSED);
  reasons: readonly Failure[] = NO_REASONS;
  readonly partServers: (Server | null)[] = [];
  readonly partConnections: (BackendConnection | null)[] = [];

  choose(
    client: Requester,
    server: number,
    lane: number,
    intent: number,
  ): BackendConnection | null {
    if (server === NO_SERVER) return this.#nowhere(client, intent);
    const chosen = client.pool.servers[server];
    const connection = chosen.connectionFor(client.id, lane, NONE);
    if (connection === null) {
      if (intent === MAY_WAIT && chosen.awaited) return this.#wait(client, chosen);
      chosen.refused();
      this.verdict = FAILED;
      this.reason = chosen.lastFailure;
      return null;
    }
    if (connection.full && intent === MAY_WAIT) return this.#wait(client, connection);
    return connection;
  }

  reach(client: Requester, server: Server, lane: number): BackendConnection | null {
    const connection = server.reach(client.id, lane, NONE);
    if (connection !== null) return connection;
    server.refused();
    this.verdict = FAILED;
    this.reason = server.lastFailure;
    return null;
  }

  /** No server has the key; of a slot it may be known in a moment who has it. */
  #nowhere(client: Requester, intent: number): null {
    const { slots, config } = client.pool;
    if (slots !== null && intent === MAY_WAIT && slots.unowned.mayWait(config.failoverWaitMs)) {
      client.pool.onUnowned();
      return this.#wait(client, slots.unowned);
    }
    this.verdict = NOWHERE;
    this.reason = client.pool.nowhere;
    return null;
  }

  chooseReader(
    client: Reader,
    server: number,
    lane: number,
    intent: number,
  ): BackendConnection | null {
    if (server === NO_SERVER || needsMaster(client, lane)) {
      return this.choose(client, server, lane, intent);
    }
    const chosen = client.pool.servers[server];
    const connection = readerOf(client, chosen, lane, NONE);
    if (connection === null) {
      if (client.pool.config.readFrom !== 'replica') {
        return this.choose(client, server, lane, intent);
      }
      chosen.refused();
      this.verdict = FAILED;
      this.reason = NO_REPLICA;
      return null;
    }
    if (connection.full && intent === MAY_WAIT) return this.#wait(client, connection);
    return connection;
  }

  chooseFor(client: Reader, server: number, command: number): BackendConnection | null {
    if (client.usual && client.protocol.isRead(command)) {
      return this.chooseReader(client, server, client.lane, MAY_WAIT);
    }
    this.noteWrite(client);
    return this.choose(client, server, client.lane, MAY_WAIT);
  }

  noteWrite({ pipeline, pool, session }: Reader): void {
    if (pool.config.readFrom === 'master') return;
    const { now } = pool.engine;
    if (session.lastWrite === null) session.lastWrite = new LastWrite(pipeline.tail, now);
    else session.lastWrite.note(pipeline.tail, now);
  }

  #wait(client: Requester, source: Server | BackendConnection | UnownedSlots): null {
    source.waitFor(client);
    this.verdict = WAIT;
    return null;
  }

  chooseAll(
    client: Reader,
    servers: readonly Server[],
    lane: number,
    intent: number,
    reads = false,
  ): (BackendConnection | null)[] | null {
    const chosen: (BackendConnection | null)[] = [];
    const { length } = servers;
    return this.#chooseEach(client, servers, length, lane, intent, reads, chosen) ? chosen : null;
  }

  chooseParts(client: Reader, count: number, intent: number, reads: boolean): boolean {
    const { partServers, partConnections } = this;
    const { lane } = client;
    return this.#chooseEach(client, partServers, count, lane, intent, reads, partConnections);
  }

  /** @param chosen gets the connections of the first `count` servers; holds only null before */
  #chooseEach(
    client: Reader,
    servers: readonly (Server | null)[],
    count: number,
    lane: number,
    intent: number,
    reads: boolean,
    chosen: (BackendConnection | null)[],
  ): boolean {
    const fromReplicas = reads && !needsMaster(client, lane);
    const onlyReplicas = fromReplicas && client.pool.config.readFrom === 'replica';
    let missing = 0;
    let awaited: Server | null = null;
    let allAwaited = true;
    for (let i = 0; i < count; i++) {
      const server = servers[i] as Server;
      let connection = fromReplicas ? readerOf(client, server, lane, chosen) : null;
      if (!onlyReplicas) connection ??= server.connectionFor(client.id, lane, chosen);
      if (connection === null) {
        missing++;
        awaited ??= server;
        allAwaited &&= server.awaited;
      } else if (connection.full && intent === MAY_WAIT) {
        this.#wait(client, connection);
        return false;
      }
      chosen[i] = connection;
    }
    if (missing === 0) return true;
    // Where one cannot be had in any case, waiting for another only makes the error come later.
    if (intent === MAY_WAIT && allAwaited && awaited !== null) {
      this.#wait(client, awaited);
      return false;
    }
    this.reasons = servers.slice(0, count).map((server, i) => {
      if (chosen[i] === null) server?.refused();
      return onlyReplicas ? NO_REPLICA : (server as Server).lastFailure;
    });
    return true;
  }

  lease(waiter: LeaseWaiter<Server>): boolean {
    const server = waiter.leasedFrom;
    return !this.#isLeftAlone(server) && this.#lease(server.pool.leases, waiter);
  }

  leaseForOrder(waiter: LeaseWaiter<Server>): boolean {
    return this.#lease(waiter.leasedFrom.pool.orders, waiter);
  }

  #lease(leases: Leases<Server>, waiter: LeaseWaiter<Server>): boolean {
    const server = waiter.leasedFrom;
    try {
      leases.lease(waiter);
      return true;
    } catch (error) {
      server.pool.engine.guard.note(`no connection to server ${server.title} is leased`, error);
      this.verdict = FAILED;
      this.reason = failureOf(FAILURE_INTERNAL);
      return false;
    }
  }

  leaseBulk(waiter: LeaseWaiter<Server>): boolean {
    const server = waiter.leasedFrom;
    if (this.#isLeftAlone(server)) return false;
    server.bulk.lease(waiter);
    return true;
  }

  /** Whether no connection to it is opened for a client: it keeps failing. */
  #isLeftAlone(server: Server): boolean {
    if (!server.leftAlone) return false;
    server.refused();
    this.verdict = FAILED;
    this.reason = server.lastFailure;
    return true;
  }

  sendRepeatable(client: Requester, connection: BackendConnection, record: number): void {
    const { words } = client.pool.engine;
    const read = new RetriedRead(this, client as ClientConnection, record);
    words[record + RECORD_DEST] = 0;
    read.send(connection);
  }
}

/** Whether no replica may answer a read of a client, wherever its pool reads. */
function needsMaster({ session, pipeline, pool }: Reader, lane: number): boolean {
  // What it is told of keys that change comes from the master.
  if (pool.lanes.at(lane).tracking) return true;
  // What it has read when it says EXEC must be what the master had since WATCH.
  if (session.watch === WATCHING) return true;
  const { lastWrite } = session;
  if (lastWrite === null) return false;
  return lastWrite.isRecent(pipeline.head, pool.engine.now, pool.config.readAfterWriteMs);
}

/** The connection to a replica that answers a read of a client; null when none does. */
function readerOf(
  client: Reader,
  server: Server,
  lane: number,
  spared: readonly (BackendConnection | null)[],
): BackendConnection | null {
  // After a reload the replicas of before may be known still.
  if (client.pool.config.readFrom === 'master') return null;
  const connection = server.readers?.shared(client.id, lane, spared) ?? null;
  if (connection !== null) server.counters[REPLICA_READS]++;
  return connection;
}
