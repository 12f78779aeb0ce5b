import { RespClient } from './resp-client.ts';
import { delay } from './wait.ts';

/** A write that a client was told is done. */
export interface Acknowledged {
  readonly sentAt: number;
  readonly at: number;
  /** The port of the server that has carried it out. */
  readonly server: number;
}

/** Writes, and says at which server that was. */
const WRITE = `
redis.call('SET', KEYS[1], ARGV[1])
return string.match(redis.call('INFO', 'server'), 'tcp_port:(%d+)')`;

/** A client of each proxy that writes all the time, and notes whose word it got. */
export class Writers {
  readonly all: Acknowledged[] = [];
  errors = 0;
  #stopped = false;
  readonly #running: Promise<unknown>;

  constructor(ports: readonly number[], pauseMs: number) {
    this.#running = Promise.all(ports.map((port, i) => this.#write(port, `w${i}`, pauseMs)));
  }

  async #write(port: number, key: string, pauseMs: number): Promise<void> {
    const client = await RespClient.open(port);
    for (let n = 1; !this.#stopped; n++) {
      const sentAt = performance.now();
      try {
        const server = Number(await client.text('EVAL', WRITE, 1, key, n));
        this.all.push({ sentAt, at: performance.now(), server });
      } catch {
        this.errors++;
      }
      await delay(pauseMs);
    }
    client.close();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}

/**
 * How often another server acknowledged than the one before, as far as that is certain: a write that
 * was sent behind an answer was carried out behind it.
 */
export function switches(all: readonly Acknowledged[]): number[] {
  const servers: number[] = [];
  let since = Number.NEGATIVE_INFINITY;
  for (const { sentAt, at, server } of [...all].sort((a, b) => a.sentAt - b.sentAt)) {
    if (server === servers.at(-1)) since = Math.min(since, at);
    else if (servers.length === 0 || sentAt > since) {
      servers.push(server);
      since = at;
    }
  }
  return servers;
}
