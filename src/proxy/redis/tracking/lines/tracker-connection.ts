import { encodeText } from '../../../../protocol/redis/replies/encode.ts';
import { integerOf } from '../../../../protocol/redis/replies/reply-parts.ts';
import type { Engine } from '../../../engine/engine.ts';
import {
  type Asked,
  ListeningConnection,
  type ListeningOwner,
} from '../../listening/listening-connection.ts';
import { type Keys, keysOfPush } from './push.ts';

const PUSH = 0x3e;
const ERROR = 0x2d;
const RESP3 = 'HELLO 3';
const NUMBER = 'CLIENT ID';
const TRACKING = 'CLIENT TRACKING';
const GREETINGS: readonly (readonly [what: string, bytes: Buffer])[] = [
  [RESP3, encodeText('HELLO', '3')],
  ['CLIENT SETNAME', encodeText('CLIENT', 'SETNAME', 'ringway-tracking')],
  [NUMBER, encodeText('CLIENT', 'ID')],
];
/** Without these nothing is heard. */
const NEEDED: ReadonlySet<string> = new Set([RESP3, NUMBER, TRACKING]);

interface TrackerAsked extends Asked {
  /** Told when it is answered, or never will be. */
  readonly done: (() => void) | null;
}

/** Whose connection it is. */
export interface TrackerConnectionOwner extends ListeningOwner {
  /** Words behind CLIENT TRACKING ON. */
  readonly words: readonly Buffer[];
  /** What is wanted is granted. @param id which the server has given to the connection */
  onReady(id: string): void;
  /** @param error a complete error reply */
  onRefused(error: Buffer): void;
  onKeys(keys: Keys): void;
}

/** A connection on which a server tells of keys that have changed. RESP3. */
export class TrackerConnection extends ListeningConnection<TrackerAsked> {
  readonly #tracker: TrackerConnectionOwner;
  #id = '';

  constructor(engine: Engine, owner: TrackerConnectionOwner) {
    super(engine, owner);
    this.#tracker = owner;
  }

  protected own(what: string): TrackerAsked {
    return { what, bytes: 0, done: null };
  }

  protected onConnected(): void {
    for (const [what, bytes] of GREETINGS) this.ask(this.own(what), bytes);
    const words = this.#tracker.words.map((word) => word.toString('latin1'));
    this.ask(this.own(TRACKING), encodeText('CLIENT', 'TRACKING', 'ON', ...words));
  }

  /** What the server has said by now comes before `done` is told. */
  mark(done: () => void): void {
    this.ping({ ...this.own('PING'), done });
  }

  onFrame(bytes: Buffer, start: number, end: number): boolean {
    if (bytes[start] === PUSH) {
      const keys = keysOfPush(bytes, start, end);
      if (keys !== null) this.#tracker.onKeys(keys);
      return true;
    }
    const asked = this.takeAsked();
    if (asked === undefined) return false;
    asked.done?.();
    const error = bytes[start] === ERROR ? this.errorIn(bytes, start, end) : null;
    if (error !== null) this.#onError(asked, error);
    else if (asked.what === NUMBER) this.#onNumber(bytes.subarray(start, end));
    else if (asked.what === TRACKING) this.#tracker.onReady(this.#id);
    return true;
  }

  #onNumber(reply: Buffer): void {
    this.#id = String(integerOf(Buffer.from(reply)) ?? '0');
  }

  #onError(asked: TrackerAsked, error: Buffer): void {
    this.refused(asked, error);
    if (NEEDED.has(asked.what)) this.#tracker.onRefused(error);
  }

  protected onBroken({ done }: TrackerAsked): void {
    done?.();
  }
}
