import {
  type Config,
  type PoolConfig,
  readAttached,
  type ServerLogin,
  secretOf,
} from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import { LOG_NOTICE, LOG_WARN, type Log } from '../log.ts';
import { SYSTEM_CLOCK } from '../topology/clock.ts';
import { type KnownShard, type ShardSpec, type Step, Topology } from '../topology/topology.ts';
import type { Serving } from './serving.ts';

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

/** Texts of the file as requests carry them: one character per byte. */
function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** What is said by AUTH now: the password in a file may be another than when that was read. */
function wordsOf(login: ServerLogin | null): readonly string[] | null {
  if (login === null) return null;
  const { user, password, file } = login;
  const now = file === null ? null : readAttached(file);
  const found = now !== null && !('problem' in now) && now.bytes.length > 0;
  const { bytes } = found ? secretOf(now.bytes, now.exposed) : password;
  const text = bytes.toString('latin1');
  return user === null ? [text] : [latin1(user), text];
}

function shardsOf({ pools }: Config): ShardSpec[] {
  return pools.filter(({ followsMaster }) => followsMaster).flatMap(shardsOfPool);
}

function shardsOfPool(pool: PoolConfig): ShardSpec[] {
  const { sentinels, sentinelAuth, sentinelTls, sentinelPrefix, serverLogin } = pool;
  const blank = sentinelAuth?.indexOf(' ') ?? -1;
  const words =
    sentinelAuth !== null && blank > 0
      ? [sentinelAuth.slice(0, blank), sentinelAuth.slice(blank + 1)]
      : [sentinelAuth ?? ''];
  return pool.servers.map(({ name, ringName, host, port, tls }) => ({
    pool: pool.name,
    server: name,
    master: latin1(sentinelPrefix) + ringName,
    address: { host, port },
    sentinels,
    sentinelLogin: sentinelAuth === null ? null : words.map(latin1),
    serverLogin: () => wordsOf(serverLogin),
    tls,
    sentinelTls: sentinelTls ? tls : null,
  }));
}
