/** The last write of one client: for a while it reads from the master, where it finds that. */
export class LastWrite {
  #slot: number;
  #at: number;

  /** @param slot of the write @param at milliseconds */
  constructor(slot: number, at: number) {
    this.#slot = slot;
    this.#at = at;
  }

  note(slot: number, at: number): void {
    this.#slot = slot;
    this.#at = at;
  }

  /** Whether it is not answered, or was sent less than `ms` ago. @param head the oldest slot */
  isRecent(head: number, now: number, ms: number): boolean {
    return ((this.#slot - head) | 0) >= 0 || now - this.#at < ms;
  }
}
