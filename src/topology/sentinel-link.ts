import {
  CONTROL_ANSWER_MS,
  CONTROL_PING_MS,
  CONTROL_RETRY_MS,
  REASON_TEXT,
  SENTINEL_ASK_MS,
  SENTINEL_LOG_MS,
} from '../limits.ts';
import type { DialTarget } from '../net/dial.ts';
import type { Clock } from './clock.ts';
import { ControlLink } from './control-link.ts';
import {
  type Address,
  addressText,
  eventOf,
  healthyReplicas,
  type MasterFacts,
  masterFacts,
  replicaFacts,
  type SentinelEvent,
} from './facts.ts';
import { ErrorReply, type Reply } from './reply-reader.ts';

/** What of a sentinel's news is listened to. */
const EVENTS = ['+switch-master', '+failover-state-*', '-failover-abort-*', '+sdown', '-tilt'];

/** What a sentinel is asked about a master. */
const QUESTIONS = ['MASTER', 'GET-MASTER-ADDR-BY-NAME', 'REPLICAS'];

/** Who wants to know what a sentinel says. */
export interface SentinelListener {
  /** Masters that it is asked about. */
  readonly masters: Iterable<string>;
  /** @param healthy those of the replicas that are well */
  onView(
    master: string,
    facts: MasterFacts,
    replicas: ReadonlySet<string>,
    healthy: ReadonlySet<string>,
  ): void;
  /** It says nothing, or nothing that can be used. */
  onSilence(master: string): void;
  onEvent(event: SentinelEvent): void;
  say(text: string): void;
}

/** How sentinels are reached. */
export interface SentinelAccess {
  /** Words of AUTH, asked for each connection; null = it is not said. */
  login(): readonly string[] | null;
  readonly tls: DialTarget['tls'];
}

/** One sentinel: a connection for questions, and one for what it publishes. */
export class SentinelLink {
  readonly #listener: SentinelListener;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #questions: ControlLink;
  readonly #events: ControlLink;
  /** When each master was asked about last. */
  readonly #askedAt: Map<string, number> = new Map();
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(
    { host, port }: Address,
    { login, tls }: SentinelAccess,
    clock: Clock,
    listener: SentinelListener,
  ) {
    const target = { kind: 'tcp', host, port, path: '', tls } as const;
    const common = { target, login, clock, retryMs: CONTROL_RETRY_MS };
    this.#listener = listener;
    this.#clock = clock;
    this.#name = addressText({ host, port });
    this.#questions = new ControlLink({
      ...common,
      onUp: () => this.askAll(),
      onDown: (reason) => this.#onDown(reason),
    });
    this.#events = new ControlLink({
      ...common,
      onUp: () => {
        this.#events.tell(['PSUBSCRIBE', ...EVENTS]);
        // What was published meanwhile was not heard.
        this.askAll();
      },
      onDown: () => {},
      onPush: (push) => this.#onPush(push),
    });
  }

  get name(): string {
    return this.#name;
  }

  /** It answers questions. */
  get up(): boolean {
    return this.#questions.up;
  }

  #onDown(reason: string): void {
    for (const master of this.#listener.masters) this.#listener.onSilence(master);
    this.#say(`cannot be asked: ${printable(reason)}`);
  }

  /** It can be wrong in many ways and often: it is told at a bounded rate. */
  #say(text: string): void {
    const now = this.#clock.now();
    if (now - this.#saidAt < SENTINEL_LOG_MS) return;
    this.#saidAt = now;
    this.#listener.say(`sentinel ${this.#name} ${text}`);
  }

  #onPush(push: Reply): void {
    const event = eventOf(push);
    if (event !== null) this.#listener.onEvent(event);
  }

  askAll(): void {
    for (const master of this.#listener.masters) this.ask(master);
  }

  /** Asks about one master, unless that was done a moment ago. */
  ask(master: string): void {
    const now = this.#clock.now();
    if (now - (this.#askedAt.get(master) ?? Number.NEGATIVE_INFINITY) < SENTINEL_ASK_MS) return;
    const replies: Reply[] = [];
    const onReply = (reply: Reply): void => {
      replies.push(reply);
      if (replies.length === QUESTIONS.length) this.#onAnswers(master, replies);
    };
    if (QUESTIONS.every((word) => this.#questions.ask(['SENTINEL', word, master], onReply))) {
      this.#askedAt.set(master, now);
    }
  }

  #onAnswers(master: string, [about, place, others]: readonly Reply[]): void {
    const facts = masterFacts(about, place);
    const replicas = replicaFacts(others);
    if (facts === null || replicas === null) this.#onUseless(master, about);
    else this.#listener.onView(master, facts, replicas, healthyReplicas(others));
  }

  #onUseless(master: string, reply: Reply): void {
    const what = reply instanceof ErrorReply ? reply.text : 'what cannot be understood';
    this.#listener.onSilence(master);
    this.#say(`says of master ${master}: ${printable(what)}`);
  }

  /** Has it replace a master by a replica. @returns its answer, or why there is none */
  failover(master: string, onAnswer: (error: string | null) => void): boolean {
    // A link that is lost gives no answers.
    const silent = CONTROL_PING_MS + CONTROL_ANSWER_MS;
    const cancel = this.#clock.after(silent, () => onAnswer('nothing; it may do it all the same'));
    const asked = this.#questions.ask(['SENTINEL', 'FAILOVER', master], (reply) => {
      cancel();
      onAnswer(reply instanceof ErrorReply ? printable(reply.text) : null);
    });
    if (!asked) cancel();
    return asked;
  }

  /** It is not asked about this master any more. */
  forget(master: string): void {
    this.#askedAt.delete(master);
  }

  close(): void {
    this.#questions.close();
    this.#events.close();
  }
}

/** What a sentinel said, as it may be logged. */
function printable(text: string): string {
  return text.slice(0, REASON_TEXT).replace(/\p{Cc}/gu, ' ');
}
