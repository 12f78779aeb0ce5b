import { encodeText } from '../../../protocol/redis/replies/encode.ts';
import type { Engine } from '../../engine/engine.ts';
import {
  type Asked,
  ListeningConnection,
  type ListeningOwner,
} from '../listening/listening-connection.ts';

const STATUS = 0x2b; // '+'
const ZERO = 0x30;
const NINE = 0x39;
const WHAT = 'MONITOR';
const GREETINGS: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['CLIENT SETNAME', encodeText('CLIENT', 'SETNAME', 'ringway-monitor')],
  [WHAT, encodeText('MONITOR')],
];

/** Whose connection it is. */
export interface MonitorConnectionOwner extends ListeningOwner {
  /** The server shows what it does. */
  onReady(): void;
  /** @param error a complete error reply */
  onRefused(error: Buffer): void;
  /** One line, at [start, end) of `bytes`, which are the arena's or do not change any more. */
  onLine(bytes: Buffer, start: number, end: number): void;
}

/** A connection on which a server shows what it does. RESP2. */
export class MonitorConnection extends ListeningConnection<Asked> {
  readonly #monitor: MonitorConnectionOwner;
  #granted = false;

  constructor(engine: Engine, owner: MonitorConnectionOwner) {
    super(engine, owner);
    this.#monitor = owner;
  }

  protected own(what: string): Asked {
    return { what, bytes: 0 };
  }

  protected onConnected(): void {
    for (const [what, bytes] of GREETINGS) this.ask(this.own(what), bytes);
  }

  onFrame(bytes: Buffer, start: number, end: number): boolean {
    const isStatus = bytes[start] === STATUS;
    const digit = bytes[start + 1];
    // Lines begin with the time; answers are words.
    if (this.#granted && isStatus && digit >= ZERO && digit <= NINE) {
      this.#monitor.onLine(bytes, start, end);
      return true;
    }
    const asked = this.takeAsked();
    if (asked === undefined) return false;
    const error = this.errorIn(bytes, start, end);
    if (error !== null) this.refused(asked, error);
    if (asked.what !== WHAT) return isStatus || error !== null;
    if (error !== null) this.#monitor.onRefused(error);
    else if (isStatus) this.#grant();
    return isStatus || error !== null;
  }

  #grant(): void {
    this.#granted = true;
    this.#monitor.onReady();
  }

  protected onBroken(): void {}
}
