import type { Config } from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import { LOG_NOTICE, LOG_WARN, type Log } from '../log.ts';
import { SYSTEM_CLOCK } from '../topology/clock.ts';
import { type KnownShard, type Step, Topology } from '../topology/topology.ts';
import type { Serving } from './serving.ts';
import { shardsOf } from './shard-specs.ts';

const NOWHERE: Pick<Serving, 'steer'> = { steer: () => {} };

/** Follows the masters of a program's pools, whoever answers its clients. */
export class TopologyKeeper {
  readonly #topology: Topology;
  #serving: Pick<Serving, 'steer'> = NOWHERE;
  /** What another process had found out, until it is followed here. */
  #inherited: readonly KnownShard[];

  /** @param known what another process has found out @param frozen and must stay so */
  constructor(log: Log, known: readonly KnownShard[] = [], frozen = false) {
    this.#inherited = known;
    this.#topology = new Topology({
      clock: SYSTEM_CLOCK,
      steer: (step) => this.#steer(step),
      say: (text, shard) => {
        if (shard === null) {
          log.write(LOG_WARN, text, { event: 'sentinel' });
          return;
        }
        const { pool, server } = shard;
        log.write(LOG_NOTICE, `${pool} | ${server}: ${text}`, { event: 'failover', pool, server });
      },
    });
    this.#topology.frozen = frozen;
  }

  /** Begins, with those who answer clients and know what `known` says already. */
  start(serving: Pick<Serving, 'steer'>, config: Config): void {
    this.#serving = serving;
    this.#topology.follow(shardsOf(config), this.#inherited);
    this.#inherited = [];
  }

  #steer(step: Step): void {
    this.#serving.steer(step);
  }

  /** The program goes on with another configuration. */
  follow(config: Config): void {
    this.#topology.follow(shardsOf(config));
  }

  /** What the process that hands over has found out since it said what it knew. */
  learn(known: readonly KnownShard[]): void {
    this.#topology.learn(known);
  }

  onTrouble(pool: string, server: string): void {
    this.#topology.onTrouble(pool, server);
  }

  /** Where masters are, for another process. */
  get known(): readonly KnownShard[] {
    return this.#inherited.length > 0 ? this.#inherited : this.#topology.known;
  }

  /** @throws RingwayError RINGWAY_USAGE when there is no such shard, or no sentinel does it */
  async failover(pool: string, server: string): Promise<object> {
    try {
      return await this.#topology.failover(pool, server);
    } catch (error) {
      throw new RingwayError('RINGWAY_USAGE', (error as Error).message, { cause: error });
    }
  }

  /** What `ringway ctl topology` prints. */
  get view(): object {
    return { frozen: this.#topology.frozen, shards: this.#topology.views };
  }

  /** Servers stay where they are, also in a process that takes over. */
  get frozen(): boolean {
    return this.#topology.frozen;
  }

  set frozen(frozen: boolean) {
    this.#topology.frozen = frozen;
  }

  stop(): void {
    this.#topology.stop();
  }
}
