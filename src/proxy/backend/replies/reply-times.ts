import type { Engine } from '../../engine/engine.ts';
import type { ReplyReceiver } from '../../engine/receiver.ts';
import type { InFlight } from '../in-flight.ts';
import type { ConnectionOwner } from '../owner.ts';

/** The connection, as far as its times go. */
export interface TimedConnection {
  readonly owner: ConnectionOwner;
  readonly inFlight: InFlight;
}

/** How long the requests of one server connection took: for the latencies and the slow log. */
export class ReplyTimes {
  readonly #engine: Engine;
  readonly #connection: TimedConnection;

  constructor(engine: Engine, connection: TimedConnection) {
    this.#engine = engine;
    this.#connection = connection;
  }

  /** The reply of the oldest request is complete, and not simply passed on. */
  measure(): void {
    const { inFlight } = this.#connection;
    this.answered();
    const series = inFlight.headSeries;
    if (series < 0) return;
    const { latency } = this.#connection.owner.pool;
    latency?.delivered(series, inFlight.headArrived, this.#engine.micros);
  }

  /** The server has answered the oldest request. */
  answered(): void {
    const { inFlight } = this.#connection;
    const { latency, slowMicros } = this.#connection.owner.pool;
    const { micros } = this.#engine;
    const { headArrived, headSeries } = inFlight;
    if (headSeries >= 0) latency?.answered(headSeries, headArrived, inFlight.headWritten, micros);
    if (((micros - headArrived) | 0) >= slowMicros && headArrived !== 0) this.logSlow();
  }

  /** The oldest request took long: it goes into the slow log. */
  logSlow(): void {
    const { inFlight, owner } = this.#connection;
    const { micros, clients, guard } = this.#engine;
    const id = inFlight.headClient;
    const client = id < 0 ? null : (clients[id] as ReplyReceiver);
    const target = id < 0 ? inFlight.headTarget : null;
    const claim = target?.claim ?? null;
    try {
      const request = {
        head: inFlight.headBytes,
        client: client?.address ?? claim?.clientAddress ?? '',
        clientName: client?.name ?? claim?.clientName ?? '',
        server: owner.name,
        totalMicros: (micros - inFlight.headArrived) | 0,
        serverMicros: (micros - inFlight.headWritten) | 0,
      };
      if (target?.onSlow !== undefined) target.onSlow(request);
      else owner.pool.slowLog?.add(request);
    } catch (error) {
      guard.note('a request is not in the slow log', error);
    }
  }
}
