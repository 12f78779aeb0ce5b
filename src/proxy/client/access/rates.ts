import type { PoolConfig } from '../../../config/index.ts';
import { RATED_USERS } from '../../../limits.ts';
import { FLAG_LAST, WHOLE } from '../../../protocol/frame-table.ts';
import { type PoolCounters, RATE_LIMITED } from '../../../stats/counters.ts';
import { millis } from '../../engine/clock.ts';
import type { Deadlines, Timed } from '../../engine/deadlines.ts';
import { TokenBucket } from './token-bucket.ts';

/** A client whose requests are counted. */
export interface RatedClient {
  readonly pool: {
    readonly config: PoolConfig;
    readonly counters: PoolCounters;
    readonly engine: { readonly deadlines: Deadlines; readonly workers: number };
  };
  readonly login: { readonly user: string };
  readonly closed: boolean;
  rates: Rates | null;
  /** It may go on. */
  goOn(): void;
  onException(error: unknown): void;
}

type Kind = 'requests' | 'bytes';
type Buckets = Partial<Record<Kind, TokenBucket>>;

/** What the clients of a user have together. */
interface Share {
  readonly buckets: Buckets;
  clients: number;
}

/** The shares of users, by name. Servers may know any number of users (`logins: server`). */
class Shares {
  readonly #users: Map<string, Share> = new Map();
  #sweepAt = RATED_USERS;

  get size(): number {
    return this.#users.size;
  }

  of({ config, engine }: RatedClient['pool'], user: string): Share {
    const known = this.#users.get(user);
    if (known !== undefined) return known;
    if (this.#users.size >= this.#sweepAt) this.#sweep();
    const { userRequestsPerSecond, userBytesPerSecond } = config;
    const buckets = bucketsOf(userRequestsPerSecond, userBytesPerSecond, engine.workers);
    const share = { buckets, clients: 0 };
    this.#users.set(user, share);
    return share;
  }

  /** Forgets users without clients whose share is as a new one would be. */
  #sweep(): void {
    const now = millis();
    for (const [user, { buckets, clients }] of this.#users) {
      const { requests, bytes } = buckets;
      const isWhole = (requests?.isFull(now) ?? true) && (bytes?.isFull(now) ?? true);
      if (clients === 0 && isWhole) this.#users.delete(user);
    }
    this.#sweepAt = Math.max(RATED_USERS, 2 * this.#users.size);
  }
}

/** Of each configuration anew. */
const shares: WeakMap<PoolConfig, Shares> = new WeakMap();

/** The shares that a configuration has begun. */
export function sharesOf(config: PoolConfig): Pick<Shares, 'size' | 'of'> {
  let known = shares.get(config);
  if (known === undefined) {
    known = new Shares();
    shares.set(config, known);
  }
  return known;
}

function bucketsOf(requests: number, bytes: number, parts: number): Buckets {
  const now = millis();
  return {
    ...(requests > 0 ? { requests: new TokenBucket(Math.max(1, requests / parts), now) } : {}),
    ...(bytes > 0 ? { bytes: new TokenBucket(Math.max(1, bytes / parts), now) } : {}),
  };
}

function isRated(config: PoolConfig): boolean {
  const { clientRequestsPerSecond, clientBytesPerSecond } = config;
  const { userRequestsPerSecond, userBytesPerSecond } = config;
  const rates = [clientRequestsPerSecond, clientBytesPerSecond];
  return [...rates, userRequestsPerSecond, userBytesPerSecond].some((rate) => rate > 0);
}

/** How much a client may ask for in a second: by itself, and with the others of its user. */
export class Rates implements Timed {
  readonly #client: RatedClient;
  readonly config: PoolConfig;
  readonly #own: Buckets;
  #user: Share;
  #requests: readonly TokenBucket[] = [];
  #bytes: readonly TokenBucket[] = [];
  /** What is beyond them gets an error, and does not wait. */
  readonly refuses: boolean;
  /** The request at hand is one too many. */
  late = false;
  /** Its bytes. */
  #admitted = 0;
  #wakeAt = 0;
  timerAt = 0;

