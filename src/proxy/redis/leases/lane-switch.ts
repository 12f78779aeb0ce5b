import { FLAG_LAST } from '../../../protocol/frame-table.ts';
import { encodeText } from '../../../protocol/redis/replies/encode.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { LaneKey } from '../../pool/lanes.ts';
import { errorText } from './block.ts';

const ERROR = 0x2d; // '-'

type Place = Pick<LaneKey, 'db' | 'resp'>;

/** Brings a connection into the database and the RESP version that its client has now. */
export class LaneSwitch implements ReplyTarget {
  readonly claim = null;
  readonly distrusts = false;
  readonly #connection: BackendConnection;
  #left = 0;
  /** Why it is not there, latin1; null when it is. */
  refusal: string | null = null;

  /** @param from where it is */
  constructor(connection: BackendConnection, from: Place, to: Place) {
    this.#connection = connection;
    if (from.resp !== to.resp) this.#send('HELLO', String(to.resp));
    if (from.db !== to.db) this.#send('SELECT', String(to.db));
  }

  #send(...words: string[]): void {
    const bytes = encodeText(...words);
    this.#left++;
    this.#connection.out.append(bytes);
    this.#connection.sentUnmeasured(this, bytes.length);
  }

  /** All of it is answered. */
  get done(): boolean {
    return this.#left === 0;
  }

  onReply(start: number, length: number, info: number): void {
    const isError = (info & 0xff) === ERROR;
    if (isError) this.refusal ??= errorText(this.#connection, start, length);
    if ((info & FLAG_LAST) !== 0) this.#left--;
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(): void {
    this.#left--;
  }
}
