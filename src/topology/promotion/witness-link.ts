import {
  CONTROL_RETRY_MS,
  PROMOTION_LEASE_MS,
  REASON_TEXT,
  SENTINEL_LOG_MS,
  WITNESS_CHECK_MS,
} from '../../limits.ts';
import type { DialTarget } from '../../net/dial.ts';
import type { Clock } from '../clock.ts';
import { ControlLink } from '../control-link.ts';
import { type Address, addressText, isMaster } from '../facts.ts';
import { ErrorReply, type Reply } from '../reply-reader.ts';

/** How witnesses are reached. */
export interface WitnessAccess {
  /** Words of AUTH, asked for each connection; null = it is not said. */
  login(): readonly string[] | null;
  readonly tls: DialTarget['tls'];
}

const NOT_ASKED = 'it was not asked yet';

/** A connection to one witness, which is looked at before its word counts. */
export class WitnessLink {
  readonly name: string;
  readonly #link: ControlLink;
  readonly #clock: Clock;
  readonly #say: (text: string) => void;
  /** Why its word does not count. */
  #unfit: string | null = NOT_ASKED;
  #told: string | null = NOT_ASKED;
  #toldAt = Number.NEGATIVE_INFINITY;
  #checkedAt = 0;
  /** What it had promised before it started is over by then. */
  #votesFrom = 0;
  #keepsAll = false;

  constructor(address: Address, access: WitnessAccess, clock: Clock, say: (text: string) => void) {
    this.name = addressText(address);
    this.#clock = clock;
    this.#say = say;
    this.#link = new ControlLink({
      target: { kind: 'tcp', ...address, path: '', tls: access.tls },
      clock,
      login: access.login,
      retryMs: CONTROL_RETRY_MS,
      onUp: () => this.#check(),
      onDown: (reason) => {
        this.#unfit = reason;
        this.#tell(reason);
      },
    });
  }

  get fit(): boolean {
    return this.#link.up && this.#unfit === null;
  }

  /** It remembers all that it has promised. */
  get mayVote(): boolean {
    return this.fit && this.#clock.now() >= this.#votesFrom;
  }

  #check(): void {
    const now = this.#clock.now();
    this.#checkedAt = now;
    const found: (string | null)[] = [];
    this.#link.ask(['INFO', 'persistence'], (reply) => {
      this.#keepsAll = numberIn(reply, 'aof_enabled') === 1;
    });
    this.#link.ask(['INFO', 'server'], (reply) => {
      const up = numberIn(reply, 'uptime_in_seconds');
      const age = this.#keepsAll ? Number.POSITIVE_INFINITY : (up ?? 0) * 1000;
      this.#votesFrom = now + Math.max(0, PROMOTION_LEASE_MS + 1000 - age);
    });
    this.#link.ask(['ROLE'], (reply) => {
      const master = isMaster(reply);
      if (master === null) found.push(`it does not say its role${wordsOf(reply)}`);
      else if (!master) found.push('it is a replica: expected a server that keeps what it is told');
    });
    this.#link.ask(['CONFIG', 'GET', 'maxmemory-policy'], (reply) => {
      const policy = Array.isArray(reply) ? reply[1] : null;
      if (typeof policy !== 'string') found.push(`it does not say its policy${wordsOf(reply)}`);
      else if (policy !== 'noeviction') {
        found.push(`its maxmemory-policy is ${policy.slice(0, REASON_TEXT)}: expected noeviction`);
      }
      this.#unfit = found[0] ?? null;
      this.#tell(this.#unfit);
    });
  }

  /** Time goes by. */
  onTick(): void {
    this.#tell(this.#unfit);
    if (this.#link.up && this.#clock.now() - this.#checkedAt >= WITNESS_CHECK_MS) this.#check();
  }

  /** @returns false when it cannot be asked now */
  ask(words: readonly string[], onAnswer: (reply: Reply) => void): boolean {
    return this.#link.ask(words, (reply) => {
      if (reply instanceof ErrorReply) this.#tell(`it says ${reply.text}`);
      onAnswer(reply);
    });
  }

  /** Once, until it is something else. */
  #tell(why: string | null): void {
    const now = this.#clock.now();
    if (why === this.#told || (why !== null && now - this.#toldAt < SENTINEL_LOG_MS)) return;
    this.#told = why;
    if (why === null) return;
    this.#toldAt = now;
    const text = why.slice(0, REASON_TEXT).replace(/\p{Cc}/gu, ' ');
    this.#say(`the word of witness ${this.name} does not count: ${text}`);
  }

  close(): void {
    this.#link.close();
  }
}

function wordsOf(reply: Reply): string {
  return reply instanceof ErrorReply ? `: ${reply.text}` : '';
}

function numberIn(reply: Reply, name: string): number | null {
  if (typeof reply !== 'string') return null;
  const match = new RegExp(`^${name}:(\\d{1,15})\\r?$`, 'm').exec(reply);
  return match === null ? null : Number(match[1]);
}