  constructor(client: RatedClient) {
    const { config } = client.pool;
    this.#client = client;
    this.config = config;
    this.refuses = config.rateAction === 'error';
    this.#own = bucketsOf(config.clientRequestsPerSecond, config.clientBytesPerSecond, 1);
    this.#user = sharesOf(config).of(client.pool, client.login.user);
    this.#user.clients++;
    this.#gather();
  }

  /** Its client is another user now. */
  follow(user: string): void {
    this.#user.clients--;
    this.#user = sharesOf(this.config).of(this.#client.pool, user);
    this.#user.clients++;
    this.#gather();
  }

  #gather(): void {
    const both = [this.#own, this.#user.buckets];
    this.#requests = both.flatMap(({ requests }) => requests ?? []);
    this.#bytes = both.flatMap(({ bytes }) => bytes ?? []);
  }

  /** Requests that may be sent now; with 0 its client is told when there are more. */
  credit(): number {
    if (this.refuses) return Infinity;
    const now = millis();
    let most = Infinity;
    for (let i = 0; i < this.#requests.length; i++) {
      most = Math.min(most, this.#requests[i].left(now));
    }
    for (let i = 0; i < this.#bytes.length; i++) if (this.#bytes[i].left(now) === 0) most = 0;
    if (most === 0) this.#wait(now);
    return most;
  }

  /** So much was taken in. */
  spend(requests: number, bytes: number): void {
    for (let i = 0; i < this.#requests.length; i++) this.#requests[i].take(requests);
    for (let i = 0; i < this.#bytes.length; i++) this.#bytes[i].take(bytes);
  }

  /** So much was taken in of what is not looked at one by one. */
  count(requests: number, bytes: number): void {
    if (!this.refuses) this.spend(requests, bytes);
  }

  /**
   * Where what is too much gets an error: looks at one request, and counts it. One that comes in
   * pieces gets none.
   */
  admit(info: number, bytes: number): void {
    if ((info & WHOLE) !== WHOLE) {
      this.late = false;
      this.spend((info & FLAG_LAST) === 0 ? 0 : 1, bytes);
      return;
    }
    const now = millis();
    let left = true;
    for (let i = 0; i < this.#requests.length; i++) left &&= this.#requests[i].left(now) > 0;
    for (let i = 0; i < this.#bytes.length; i++) left &&= this.#bytes[i].left(now) > 0;
    this.late = !left;
    this.#admitted = bytes;
    if (left) this.spend(1, bytes);
    else this.#client.pool.counters[RATE_LIMITED]++;
  }

  /** The request that was looked at last is looked at again. */
  giveBack(): void {
    if (!this.late) this.spend(-1, -this.#admitted);
    else this.#client.pool.counters[RATE_LIMITED]--;
  }

  #wait(now: number): void {
    if (this.#wakeAt !== 0) return;
    let wait = 1;
    for (const bucket of [...this.#requests, ...this.#bytes]) {
      wait = Math.max(wait, bucket.waitMs(now));
    }
    this.#client.pool.counters[RATE_LIMITED]++;
    this.#wakeAt = now + wait;
    this.#client.pool.engine.deadlines.arm(this, this.#wakeAt);
  }

  /** Its client waits until there are more. */
  get waiting(): boolean {
    return this.#wakeAt !== 0;
  }

  /** Its client has gone, or is counted in another way. */
  stop(): void {
    this.#wakeAt = 0;
    this.#user.clients--;
    this.#client.pool.engine.deadlines.forget(this);
  }

  nextDeadline(): number {
    return this.#client.closed ? 0 : this.#wakeAt;
  }

  onDeadline(): void {
    this.#wakeAt = 0;
    this.#client.goOn();
  }

  onException(error: unknown): void {
    this.#client.onException(error);
  }
}

/** Another configuration, or another user: what the client has used up stays used up. */
export function takeRates(client: RatedClient): void {
  const { config } = client.pool;
  const { rates } = client;
  if (rates !== null && rates.config === config) {
    rates.follow(client.login.user);
    return;
  }
  rates?.stop();
  client.rates = isRated(config) ? new Rates(client) : null;
}
