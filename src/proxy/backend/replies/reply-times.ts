import type { Engine } from '../../engine/engine.ts';
import { noteRequest, type TimedConnection } from '../flight/note-request.ts';

/** How long the requests of one server connection took: for the latencies, and to be noted. */
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
    const { latency, notedMicros } = this.#connection.owner.pool;
    const { micros } = this.#engine;
    const { headArrived, headSeries } = inFlight;
    if (headSeries >= 0) latency?.answered(headSeries, headArrived, inFlight.headWritten, micros);
    if (((micros - headArrived) | 0) >= notedMicros && headArrived !== 0) this.note();
  }

  /** The oldest request took long, or is one of those among which some are traced. */
  note(): void {
    noteRequest(this.#engine, this.#connection, null);
  }
}
