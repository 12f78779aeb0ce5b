import { KeyHistory, type Loss, numbered } from './key-history.ts';
import { encodeRequest, type Reply, ReplyError, RespClient } from './resp-client.ts';

/** The longest time in which a client had no write acknowledged. */
interface Gap {
  readonly ms: number;
  /** When one was again, by performance.now(). */
  readonly end: number;
}

/** A request that got an error. */
export interface FailedRequest {
  readonly text: string;
  readonly key: string;
  readonly isWrite: boolean;
  /** The keys of writes that its client sent with it, and behind it. */
  readonly behind: readonly string[];
  /** By performance.now(). */
  readonly sentAt: number;
  readonly at: number;
}

/** A batch of requests, from being sent to its last reply. */
export interface Latency {
  readonly client: number;
  /** By performance.now(). */
  readonly sentAt: number;
  readonly ms: number;
}

/** What clients saw whose values carry numbers. */
export interface NumberedResult {
  /** Writes that were acknowledged. */
  readonly acknowledged: number;
  /** Texts of errors, with how often each came. */
  readonly errors: ReadonlyMap<string, number>;
  /** Each of them, the first MAX_FAILED. */
  readonly failed: readonly FailedRequest[];
  /** Replies that no server may give, whatever it has lost: of another request, from before. */
  readonly wrong: readonly string[];
  /** Acknowledged writes that are gone. */
  readonly losses: readonly Loss[];
  readonly lost: number;
  readonly longestGapMs: number;
  /** When a write was acknowledged after the longest gap, by performance.now(). */
  readonly gapEnd: number;
  readonly latencies: readonly Latency[];
  /** When each client had writes acknowledged, by performance.now(). */
  readonly acks: readonly (readonly number[])[];
}

export interface NumberedOptions {
  readonly port: number;
  readonly clients: number;
  /** Pairs of SET and GET that each client has under way. */
  readonly depth: number;
  /** Milliseconds between the batches of one client. */
  readonly pauseMs?: number;
  /** The keys of a client, which are written in turn and which no other has; default one. */
  keysOf?(client: number): readonly string[];
}

const MAX_FAILED = 10_000;

let loads = 0;

interface Sent {
  readonly key: string;
  /** 0 for a read. */
  readonly number: number;
}

/**
 * Clients that each write growing numbers to keys of their own and read them back, pipelined. Only
 * its own client writes a key, so that every read has exactly one right answer.
 */
export class NumberedLoad {
  readonly #options: NumberedOptions;
  readonly #writer = `load${process.pid}x${++loads}`;
  readonly #errors: Map<string, number> = new Map();
  readonly #failed: FailedRequest[] = [];
  readonly #histories: Map<string, KeyHistory> = new Map();
  readonly #gaps: Gap[];
  readonly #acks: number[][];
  readonly #latencies: Latency[] = [];
  #acknowledged = 0;
  #stopping = false;
  readonly #done: Promise<void>;

  constructor(options: NumberedOptions) {
    this.#options = options;
    const { clients } = options;
    this.#gaps = Array.from({ length: clients }, () => ({ ms: 0, end: 0 }));
    this.#acks = Array.from({ length: clients }, () => []);
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
    const { port, depth, pauseMs = 1, keysOf } = this.#options;
    const client = await RespClient.open({ port, timeoutMs: 20_000 });
    const keys = keysOf?.(number) ?? [`key:${number}`];
    for (const key of keys) this.#histories.set(key, new KeyHistory(key, this.#writer));
    let next = 0;
    while (!this.#stopping) {
      const batch: Sent[] = [];
      for (let i = 0; i < depth; i++) {
        const key = keys[next++ % keys.length];
        batch.push({ key, number: next }, { key, number: 0 });
      }
      await this.#ask(client, number, batch);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    client.close();
  }

  async #ask(client: RespClient, number: number, batch: readonly Sent[]): Promise<void> {
    const requests = batch.map(({ key, number: write }) => {
      if (write === 0) return encodeRequest('GET', key);
      return encodeRequest('SET', key, numbered(key, this.#writer, write), 'GET');
    });
    const sentAt = performance.now();
    // Each is looked at when it comes: those behind it may come seconds later.
    const replies = batch.map(() => client.read(1));
    await client.send(Buffer.concat(requests));
    const newest = new Map<string, number>();
    for (const [i, sent] of batch.entries()) {
      if (sent.number > 0) newest.set(sent.key, sent.number);
      const [reply] = await replies[i];
      const at = performance.now();
      if (reply instanceof ReplyError) this.#fail(reply.message, batch, i, sentAt, at);
      else this.#check(sent, reply, newest.get(sent.key) as number, at);
      if (sent.number > 0 && !(reply instanceof ReplyError)) this.#acked(number, at);
    }
    this.#latencies.push({ client: number, sentAt, ms: performance.now() - sentAt });
  }

  #check({ key, number }: Sent, reply: Reply, newest: number, at: number): void {
    const history = this.#histories.get(key) as KeyHistory;
    const value = reply === null ? null : String(reply);
    if (number > 0) history.wrote(number, value, at);
    else history.read(value, newest);
  }

  #acked(client: number, at: number): void {
    this.#acknowledged++;
    const ms = at - (this.#acks[client].at(-1) ?? at);
    if (ms > this.#gaps[client].ms) this.#gaps[client] = { ms, end: at };
    this.#acks[client].push(at);
  }

  #fail(text: string, batch: readonly Sent[], i: number, sentAt: number, at: number): void {
    this.#errors.set(text, (this.#errors.get(text) ?? 0) + 1);
    if (this.#failed.length === MAX_FAILED) return;
    const { key, number } = batch[i];
    const writes = batch.slice(i + 1).filter((each) => each.number > 0);
    const behind = writes.map((each) => each.key);
    this.#failed.push({ text, key, isWrite: number > 0, behind, sentAt, at });
  }

  /** @param port where the keys are read in the end */
  async stop(port: number = this.#options.port): Promise<NumberedResult> {
    this.#stopping = true;
    await this.#done;
    const client = await RespClient.open(port);
    for (const [key, history] of this.#histories) {
      const value = await client.text('GET', key);
      history.end(value === null ? null : String(value));
    }
    client.close();
    const histories = [...this.#histories.values()];
    const losses = histories.flatMap((history) => history.losses);
    const longest = this.#gaps.reduce((most, gap) => (gap.ms > most.ms ? gap : most));
    return {
      acknowledged: this.#acknowledged,
      errors: this.#errors,
      failed: this.#failed,
      wrong: histories.flatMap(({ wrong }) => wrong),
      losses,
      lost: losses.reduce((sum, { count }) => sum + count, 0),
      longestGapMs: longest.ms,
      gapEnd: longest.end,
      latencies: this.#latencies,
      acks: this.#acks,
    };
  }
}
