import { FAILURE_LOG_INTERVAL_MS, OUTAGE_LOG_INTERVAL_MS } from '../../limits.ts';
import { LOG_NOTICE, LOG_WARN, type LogFields } from '../../log.ts';
import { FAILURE_EOF, type Failure, failureCause, failureText } from '../backend/failure.ts';
import { Sparing } from '../engine/sparing.ts';

/** A lost connection to a server. */
export interface Loss {
  /** The server is held to be away from now on. */
  readonly away: boolean;
  /** What happened: `failed: Connection refused`. */
  readonly text: string;
  /** The short form, for programs. */
  readonly reason: string;
  /** Requests that got an error through it. */
  readonly lost: number;
  /** Another line of the log says it. */
  readonly told: boolean;
}

/** How a lost connection is told. @param host of the server */
export function lossText(failure: Failure, host: string): Pick<Loss, 'text' | 'reason'> {
  const closed = failure.code === FAILURE_EOF;
  const text = closed ? 'closed the connection' : `failed: ${failureCause(failure, host)}`;
  return { text, reason: failureText(failure) };
}

/** Writes a line that begins with the server's name. */
type Say = (level: number, text: string, fields: LogFields) => void;

/**
 * Tells what befalls a server in few lines: one when it goes, one a minute while it stays away, one
 * when it is back. Connections lost by one that is there are told at a bounded rate.
 */
export class Outage {
  readonly #say: Say;
  /** Since when it is away; 0 = it is there. */
  #since = 0;
  #telling = new Sparing();
  /** Requests that got an error since it was there. */
  #requests = 0;
  #requestsTold = 0;
  /** A line says that it failed, and none that it is back. */
  #told = false;

  constructor(say: Say) {
    this.#say = say;
  }

  /** @param now in milliseconds */
  onFailure(now: number, loss: Loss): void {
    const known = this.#since !== 0;
    const begins = loss.away && !known;
    if (begins) this.#since = now;
    this.#requests += loss.lost;
    if (begins) this.#telling.tellNext();
    const interval = known ? OUTAGE_LOG_INTERVAL_MS : FAILURE_LOG_INTERVAL_MS;
    const untold = this.#telling.happens(now, interval);
    if (untold < 0) return;
    if (known) this.#tellSummary(now, loss, untold);
    else if (!loss.told) this.#tellLoss(loss, untold);
    this.#told = true;
    this.#requestsTold = this.#requests;
  }

  #tellLoss({ text, reason, lost }: Loss, untold: number): void {
    const more = untold === 0 ? '' : ` (and ${untold} times more)`;
    const fields = { event: 'failed', reason, lost };
    this.#say(LOG_WARN, `${text}; ${requests(lost)} got an error${more}`, fields);
  }

  #tellSummary(now: number, { text, reason }: Loss, untold: number): void {
    const lost = this.#requests - this.#requestsTold;
    const seconds = secondsOf(now - this.#since);
    const counts = `${untold + 1} more failures, ${requests(lost)} got an error`;
    const fields = { event: 'still-away', reason, lost };
    this.#say(LOG_WARN, `is away for ${seconds}: it ${text}; ${counts}`, fields);
  }

  /** A request got an error without being sent. */
  onRefused(): void {
    this.#requests++;
  }

  /** It answers. @param told whether another line says so */
  onBack(now: number, told: boolean): void {
    if (this.#told && !told) {
      const after = this.#since === 0 ? '' : ` after ${secondsOf(now - this.#since)}`;
      const failed = `${requests(this.#requests)} failed`;
      this.#say(LOG_NOTICE, `is reachable again${after}; ${failed}`, { event: 'reachable' });
    }
    this.#since = 0;
    this.#telling = new Sparing();
    this.#requests = 0;
    this.#requestsTold = 0;
    this.#told = false;
  }
}

function requests(count: number): string {
  return count === 1 ? '1 request' : `${count === 0 ? 'no' : count} requests`;
}

/** A time for people. */
export function secondsOf(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
