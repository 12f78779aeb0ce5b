import { WHOLE } from '../../../protocol/frame-table.ts';
import { encodeText } from '../../../protocol/redis/replies/encode.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { ConnectionOwner } from '../../backend/owner.ts';
import { WaitingClients } from '../../backend/waiting-clients.ts';
import type { ReplyReceiver, SendGate } from '../../engine/receiver.ts';
import { errorText } from './block.ts';

const NO_REASON = 'Invalid argument';
const ERROR = 0x2d; // '-'
const REQUESTS = Buffer.concat([encodeText('MULTI'), encodeText('EXEC'), encodeText('DISCARD')]);
/** First bytes of their replies: where there are transactions, and where there are none. */
const GRANTED = '+*-';
const REFUSED = ['---', '+-+'];
/** Behind this a connection is in the middle of a transaction that nothing ends. */
const STUCK = '+--';

/**
 * Whether a server carries transactions out on a connection: a user may lack the right, and MULTI
 * or EXEC have another name. If it did not, the requests of a block would be carried out one by
 * one. It is asked once per connection, by an empty transaction, and clients wait for that.
 */
export class BlockProof implements ReplyTarget, SendGate {
  readonly claim = null;
  readonly #connection: BackendConnection;
  readonly #waiting: WaitingClients;
  #types = '';
  #known = false;
  /** Why there are no transactions, latin1; null = there are, or it is not known yet. */
  refusal: string | null = null;
  /** The connection was lost before it was known. */
  lost = false;
  distrusts = false;

  private constructor(connection: BackendConnection) {
    this.#connection = connection;
    this.#waiting = new WaitingClients(this, connection.owner.pool.engine.turn);
  }

  /** What is known of a connection; it is asked for the first time when nobody has asked. */
  static of(connection: BackendConnection): BlockProof {
    const known = proofs.get(connection);
    if (known !== undefined) return known;
    const proof = new BlockProof(connection);
    proofs.set(connection, proof);
    if (unusable.has(connection.owner)) {
      proof.#end('neither EXEC nor DISCARD is known');
      return proof;
    }
    connection.out.copy(REQUESTS);
    connection.sentUnmeasured(proof, REQUESTS.length);
    return proof;
  }

  get reason(): string {
    return this.refusal ?? NO_REASON;
  }

  get known(): boolean {
    return this.#known;
  }

  get closed(): boolean {
    return this.#connection.closed;
  }

  get full(): boolean {
    return !this.#known;
  }

  waitFor(client: ReplyReceiver): void {
    this.#waiting.add(client);
  }

  stopWaiting(client: ReplyReceiver): void {
    this.#waiting.forget(client);
  }

  onReply(start: number, length: number, info: number): void {
    const type = info & 0xff;
    if (type === ERROR) this.refusal ??= errorText(this.#connection, start, length);
    this.#types += (info & WHOLE) === WHOLE ? String.fromCharCode(type) : '?';
    if (this.#types.length < GRANTED.length) return;
    if (this.#types === STUCK) unusable.add(this.#connection.owner);
    this.distrusts = this.#types !== GRANTED && !REFUSED.includes(this.#types);
    this.#end(this.#types === GRANTED ? null : this.reason);
  }

  awaitsMore(): boolean {
    return this.#types.length < GRANTED.length;
  }

  onFailure(): void {
    this.lost = true;
    this.#end(this.reason);
  }

  #end(refusal: string | null): void {
    this.refusal = refusal;
    this.#known = true;
    this.#waiting.wake();
  }
}

const proofs: WeakMap<BackendConnection, BlockProof> = new WeakMap();
/** Servers that such a question harms. */
const unusable: WeakSet<ConnectionOwner> = new WeakSet();
