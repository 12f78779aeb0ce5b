import type { SendQueue } from '../../net/send-queue.ts';
import {
  IN_QUEUE,
  IN_QUEUE_BYTES,
  OUT_QUEUE,
  OUT_QUEUE_BYTES,
  REQUEST_BYTES,
  REQUESTS,
  type ServerCounters,
} from '../../stats/counters.ts';
import { micros } from '../engine/clock.ts';
import type { InFlight } from './in-flight.ts';

/** The books of one server connection: which requests are sent, written, and counted. */
export class SentRequests {
  readonly #out: SendQueue;
  readonly #inFlight: InFlight;
  /** Requests in flight that are not handed to the socket yet. */
  unwritten = 0;
  /** Of those, requests and bytes that are not in the counters yet. */
  #uncounted = 0;
  #uncountedBytes = 0;
  /** What queue and ring hold beside those. */
  #otherBytes = 0;
  #otherRequests = 0;

  constructor(out: SendQueue, inFlight: InFlight) {
    this.#out = out;
    this.#inFlight = inFlight;
  }

  /** A request is sent: its bytes are in the queue or reserved, its entry is in flight. */
  add(length: number): void {
    this.unwritten++;
    this.#uncounted++;
    this.#uncountedBytes += length;
  }

  /** Bytes are in the queue that get no reply of their own. */
  addBytes(length: number): void {
    this.#otherBytes += length;
  }

  /**
   * Whether every byte in the queue belongs to a request that was sent to its end, and every entry
   * in flight too. Otherwise one is there in part, and the replies would go to the wrong clients.
   */
  get isBalanced(): boolean {
    if (this.#out.unsentBytes - this.#uncountedBytes !== this.#otherBytes) return false;
    return ((this.#inFlight.pushed - this.#uncounted) | 0) === this.#otherRequests;
  }

  /** Opens the books with what is there, or goes on behind a write. */
  balance(): void {
    this.#otherBytes = this.#out.unsentBytes - this.#uncountedBytes;
    this.#otherRequests = (this.#inFlight.pushed - this.#uncounted) | 0;
  }

  /** Counts what was sent since the last time: once per turn. @returns whether there was any */
  count(counters: ServerCounters): boolean {
    if (this.#uncounted === 0) return false;
    counters[REQUESTS] += this.#uncounted;
    counters[REQUEST_BYTES] += this.#uncountedBytes;
    // They may stay for a while: where sending has stopped nothing is written.
    this.#otherRequests = (this.#otherRequests + this.#uncounted) | 0;
    this.#otherBytes += this.#uncountedBytes;
    this.#uncounted = 0;
    this.#uncountedBytes = 0;
    return true;
  }

  /** What was sent is about to be handed to the socket. */
  markWritten(connected: boolean): void {
    if (this.unwritten > 0 && connected) {
      this.#inFlight.markWritten(this.unwritten, micros());
    }
    this.unwritten = 0;
  }
}

/** What waits to be written to one connection, or for its replies. */
interface Queues {
  readonly unwritten: number;
  readonly inFlight: InFlight;
  readonly out: SendQueue;
}

/** Reads the queues of a server's connections into its counters. */
export function gaugeQueues(
  connections: readonly (Queues | null)[],
  counters: ServerCounters,
): void {
  let waiting = 0;
  let waitingBytes = 0;
  let outstanding = 0;
  let outstandingBytes = 0;
  for (const connection of connections) {
    if (connection === null) continue;
    const { unwritten, inFlight, out } = connection;
    waiting += unwritten;
    waitingBytes += out.pendingBytes;
    outstanding += inFlight.count - unwritten;
    outstandingBytes += Math.max(0, inFlight.bytes - out.pendingBytes);
  }
  counters[IN_QUEUE] = waiting;
  counters[IN_QUEUE_BYTES] = waitingBytes;
  counters[OUT_QUEUE] = outstanding;
  counters[OUT_QUEUE_BYTES] = outstandingBytes;
}
