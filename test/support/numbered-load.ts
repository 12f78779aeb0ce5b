import { encodeRequest, type Reply, ReplyError, RespClient } from './resp-client.ts';

/** What clients saw whose values carry numbers. */
export interface NumberedResult {
  /** Writes that were answered with OK. */
  readonly acknowledged: number;
  /** Texts of errors, with how often each came. */
  readonly errors: ReadonlyMap<string, number>;
  /** A read gave less than what was acknowledged before, or more than was ever written. */
  readonly wrong: readonly string[];
  /** Acknowledged last, per key, and what is there now. */
  readonly lost: number;
  /** The longest time between two replies of one client, in milliseconds. */
  readonly longestGapMs: number;
  /** When OK came after the longest gap, by performance.now(). */
  readonly gapEnd: number;
}

export interface NumberedOptions {
  readonly port: number;
  readonly clients: number;
  /** Pairs of SET and GET that each client has under way. */
  readonly depth: number;
  /** Milliseconds between the batches of one client. */
  readonly pauseMs?: number;
}

/**
 * Clients that each write growing numbers to keys of their own and read them back, pipelined. Only
 * its own client writes a key, so that every read has exactly one right answer.
 */
export class NumberedLoad {
  readonly #options: NumberedOptions;
  readonly #errors: Map<string, number> = new Map();
  readonly #wrong: string[] = [];
  readonly #last: Map<string, number> = new Map();
  #acknowledged = 0;
  #gapMs = 0;
  #gapEnd = 0;
  #stopping = false;
  readonly #done: Promise<void>;

  constructor(options: NumberedOptions) {
    this.#options = options;
    const { clients } = options;
    const runs = Array.from({ length: clients }, (_, i) => this.#run(i));
    this.#done = Promise.all(runs).then(() => {});
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get errorCount(): number {
    return [...this.#errors.values()].reduce((sum, count) => sum + count, 0);
  }

  async #run(number: number): Promise<void> {
    const { port, depth, pauseMs = 1 } = this.#options;
    const client = await RespClient.open({ port, timeoutMs: 20_000 });
    const key = `key:${number}`;
    let next = 0;
    let last = performance.now();
    while (!this.#stopping) {
      const first = next + 1;
      next += depth;
      const requests: Buffer[] = [];
      for (let i = first; i <= next; i++) {
        requests.push(encodeRequest('SET', key, i), encodeRequest('GET', key));
      }
      const replies = client.read(2 * depth);
      await client.send(Buffer.concat(requests));
      const batch = await replies;
      const now = performance.now();
      if (now - last > this.#gapMs) {
        this.#gapMs = now - last;
        this.#gapEnd = now;
      }
      last = now;
      for (let i = 0; i < depth; i++) {
        this.#check(key, first + i, batch[2 * i], batch[2 * i + 1]);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    client.close();
  }

  #check(key: string, number: number, set: Reply, get: Reply): void {
    const known = this.#last.get(key) ?? 0;
    if (set instanceof ReplyError) this.#error(set);
    else {
      this.#acknowledged++;
      this.#last.set(key, number);
    }
    if (get instanceof ReplyError) {
      this.#error(get);
      return;
    }
    const value = get === null ? 0 : Number(String(get));
    const least = set instanceof ReplyError ? known : number;
    if (value < least || value > number) {
      this.#wrong.push(`${key}: read ${value}, expected ${least} to ${number}`);
    }
  }

  #error({ message }: ReplyError): void {
    this.#errors.set(message, (this.#errors.get(message) ?? 0) + 1);
  }

  /** @param port where the keys are read in the end */
  async stop(port: number = this.#options.port): Promise<NumberedResult> {
    this.#stopping = true;
    await this.#done;
    let lost = 0;
    const client = await RespClient.open(port);
    for (const [key, number] of this.#last) {
      const value = Number(String((await client.command('GET', key)) ?? 0));
      if (value < number) lost += number - value;
    }
    client.close();
    return {
      acknowledged: this.#acknowledged,
      errors: this.#errors,
      wrong: this.#wrong,
      lost,
      longestGapMs: this.#gapMs,
      gapEnd: this.#gapEnd,
    };
  }
}
