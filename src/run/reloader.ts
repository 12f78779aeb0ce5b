import { unwatchFile, watchFile } from 'node:fs';
import {
  type Config,
  type ConfigText,
  configWarnings,
  type Members,
  readConfig,
} from '../config/index.ts';
import { sampleKeys } from '../distribution/moved.ts';
import { RingwayError } from '../errors.ts';
import { DIFFERENCES_CHARACTERS, DIFFERENCES_TOLD, WATCH_MS } from '../limits.ts';
import { LOG_ERROR, LOG_NOTICE, LOG_WARN, type Log } from '../log.ts';
import type { PoolListeners } from '../proxy/listeners.ts';
import { compareConfigs, type PoolChange } from '../proxy/pool/config-changes.ts';
import { NO_OWN_COUNTS, type OwnCounters } from '../stats/snapshot.ts';
import { withListed } from './members/member-keeper.ts';
import type { ServerOrders } from './server-orders.ts';
import type { Serving } from './serving.ts';
import type { TopologyKeeper } from './topology-keeper.ts';

/** Made-up keys that tell how many move: few, as clients wait while they are looked up. */
const KEYS: readonly Uint8Array[] = [...sampleKeys(10_000)];

/** What takes over another configuration. */
export interface ReloaderOptions {
  readonly serving: Serving;
  readonly listeners: PoolListeners;
  readonly topology: TopologyKeeper;
  readonly orders: ServerOrders;
  readonly log: Log;
  readonly drainMs: number;
}

/** What a reload has done, or would do. */
export interface ReloadReport {
  readonly changes: readonly PoolChange[];
}

/**
 * Reads the configuration again. It is checked first, made ready everywhere, and only then taken
 * over; with any mistake the last good one stays, and the mistake is logged and counted.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  #current: ConfigText;
  #counters: OwnCounters = NO_OWN_COUNTS;
  /** One after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #watched: string | null = null;
  #stopped = false;

  constructor(current: ConfigText, options: ReloaderOptions) {
    this.#current = current;
    this.#options = options;
  }

  get counters(): OwnCounters {
    return this.#counters;
  }

  get current(): Config {
    return this.#current.config;
  }

  /** Work that no reload may come into. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /**
   * Takes over what the file says now.
   * @throws RingwayError; then nothing has changed, and it is logged and counted already
   */
  reload(read: () => Promise<ConfigText> = () => readConfig(this.current.file)) {
    return this.exclusively(async (): Promise<ReloadReport> => {
      try {
        const next = await this.#options.topology.members.fill(await read(), this.current);
        const changes = compareConfigs(this.current, next.config, KEYS);
        await this.#switchTo(next);
        for (const line of configWarnings(next.config)) this.#say(LOG_WARN, line);
        this.#succeeded(changes);
        return { changes };
      } catch (error) {
        this.#failed(error as Error);
        throw error;
      }
    });
  }

  /** What a reload would change. @throws RingwayError when the file could not be taken over */
  async plan(): Promise<ReloadReport> {
    const read = await readConfig(this.current.file);
    return this.exclusively(async () => {
      const { serving, topology } = this.#options;
      const next = await topology.members.fill(read, this.current);
      const prepared = await serving.prepare(next);
      prepared.abort();
      return { changes: compareConfigs(this.current, next.config, KEYS) };
    });
  }

  /**
   * SRV records list others: rings are made of these, the file is as before.
   * @param members by name, of those names that list others
   * @throws RingwayError; then nothing has changed, and it is logged already
   */
  changeMembers(members: Members): Promise<void> {
    return this.exclusively(async () => {
      try {
        // It may have been frozen while this waited for its turn.
        if (this.#options.topology.frozen) {
          throw new RingwayError('RINGWAY_CONFIG', 'the topology is frozen');
        }
        const next = withListed(this.#current, { ...this.#current.members, ...members });
        const changes = compareConfigs(this.current, next.config, KEYS);
        await this.#switchTo(next);
        for (const change of changes) {
          if (change.change !== 'same') this.#say(LOG_NOTICE, `SRV records: ${describe(change)}`);
        }
      } catch (error) {
        const why = (error as Error).message;
        this.#say(LOG_ERROR, `rings stay as they are, SRV records list others: ${why}`);
        throw error;
      }
    });
  }

  async #switchTo(next: ConfigText): Promise<void> {
    const { serving, listeners, drainMs } = this.#options;
    if (this.#stopped) throw new RingwayError('RINGWAY_STARTUP', 'it is about to end');
    const engines = await serving.prepare(next);
    try {
      const doors = await listeners.prepare(next.config.pools);
      await engines.commit(drainMs);
      doors.commit();
    } catch (error) {
      engines.abort();
      throw error;
    }
    this.#current = next;
    this.#options.topology.follow(next.config, next.members);
    this.#options.orders.follow(next.config);
  }

  #succeeded(changes: readonly PoolChange[]): void {
    const { reloads } = this.#counters;
    this.#counters = {
      ...this.#counters,
      reloads: reloads + 1,
      lastReloadAt: Date.now(),
      lastReloadError: '',
    };
    const changed = changes.filter(({ change }) => change !== 'same');
    const what = changed.map(describe).join('; ');
    this.#say(LOG_NOTICE, `configuration reloaded: ${what === '' ? 'nothing has changed' : what}`);
  }

  #failed(error: Error): void {
    const { reloadErrors } = this.#counters;
    this.#counters = {
      ...this.#counters,
      reloadErrors: reloadErrors + 1,
      lastReloadError: error.message,
    };
    const lines = error instanceof RingwayError ? error.message : (error.stack ?? String(error));
    for (const line of lines.split('\n')) this.#say(LOG_ERROR, line);
    this.#say(LOG_ERROR, 'the configuration was not reloaded; the last good one stays in use');
  }

  /** Reloads whenever the file changes. */
  watch(): void {
    this.#watched = this.current.file;
    watchFile(this.#watched, { interval: WATCH_MS, persistent: false }, (now, before) => {
      if (now.mtimeMs === before.mtimeMs && now.size === before.size && now.ino === before.ino) {
        return;
      }
      this.#say(LOG_NOTICE, `${this.current.file} has changed`);
      void this.reload().catch(() => {});
    });
  }

  /** What waits for its turn still is refused: the listeners are those of another process now. */
  stop(): void {
    this.#stopped = true;
    if (this.#watched !== null) unwatchFile(this.#watched);
  }

  #say(level: number, line: string): void {
    this.#options.log.write(level, line);
  }
}

function describe({ pool, change, differences, moved }: PoolChange): string {
  if (moved === null) return `pool ${pool} ${change}`;
  const share = `${(moved.share * 100).toFixed(2)} % of its keys move`;
  const told: string[] = [];
  let characters = 0;
  for (const text of differences.slice(0, DIFFERENCES_TOLD)) {
    characters += text.length;
    if (characters > DIFFERENCES_CHARACTERS) break;
    told.push(text);
  }
  const more = differences.length - told.length;
  const rest = more > 0 ? [`and ${more} more`] : [];
  return [`pool ${pool}: ${share}`, ...told, ...rest].join(', ');
}
