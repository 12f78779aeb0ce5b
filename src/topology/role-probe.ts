import { PROMOTION_POLL_MS } from '../limits.ts';
import type { DialTarget } from '../net/dial.ts';
import type { Clock } from './clock.ts';
import { ControlLink } from './control-link.ts';
import { isMaster } from './facts.ts';

/** Asks one server for its role again and again. */
export class RoleProbe {
  readonly #link: ControlLink;
  readonly #clock: Clock;
  readonly #onRole: (isMaster: boolean) => void;
  #stopped = false;
  #cancel: () => void = () => {};

  constructor(
    target: DialTarget,
    login: () => readonly string[] | null,
    clock: Clock,
    onRole: (isMaster: boolean) => void,
  ) {
    this.#clock = clock;
    this.#onRole = onRole;
    this.#link = new ControlLink({
      target,
      clock,
      login,
      retryMs: PROMOTION_POLL_MS,
      onUp: () => this.#ask(),
      // It closes all connections when it is promoted: the next one finds it a master.
      onDown: () => this.#cancel(),
    });
  }

  #ask(): void {
    this.#link.ask(['ROLE'], (reply) => {
      if (this.#stopped) return;
      const master = isMaster(reply);
      if (master !== null) this.#onRole(master);
      if (this.#stopped) return;
      this.#cancel();
      this.#cancel = this.#clock.after(PROMOTION_POLL_MS, () => this.#ask());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#link.close();
  }
}
