import type { ServerConfig } from '../../../config/index.ts';
import { REPLICA_AWAY_MS } from '../../../limits.ts';
import { FAILED_REQUESTS, type ServerCounters } from '../../../stats/counters.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import { FAILURE_EOF, FAILURE_TIMEOUT, type Failure, notGranted } from '../../backend/failure.ts';
import { openConnection } from '../../backend/flight/open-connection.ts';
import type { Lane } from '../../backend/lane.ts';
import { PURPOSE_SHARED } from '../../backend/owned-connection.ts';
import type { ConnectionOwner, Heir, OwnerPool } from '../../backend/owner.ts';
import { exactMillis, millis } from '../../engine/clock.ts';
import type { ConnectionBudget, Spared } from '../connection-budget.ts';
import { Places } from '../connections/places.ts';
import { TitledServer } from '../connections/titled-server.ts';
import type { Lanes } from '../lanes.ts';
import { lossText, Outage } from '../outage.ts';
import { placedAt } from '../pool-changes.ts';

/** The pool of a replica, as the replica sees it. */
interface ReplicaPool extends OwnerPool {
  readonly lanes: Lanes;
  readonly budget: ConnectionBudget;
}

/** The server whose data a replica has. */
export interface ReplicatedServer {
  readonly pool: ReplicaPool;
  readonly name: string;
  readonly config: ServerConfig;
  readonly counters: ServerCounters;
  readonly firstSeries: number;
  /** -1 when it has left its pool. */
  readonly index: number;
  /** The connection in a place, opened when there is none; null when none can be had. */
  connectionAt(place: number, lane: Lane): BackendConnection | null;
}

/**
 * A replica of a server, and the connections to it, for reads. What it cannot answer its master
 * answers; then it is left alone for a second.
 */
export class Replica extends TitledServer implements ConnectionOwner {
  readonly forReads = true;
  readonly pool: ReplicaPool;
  config: ServerConfig;
  readonly name: string;
  /** Those of its server. */
  readonly counters: ServerCounters;
  readonly firstSeries: number;
  readonly places: Places;
  readonly #server: ReplicatedServer;
  #awayUntil = 0;
  #failing = false;
  readonly #outage: Outage = new Outage((level, text, fields) => {
    this.log(level, `replica ${this.title} ${text}`, fields);
  });

  constructor(server: ReplicatedServer, host: string, port: number) {
    super();
    this.#server = server;
    this.pool = server.pool;
    this.name = server.name;
    this.counters = server.counters;
    this.firstSeries = server.firstSeries;
    this.config = placedAt(server.config, { kind: 'tcp', host, port, path: '' });
    this.places = new Places(server.pool.config.serverConnections);
  }

  /**
   * The connection for a client's read, opened when there is none; null when the master has to
   * answer it.
   * @param spared when room is made
   */
  shared(client: number, lane: number, spared: Spared): BackendConnection | null {
    if (this.#awayUntil !== 0) {
      if (millis() < this.#awayUntil) return null;
      this.#awayUntil = 0;
    }
    const at = this.places.of(client, lane);
    return this.places.at(at) ?? this.#open(at, this.pool.lanes.at(lane), spared);
  }

  #open(at: number, lane: Lane, spared: Spared): BackendConnection | null {
    const { budget, engine } = this.pool;
    if (!budget.makeRoom(spared)) return null;
    return this.places.open(
      at,
      () => {
        budget.onOpened();
        return openConnection(engine, this, lane, PURPOSE_SHARED);
      },
      (error) => {
        engine.guard.note(`no connection to replica ${this.title} is opened`, error);
        this.#leave();
      },
    );
  }

  #leave(): void {
    this.#awayUntil = millis() + REPLICA_AWAY_MS;
  }

  onConnected(): void {}

  onReady(): void {}

  /** What it does not execute, its master does. */
  onRefusal(): boolean {
    this.#leave();
    return true;
  }

  heirOf(connection: BackendConnection): Heir {
    this.#leave();
    const { lane } = connection;
    // In a cluster its slots have another master now.
    if (this.#server.index < 0 && this.pool.mover !== null) return this.pool.mover.heir(lane);
    // Reads may overtake each other, so any place of the lane is as good.
    const place = Math.max(this.places.placeOf(connection), this.places.of(0, lane.index));
    return this.#server.connectionAt(place, lane);
  }

  onConnectionLost(_: BackendConnection, failure: Failure, lost: number): void {
    this.counters[FAILED_REQUESTS] += lost;
    this.#leave();
    this.#failing = true;
    const away = failure.code !== FAILURE_EOF && failure.code !== FAILURE_TIMEOUT;
    const loss = lossText(failure, this.config.host);
    this.#outage.onFailure(exactMillis(), { away, ...loss, lost, told: false });
  }

  onReplies(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#outage.onBack(exactMillis(), false);
  }

  onTransientReply(): void {}

  retire(connection: BackendConnection): void {
    this.places.retire(connection);
  }

  onIdle(connection: BackendConnection): void {
    if (this.places.isLeaving(connection)) connection.close();
  }

  forget(connection: BackendConnection): void {
    this.places.forget(connection);
    this.pool.budget.onClosed();
  }

  /** It is not read any more. @param onGone told when its last connection is closed */
  leave(onGone: () => void): void {
    this.places.closeAll(() => true, onGone);
  }
}

/** What clients are told where only replicas are read, and none is fit. */
export const NO_REPLICA: Failure = notGranted('no replica is fit to be read');
