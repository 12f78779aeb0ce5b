import {
  type PoolCounter,
  type ProcessCounter,
  SERVER_EJECTED_AT,
  type ServerCounter,
} from '../../stats/counters.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { Pool } from '../pool/pool.ts';
import { askSiblings } from './question.ts';

/** What a process is asked about its counters. */
export interface CountersQuestion {
  /** Name of a pool. */
  readonly countersOf: string;
}

/** What one process has counted: plain data, by the counters' numbers. */
interface Counted {
  readonly process: readonly number[];
  readonly pool: readonly number[];
  readonly servers: Readonly<Record<string, readonly number[]>>;
  /** Connections of the pool to its servers. */
  readonly open: number;
  readonly residentBytes: number;
}

/** Whether it is one about counters: others are about subscriptions. */
export function isCountersQuestion(question: object): question is CountersQuestion {
  return 'countersOf' in question;
}

/** What this process has counted; nothing when it has no such pool, as around a reload. */
export function countedHere(pool: Pool | undefined): Counted | object {
  if (pool === undefined) return {};
  for (const server of pool.servers) server.gaugeQueues();
  const { counters, servers, budget, engine } = pool;
  return {
    process: [...engine.process],
    pool: [...counters],
    servers: Object.fromEntries(servers.map((each) => [each.name, [...each.counters]])),
    open: budget.open,
    residentBytes: process.memoryUsage.rss(),
  };
}

/** The counters of a pool, added up over the processes that serve it. */
export class PoolCounts {
  readonly #all: readonly Counted[];

  constructor(answers: readonly object[]) {
    this.#all = answers.filter((answer): answer is Counted => 'process' in answer);
  }

  #sum(pick: (counted: Counted) => number | undefined): number {
    return this.#all.reduce((sum, counted) => sum + (pick(counted) ?? 0), 0);
  }

  ofProcess(counter: ProcessCounter): number {
    return this.#sum(({ process }) => process[counter]);
  }

  ofPool(counter: PoolCounter): number {
    return this.#sum(({ pool }) => pool[counter]);
  }

  /** @param name the server's; of a moment, the latest */
  ofServer(name: string, counter: ServerCounter): number {
    const each = this.#all.map(({ servers }) => servers[name]?.[counter] ?? 0);
    if (counter === SERVER_EJECTED_AT) return Math.max(...each);
    return each.reduce((sum, count) => sum + count, 0);
  }

  /** Connections of the pool to its servers. */
  get open(): number {
    return this.#sum(({ open }) => open);
  }

  get residentBytes(): number {
    return this.#sum(({ residentBytes }) => residentBytes);
  }
}

/**
 * Gives `done` the counters of a client's pool, of all processes that are there and answer: at once
 * when there is one.
 */
export function withPoolCounts(client: ClientConnection, done: (counts: PoolCounts) => void): void {
  const question: CountersQuestion = { countersOf: client.pool.config.name };
  askSiblings(client, question, (others) => {
    done(new PoolCounts([countedHere(client.pool), ...(others ?? [])]));
  });
}
