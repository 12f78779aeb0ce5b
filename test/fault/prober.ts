import { RawClient } from '../memcache/raw-client.ts';
import { delay } from '../support/wait.ts';
import type { Wire } from './wire.ts';

interface Sample {
  readonly at: number;
  readonly ms: number;
  readonly good: boolean;
}

/** One client that asks for one key again and again, and remembers when it got what. */
export class Prober {
  readonly #client: RawClient;
  readonly #wire: Wire;
  readonly #key: string;
  readonly #port: number;
  readonly samples: Sample[] = [];
  #running = true;
  #work: Promise<void> = Promise.resolve();

  static async start(port: number, wire: Wire, key: string): Promise<Prober> {
    const prober = new Prober(await RawClient.open(port), port, wire, key);
    prober.#work = prober.#run();
    return prober;
  }

  private constructor(client: RawClient, port: number, wire: Wire, key: string) {
    this.#client = client;
    this.#port = port;
    this.#wire = wire;
    this.#key = key;
  }

  async #run(): Promise<void> {
    let client = this.#client;
    while (this.#running) {
      if (client.ended) client = await RawClient.open(this.#port);
      client.take();
      const at = performance.now();
      client.send(this.#wire.set(this.#key, `${this.#key}#1#`));
      await client.until((bytes) => bytes.includes('\r\n'), 'a reply', 15_000).catch(() => {});
      const answer = client.received.length > 0 && this.#wire.parse(client.received, 0, []);
      const good = answer ? answer[0].kind === 'ok' : false;
      this.samples.push({ at, ms: performance.now() - at, good });
      await delay(2);
    }
    client.close();
  }

  /** Milliseconds from `moment` until a request sent then or later, or answered, was right. */
  recoveredAfter(moment: number): number {
    const first = this.samples.find(({ at, ms, good }) => good && at + ms >= moment);
    return first === undefined ? Number.POSITIVE_INFINITY : first.at + first.ms - moment;
  }

  /** The 99th percentile of the latencies of requests sent in a period. */
  p99(from: number, to: number): number {
    const inside = this.samples.filter(({ at }) => at >= from && at < to).map(({ ms }) => ms);
    inside.sort((a, b) => a - b);
    return inside.length === 0 ? Number.NaN : inside[Math.floor((inside.length - 1) * 0.99)];
  }

  /** The longest latency of the requests sent in a period. */
  longest(from: number, to: number): number {
    const inside = this.samples.filter(({ at }) => at >= from && at < to);
    return inside.reduce((most, { ms }) => Math.max(most, ms), 0);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#work;
  }
}
