import { PROMOTION_REPORT_MS, STANDSTILL_MS, WAKING_MS } from '../../limits.ts';

/**
 * Whether this process has stood still for a moment: it may have missed that another master was
 * decided on, and waits until most witnesses have been heard again. One that did not hear them
 * before goes on with what it knows, and so does one that does not hear them soon.
 */
export class Standstill {
  #tickAt: number;
  /** Most witnesses were heard when it was looked last. */
  #wasHeard = false;
  /** Until when it waits for them; null = it does not. */
  #until: number | null = null;

  constructor(now: number) {
    this.#tickAt = now;
  }

  /** Witnesses are waited for. */
  get waits(): boolean {
    return this.#until !== null;
  }

  /** Called every PROMOTION_REPORT_MS. @returns whether witnesses are waited for from now on */
  begins(now: number, isHeard: boolean): boolean {
    const stoodMs = now - this.#tickAt - PROMOTION_REPORT_MS;
    const begins = stoodMs >= STANDSTILL_MS && this.#wasHeard && !this.waits;
    this.#tickAt = now;
    this.#wasHeard = isHeard;
    if (begins) this.#until = now + WAKING_MS;
    return begins;
  }

  /** @returns whether they are not waited for any more */
  ends(now: number, isHeard: boolean): boolean {
    if (this.#until === null || (!isHeard && now < this.#until)) return false;
    this.#until = null;
    return true;
  }
}
