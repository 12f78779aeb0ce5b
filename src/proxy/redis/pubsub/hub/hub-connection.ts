import { encodeRequest, encodeText } from '../../../../protocol/redis/replies/encode.ts';
import type { Engine } from '../../../engine/engine.ts';
import {
  type Asked,
  ListeningConnection,
  type ListeningOwner,
} from '../../listening/listening-connection.ts';
import { BAD, ERROR, Frame, MESSAGE, PONG, STATUS, SUBSCRIBED, UNSUBSCRIBED } from './frame.ts';
import { type Kind, SHARD, SUBSCRIBE, UNSUBSCRIBE } from './kinds.ts';
import type { Topic } from './topic.ts';

/** The name under which servers list these connections. */
const NAME = encodeText('CLIENT', 'SETNAME', 'ringway-hub');

/** Told that all which a server had sent before is there, or that nobody will know. */
export type Mark = () => void;

/** What a server owes an answer to. `topic` null: something of the connection's own. */
interface HubAsked extends Asked {
  /** Told when it is answered, or never will be. */
  readonly marks: readonly Mark[];
  readonly topic: Topic | null;
  /** Of SUBSCRIBE; 0 for all else. */
  readonly question: number;
  /** The type of the frame that grants it. */
  readonly grants: number;
}

const NO_MARKS: readonly Mark[] = [];
const OWN = { bytes: 0, marks: NO_MARKS, topic: null, question: 0 };

/** Whose connection it is. */
export interface HubConnectionOwner extends ListeningOwner {
  /** It is there: what is wanted can be asked for. */
  onOpen(): void;
  /**
   * @param question as subscribe() was told, 0 when it is no longer wanted
   * @param error the server's words, a complete error reply; null = it is granted
   */
  onAnswer(topic: Topic, question: number, error: Buffer | null): void;
  /** A message, as Listener.take(); `frame` says for whom. */
  onMessage(frame: Frame, bytes: Buffer, start: number, end: number): void;
  /** A node of a cluster has lost the slot of a shard channel, and sends its messages no more. */
  onTaken(kind: Kind, name: string): void;
}

/** A connection to a server that does nothing but subscribe, for all clients of a pool. RESP2. */
export class HubConnection extends ListeningConnection<HubAsked> {
  readonly #hub: HubConnectionOwner;
  readonly #frame: Frame = new Frame();
  /** Of a PING that is not written yet: others may share it. */
  #unsentMarks: Mark[] | null = null;

  constructor(engine: Engine, owner: HubConnectionOwner) {
    super(engine, owner);
    this.#hub = owner;
  }

  protected own(what: string): HubAsked {
    return { ...OWN, what, grants: what === 'PING' ? PONG : STATUS };
  }

  protected onConnected(): void {
    this.ask(this.own('CLIENT SETNAME'), NAME);
    this.#hub.onOpen();
  }

  /** @param question its number, above 0 */
  subscribe(topic: Topic, question: number): void {
    this.#askFor(topic, question, SUBSCRIBED, SUBSCRIBE[topic.kind]);
  }

  unsubscribe(topic: Topic): void {
    this.#askFor(topic, 0, UNSUBSCRIBED, UNSUBSCRIBE[topic.kind]);
  }

  #askFor(topic: Topic, question: number, grants: number, what: string): void {
    const bytes = topic.name.length;
    this.ask(
      { marks: NO_MARKS, topic, question, grants, what, bytes },
      encodeRequest([Buffer.from(what), topic.name]),
    );
  }

  /** What the server has sent by now comes before `mark` is told. */
  mark(mark: Mark): void {
    if (this.#unsentMarks !== null) {
      this.#unsentMarks.push(mark);
      return;
    }
    this.#unsentMarks = [mark];
    this.ping({ ...this.own('PING'), marks: this.#unsentMarks });
  }

  override writeOut(): void {
    this.#unsentMarks = null;
    super.writeOut();
  }

  // --- what the server says --------------------------------------------------------------------

  onFrame(bytes: Buffer, start: number, end: number): boolean {
    const frame = this.#frame;
    const type = frame.read(bytes, start, end);
    if (type === BAD) return false;
    if (type === UNSUBSCRIBED && frame.kind === SHARD && !this.#awaits(bytes)) {
      this.#hub.onTaken(SHARD, bytes.toString('latin1', frame.nameStart, frame.nameEnd));
      return true;
    }
    if (type !== MESSAGE) return this.#onAnswer(type, bytes, start, end);
    if (end - start > this.limit) this.#hub.onDropped();
    else this.#hub.onMessage(frame, bytes, start, end);
    return true;
  }

  #onAnswer(type: number, bytes: Buffer, start: number, end: number): boolean {
    const asked = this.takeAsked();
    if (asked === undefined) return false;
    const error = type === ERROR ? this.errorIn(bytes, start, end) : null;
    const { topic } = asked;
    if (topic === null) {
      if (error !== null) this.refused(asked, error);
      for (const mark of asked.marks) mark();
      // Without a subscription PING has its usual answer.
      return error !== null || type === asked.grants || (asked.grants === PONG && type === STATUS);
    }
    if (error === null && (type !== asked.grants || !this.#names(topic, bytes))) return false;
    this.#hub.onAnswer(topic, asked.question, error);
    return true;
  }

  /** Whether the subscription that ends by this frame was to end. */
  #awaits(bytes: Buffer): boolean {
    const { oldestAsked } = this;
    if (oldestAsked?.topic == null || oldestAsked.grants !== UNSUBSCRIBED) return false;
    return this.#names(oldestAsked.topic, bytes);
  }

  #names({ kind, name }: Topic, bytes: Buffer): boolean {
    const { kind: said, nameStart, nameEnd } = this.#frame;
    return kind === said && name.compare(bytes, nameStart, nameEnd) === 0;
  }

  protected onBroken({ marks }: HubAsked): void {
    for (const mark of marks) mark();
  }
}
