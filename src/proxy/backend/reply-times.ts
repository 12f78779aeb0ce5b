import type { Engine } from '../engine/engine.ts';
import type { BackendConnection } from './backend-connection.ts';

/** How long the requests of one server connection took: for the latencies and the slow log. */
export class ReplyTimes {
  readonly #engine: Engine;
  readonly #connection: BackendConnection;

  constructor(engine: Engine, connection: BackendConnection) {
    this.#engine = engine;
    this.#connection = connection;
  }

  /** The reply of the oldest request is complete, and not simply passed on. */
  measure(): void {
    const { inFlight } = this.#connection;
    this.answered();
    const series = inFlight.headSeries;
    if (series < 0) return;
    const { latency } = this.#connection.server.pool;
    latency?.delivered(series, inFlight.headArrived, this.#engine.micros);
  }

  /** The server has answered the oldest request. */
  answered(): void {
    const { inFlight } = this.#connection;
    const { latency, slowMicros } = this.#connection.server.pool;
    const { micros } = this.#engine;
    const { headArrived, headSeries } = inFlight;
    if (headSeries >= 0) latency?.answered(headSeries, headArrived, inFlight.headWritten, micros);
    if (((micros - headArrived) | 0) >= slowMicros && headArrived !== 0) this.logSlow();
  }

  /** The oldest request took long: it goes into the slow log. */
  logSlow(): void {
    const { inFlight, server } = this.#connection;
    const { micros, clients, guard } = this.#engine;
    const id = inFlight.headClient;
    try {
      server.pool.slowLog?.add({
        head: inFlight.headBytes,
        client: id < 0 ? (inFlight.headTarget.clientAddress ?? '') : (clients[id]?.address ?? ''),
        clientName: id < 0 ? '' : (clients[id]?.session.name ?? ''),
        server,
        totalMicros: (micros - inFlight.headArrived) | 0,
        serverMicros: (micros - inFlight.headWritten) | 0,
      });
    } catch (error) {
      guard.note('a request is not in the slow log', error);
    }
  }
}
