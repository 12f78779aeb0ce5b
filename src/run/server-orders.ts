import { alternatives } from '../admin/alternatives.ts';
import type { Config, PoolConfig } from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import { ORDERS_REMEMBERED } from '../limits.ts';
import { LOG_NOTICE, type Log } from '../log.ts';
import type { Order, ServerOrder } from '../proxy/pool/connections/order.ts';
import type { Serving } from './serving.ts';

/** The words of `ringway ctl server`. */
const ORDERS: ReadonlyMap<string, Order> = new Map([
  ['eject', 'eject'],
  ['drain', 'drain'],
  ['enable', 'none'],
]);

const TEXTS: Readonly<Record<Order, string>> = {
  eject: 'is out of the ring by order, until it is enabled',
  drain: 'is out of the ring by order, and its connections close, until it is enabled',
  none: 'is enabled: no order keeps it out of the ring',
};

const REMEMBERED = 'is not listed any more: the order about it holds when it is back';
const TOO_MANY = 'is not listed any more, and its order is forgotten: there are too many';
const FORGOTTEN = 'is no longer in the file: the order about it is forgotten';

/**
 * What an operator wants of single servers, whoever answers clients. An order holds over reloads,
 * restarts of workers and upgrades, until it is taken back or its server leaves the file. One that
 * SRV records do not list any more may be back in a moment, so its order holds on: of these a
 * number is remembered, besides those of servers that there are.
 */
export class ServerOrders {
  readonly #serving: Pick<Serving, 'setOrders'>;
  readonly #log: Log;
  #config: Config;
  #all: readonly ServerOrder[];

  /** @param inherited what the process before this one was ordered */
  constructor(
    serving: Pick<Serving, 'setOrders'>,
    log: Log,
    config: Config,
    inherited: readonly ServerOrder[] = [],
  ) {
    this.#serving = serving;
    this.#log = log;
    this.#config = config;
    this.#all = inherited;
    this.follow(config);
  }

  /** All that hold. */
  get all(): readonly ServerOrder[] {
    return this.#all;
  }

  /** Those about servers that are not listed now. */
  get away(): readonly ServerOrder[] {
    const names = namesOf(this.#config);
    return this.#all.filter((each) => !has(names, each));
  }

  /** @throws RingwayError RINGWAY_USAGE for words that are no order, or no server of a pool */
  obey(words: readonly string[]): ServerOrder {
    const [pool, server, word] = words;
    const order = ORDERS.get(word ?? '');
    if (order === undefined || words.length !== 3) {
      throw new RingwayError('RINGWAY_USAGE', 'expected server POOL NAME eject, enable or drain');
    }
    const others = this.#all.filter((each) => each.pool !== pool || each.server !== server);
    // One that is away and has an order may be given another.
    if (others.length === this.#all.length) this.#check(pool, server);
    const told: ServerOrder = { pool, server, order };
    this.#all = order === 'none' ? others : [...others, told];
    this.#serving.setOrders(this.#all, order === 'none' ? told : null);
    this.#say(told, TEXTS[order]);
    return told;
  }

  #check(pool: string, server: string): void {
    const { pools } = this.#config;
    const found = pools.find(({ name }) => name === pool);
    if (found === undefined) {
      throw new RingwayError('RINGWAY_USAGE', `no pool '${pool}'; ${alternatives(pools)}`);
    }
    if (found.servers.some(({ name }) => name === server)) return;
    const ofCluster = 'its servers are what its cluster says';
    const known = found.cluster ? ofCluster : alternatives(found.servers);
    throw new RingwayError('RINGWAY_USAGE', `no server '${server}' in ${pool}; ${known}`);
  }

  /** What another process was ordered until now. */
  inherit(orders: readonly ServerOrder[]): void {
    const before = this.#all;
    this.#all = orders;
    this.follow(this.#config);
    if (this.#all.length === 0 && before.length > 0) this.#serving.setOrders([], null);
  }

  /** The program goes on with another configuration. */
  follow(config: Config): void {
    const [was, is] = [this.#config, config].map(namesOf);
    const lines = linesOf(this.#config, config);
    const before = this.#all;
    const gone = before.filter((each) => !has(is, each));
    const away = gone.filter(({ pool, server }) => lines.get(pool)?.has(server) === false);
    const remembered = new Set(away.slice(-ORDERS_REMEMBERED));
    const superfluous = new Set(away.slice(0, -ORDERS_REMEMBERED));
    this.#config = config;
    this.#all = before.filter((each) => has(is, each) || remembered.has(each));
    for (const each of gone) {
      if (!remembered.has(each)) this.#say(each, superfluous.has(each) ? TOO_MANY : FORGOTTEN);
      else if (has(was, each)) this.#say(each, REMEMBERED);
    }
    if (before.length > 0) this.#serving.setOrders(this.#all, null);
  }

  #say({ pool, server, order }: ServerOrder, text: string): void {
    const fields = { event: 'order', pool, server, order };
    this.#log.write(LOG_NOTICE, `server ${pool} | ${server} ${text}`, fields);
  }
}

/** Names of servers, by pool. */
type Names = ReadonlyMap<string, ReadonlySet<string>>;

function namesOf({ pools }: Config): Names {
  return new Map(pools.map(({ name, servers }) => [name, namesIn(servers)]));
}

function namesIn(servers: PoolConfig['servers'] = []): ReadonlySet<string> {
  return new Set(servers.map(({ name }) => name));
}

function has(names: Names, { pool, server }: ServerOrder): boolean {
  return names.get(pool)?.has(server) === true;
}

/**
 * Names that lines of the file had, of pools that have servers by SRV records from now on: a server
 * that was none of these may be listed again.
 */
function linesOf(before: Config, after: Config): Names {
  const had = new Map(
    before.pools.map(({ name, discovery, servers }) => [name, discovery?.fixed ?? servers]),
  );
  const pools = after.pools.filter(({ discovery }) => discovery !== null);
  return new Map(pools.map(({ name }) => [name, namesIn(had.get(name))]));
}
