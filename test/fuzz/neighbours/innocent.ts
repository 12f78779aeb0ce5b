import { connect, type Socket } from 'node:net';
import { delay } from '../../support/wait.ts';
import type { Random } from '../random.ts';

// A client that does nothing wrong: it sends pipelines and looks at every byte that comes back.

/** Not all of the reply is there yet. */
export const INCOMPLETE = -1;
/** It is another reply than the right one. */
export const WRONG = -2;

export interface Question {
  readonly request: Buffer;
  /** @returns where the right reply ends, INCOMPLETE or WRONG */
  match(bytes: Buffer, at: number): number;
}

/** What a client of one protocol says. */
export interface Conversation {
  readonly label: string;
  /** Sent first, each with its reply. */
  readonly greeting: readonly Question[];
  /** The next question, and from then on its effect. */
  next(random: Random): Question;
}

export function exactly(reply: Buffer): Question['match'] {
  return (bytes, at) => {
    const there = Math.min(reply.length, bytes.length - at);
    if (bytes.compare(reply, 0, there, at, at + there) !== 0) return WRONG;
    return there === reply.length ? at + there : INCOMPLETE;
  };
}

/** How long a reply may take, while this process itself is not held up. */
const STALL_MS = 8_000;
const TICK_MS = 100;

/** Time that stands still while this process does. */
export class FairClock {
  now = 0;
  readonly #timer = setInterval(() => {
    this.now += TICK_MS;
  }, TICK_MS);

  stop(): void {
    clearInterval(this.#timer);
  }
}

const shown = (bytes: Buffer, at: number): string =>
  JSON.stringify(bytes.toString('latin1', at, at + 160));

export class Innocent {
  readonly #socket: Socket;
  readonly #random: Random;
  readonly #talk: Conversation;
  readonly #clock: FairClock;
  #received: Buffer = Buffer.alloc(0);
  #ended = '';
  #wake: () => void = () => {};
  /** Questions answered rightly. */
  answered = 0;
  complaint: string | null = null;

  constructor(port: number, random: Random, talk: Conversation, clock: FairClock) {
    this.#random = random;
    this.#talk = talk;
    this.#clock = clock;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => {
      const rest = this.#received;
      this.#received = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      this.#wake();
    });
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end('closed'));
  }

  #end(why: string): void {
    if (this.#ended === '') this.#ended = why;
    this.#wake();
  }

  greet(): Promise<void> {
    return this.#ask(this.#talk.greeting);
  }

  /** Asks until `over`, or until something is wrong. */
  async run(over: () => boolean): Promise<void> {
    while (this.complaint === null && !over()) {
      const count = this.#random.once(10)
        ? 1 + this.#random.below(200)
        : 1 + this.#random.below(12);
      await this.#ask(Array.from({ length: count }, () => this.#talk.next(this.#random)));
      if (this.#random.once(3)) await delay(this.#random.below(20));
    }
    this.#socket.destroy();
  }

  async #ask(questions: readonly Question[]): Promise<void> {
    this.#socket.write(Buffer.concat(questions.map(({ request }) => request)));
    let at = 0;
    let done = 0;
    let heardAt = this.#clock.now;
    while (done < questions.length) {
      const next = questions[done].match(this.#received, at);
      if (next >= 0) {
        at = next;
        done++;
        heardAt = this.#clock.now;
        continue;
      }
      if (next === WRONG) return this.#complain('a wrong reply', questions[done], at);
      if (this.#ended !== '')
        return this.#complain(`the end (${this.#ended})`, questions[done], at);
      if (this.#clock.now - heardAt > STALL_MS) {
        return this.#complain(`nothing for ${STALL_MS} ms`, questions[done], at);
      }
      await this.#more();
    }
    this.answered += done;
    this.#received = this.#received.subarray(at);
    if (this.#received.length > 0) this.#complain('bytes nobody asked for', null, 0);
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 500);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #complain(what: string, question: Question | null, at: number): void {
    const asked = question === null ? 'nothing' : shown(question.request, 0);
    const got = shown(this.#received, at);
    this.complaint = `innocent ${this.#talk.label} got ${what}: asked ${asked}, got ${got}`;
  }
}
