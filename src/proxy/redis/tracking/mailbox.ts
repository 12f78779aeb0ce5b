import { TOLD_KEYS } from '../../../limits.ts';
import { TRACKING_MESSAGES, TRACKING_SLOW_CLOSED } from '../../../stats/counters.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { afterPush } from '../../client/client-pushes.ts';
import type { ReplySink, StoredReply } from '../../client/stored-reply.ts';
import { laneOf } from '../../pool/lanes.ts';
import { ALL_KEYS, type Keys } from './lines/push.ts';

const INVALIDATE = Buffer.from('>2\r\n$10\r\ninvalidate\r\n');
/** What a client of RESP2 hears that has subscriptions: a message of a channel of this name. */
const MESSAGE = Buffer.from('*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n');
const NULL_OF: Readonly<Record<number, Buffer>> = {
  2: Buffer.from('$-1\r\n'),
  3: Buffer.from('_\r\n'),
};
const LINE_END = Buffer.from('\r\n');

function bytesOf(keys: readonly Buffer[]): number {
  let bytes = 0;
  for (const { length } of keys) bytes += length + 16;
  return bytes;
}

/** Something that a client is told behind all that it has asked for by then. */
class Letter implements StoredReply {
  readonly #mailbox: Mailbox;
  /** One message each; all keys = they would be too many. */
  #messages: Keys[] | typeof ALL_KEYS = [];
  #count = 0;
  #bytes = 0;
  #written = false;

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
  }

  get open(): boolean {
    return !this.#written;
  }

  add(keys: Keys): void {
    if (this.#messages === ALL_KEYS) return;
    this.#count += keys === ALL_KEYS ? 1 : keys.length;
    if (keys === ALL_KEYS || this.#count > TOLD_KEYS) {
      this.#messages = ALL_KEYS;
      this.#hold(0);
      return;
    }
    this.#messages.push(keys);
    this.#hold(this.#bytes + bytesOf(keys));
  }

  #hold(bytes: number): void {
    const { pipeline } = this.#mailbox.client;
    if (bytes > this.#bytes) pipeline.hold(bytes - this.#bytes);
    else pipeline.free(this.#bytes - bytes);
    this.#bytes = bytes;
  }

  writeTo(sink: ReplySink): boolean {
    this.#written = true;
    const messages = this.#messages === ALL_KEYS ? [ALL_KEYS as Keys] : this.#messages;
    for (const keys of messages) {
      const frame = this.#mailbox.frame(keys);
      if (frame !== null) sink.out.append(frame);
    }
    sink.free(this.#bytes);
    return true;
  }

  drop(): void {}
}

/**
 * What a client hears of keys that have changed. It may have asked for one of them just now: so it
 * is told behind the replies to all that it has asked for, and never of a value before it has it.
 */
export class Mailbox {
  readonly client: ClientConnection;
  #letter: Letter | null = null;
  #claim: Claim | null = null;

  private constructor(client: ClientConnection) {
    this.client = client;
  }

  static of(client: ClientConnection): Mailbox {
    let mailbox = mailboxes.get(client);
    if (mailbox === undefined) {
      mailbox = new Mailbox(client);
      mailboxes.set(client, mailbox);
    }
    return mailbox;
  }

  tell(keys: Keys): void {
    const { pipeline, session } = this.client;
    // Who is blocked has asked for nothing else, and may be so for long.
    this.#tell(keys, pipeline.outstanding > 0 && !session.detour?.blocked);
  }

  /** The same, but behind the reply to what it has just asked for, though it be blocked. */
  tellBehind(keys: Keys): void {
    this.#tell(keys, this.client.pipeline.outstanding > 0);
  }

  #tell(keys: Keys, isBehind: boolean): void {
    const { client } = this;
    if (client.leaves || (keys !== ALL_KEYS && keys.length === 0)) return;
    client.pool.counters[TRACKING_MESSAGES]++;
    if (isBehind) this.#send(keys);
    else this.#push(keys);
    client.onAnswered();
  }

  #send(keys: Keys): void {
    if (this.#letter?.open && this.#claim?.isNewest) {
      this.#letter.add(keys);
      return;
    }
    // As in Redis, it comes whatever CLIENT REPLY says.
    const claim = this.client.claims.heard();
    const letter = new Letter(this);
    letter.add(keys);
    this.#letter = letter;
    this.#claim = claim;
    claim.store(letter);
  }

  #push(keys: Keys): void {
    const frame = this.frame(keys);
    if (frame !== null) this.pushFrame(frame);
  }

  pushFrame(frame: Buffer): void {
    const { client } = this;
    client.pipeline.pushes.push(frame, 0, frame.length, frame[0]);
    afterPush(client, TRACKING_SLOW_CLOSED, 'messages of changed keys');
  }

  /** @returns null when the client can be told nothing: it speaks RESP2, without subscriptions */
  frame(keys: Keys): Buffer | null {
    const { resp } = laneOf(this.client);
    if (resp === 2 && !this.client.subscribed) return null;
    const head = resp === 3 ? INVALIDATE : MESSAGE;
    if (keys === ALL_KEYS) return Buffer.concat([head, NULL_OF[resp]]);
    const parts: Buffer[] = [head, Buffer.from(`*${keys.length}\r\n`)];
    for (const key of keys) parts.push(Buffer.from(`$${key.length}\r\n`), key, LINE_END);
    return Buffer.concat(parts);
  }
}

const mailboxes: WeakMap<ClientConnection, Mailbox> = new WeakMap();
