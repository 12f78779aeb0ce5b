import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { freePort } from '../../support/free-port.ts';
import { type ChildRingway, spawnRingway } from '../../support/ringway.ts';
import { delay, waitFor } from '../../support/wait.ts';
import { Random } from '../random.ts';
import { HostileClient, KINDS, type Target } from './hostile-client.ts';
import type { HostileServer } from './hostile-server.ts';
import { FairClock, Innocent } from './innocent.ts';
import { innocentMemcache } from './innocent-memcache.ts';
import { innocentRedis } from './innocent-redis.ts';
import type { RealSide } from './real-side.ts';
import { chooseSetting, healthyKeys, PASSWORD, type Setting } from './setting.ts';
import { Watch } from './watch.ts';

// One round: a proxy of its own, innocent clients, and hostile ones beside them, all chosen by one
// seed. Only the timing differs from run to run.

export interface RoundResult {
  readonly seed: number;
  readonly label: string;
  readonly complaints: string[];
  /** The last inputs of the hostile clients that were there at the end. */
  readonly inputs: string[];
  readonly requests: number;
  readonly answered: number;
  readonly largestBytes: number;
  readonly seconds: number;
}

export interface RoundOptions {
  readonly real: RealSide;
  readonly hostile: readonly HostileServer[];
  readonly seed: number;
  /** Counts codecs and workers through. */
  readonly round: number;
  /** Hostile clients in all. */
  readonly clients: number;
}

const AT_ONCE = 20;
/** Hostile clients whose inputs are told ended at most this long before the finding. */
const RECENT_MS = 10_000;
const MOST_COMPLAINTS = 8;
const TOLD = 16;
const CLIENT_MS = 6_000;

export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const round = new Round(options);
  try {
    return await round.run();
  } finally {
    await round.stop();
  }
}

class Round {
  readonly #options: RoundOptions;
  readonly #random: Random;
  readonly #clock = new FairClock();
  readonly #hostile: HostileClient[] = [];
  #innocents: Innocent[] = [];
  #ringway: ChildRingway | null = null;
  #setting!: Setting;
  #watch!: Watch;
  #httpPort = 0;
  #foundInputs: string[] | null = null;

  constructor(options: RoundOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  async run(): Promise<RoundResult> {
    const { real, seed, round, clients } = this.#options;
    const began = performance.now();
    await this.#start();
    // The first SELECT of a database waits for every server: these are still well-behaved.
    await Promise.all(this.#innocents.map((each) => each.greet()));
    for (const server of this.#options.hostile) server.misbehave();
    let over = false;
    const innocents = this.#innocents.map((each) => each.run(() => over || !this.#watch.alive));
    const reloads = this.#reloads(() => over);
    await this.#sendHostile(clients);
    // What a hostile client left behind must not harm those who come later.
    await delay(300);
    over = true;
    await Promise.all([...innocents, reloads]);
    const complaints = await this.#complaints();
    const requests = this.#hostile.reduce((sum, each) => sum + each.requests, 0);
    const answered = this.#innocents.reduce((sum, each) => sum + each.answered, 0);
    if (this.#watch.alive) {
      const few = this.#setting.pools.some((pool) => 'max_backend_connections' in pool);
      complaints.push(...(await real.complaints(requests + answered, few)));
    }
    const { variant, workers, memoryMib, allHealthy, chosen } = this.#setting;
    const how = `${variant.label}, workers ${workers}, ${memoryMib} MiB, ${chosen}`;
    const label = `${how}${allHealthy ? ', no hostile server' : ''}, seed ${seed}`;
    return {
      seed,
      label: `round ${round}, ${label}`,
      complaints: complaints.slice(0, MOST_COMPLAINTS),
      inputs: complaints.length > 0 ? (this.#foundInputs ?? this.#inputs()) : [],
      requests,
      answered,
      largestBytes: this.#watch.largestBytes,
      seconds: (performance.now() - began) / 1000,
    };
  }

  async #start(): Promise<void> {
    const { real, hostile, seed } = this.#options;
    const ports = (servers: readonly { port: number }[]): number[] => servers.map((s) => s.port);
    await real.reset();
    for (const [i, server] of hostile.entries()) server.restart(seed + i);
    this.#setting = await chooseSetting(this.#random, seed, {
      open: ports(real.open),
      secret: ports(real.secret),
      memcached: ports(real.memcached),
      hostileRedis: hostile[0].port,
      hostileSecret: hostile[1].port,
      hostileMemcached: hostile[2].port,
    });
    this.#httpPort = await freePort();
    const { file, variant, memoryMib, workers } = this.#setting;
    const args = ['--http-addr', `127.0.0.1:${this.#httpPort}`, '--memory-mib', String(memoryMib)];
    if (workers > 1) args.push('--workers', String(workers));
    this.#ringway = await spawnRingway(file, { variant, args });
    const ringway = this.#ringway;
    await waitFor(
      'ringway to be ready',
      () => ringway.child.exitCode !== null || ringway.log.some((line) => /\] ready: /.test(line)),
      30_000,
    );
    for (const port of ringway.ports) await waitFor('its pools', () => reachable(port));
    this.#watch = new Watch(ringway, memoryMib);
    this.#innocents = this.#makeInnocents();
  }

  #makeInnocents(): Innocent[] {
    const { parsed, file } = this.#setting;
    const made: Innocent[] = [];
    for (const [i, pool] of parsed.entries()) {
      for (let j = 0; j < 2; j++) {
        const id = `${pool.name}${j}`;
        const keys = healthyKeys(pool, id, 8);
        const counters = healthyKeys(pool, `${id}#`, 4);
        // Many keys in one request, many replies that wait at once: all of it is below the limits.
        const limit = Math.min(pool.clientOutputLimit, pool.maxAssembledRequest);
        const longest = Math.min(40_000, limit >> 5);
        const talk = pool.redis
          ? innocentRedis({
              id,
              db: this.#random.below(3) * 7,
              resp3: this.#random.once(3),
              password: pool.clientAuth === null ? null : PASSWORD,
              keys,
              counters,
              longest,
            })
          : innocentMemcache(id, keys, counters, longest);
        const random = new Random(this.#random.bits());
        made.push(new Innocent(file.ports[i], random, talk, this.#clock));
      }
    }
    return made;
  }

  #target(random: Random): Target {
    const i = random.pick([0, 0, 0, 1, 1, 2, 2]);
    const pool = this.#setting.parsed[i];
    return {
      port: this.#setting.file.ports[i],
      redis: pool.redis,
      password: pool.clientAuth === null ? null : PASSWORD,
      member: random.once(2),
      maxArguments: this.#setting.maxArguments,
    };
  }

  /** Sends one hostile client after the other, a number of them at once. */
  async #sendHostile(count: number): Promise<void> {
    const { seed } = this.#options;
    // In half of the rounds most of them do the same.
    const theme = this.#random.once(2) ? this.#random.pick(KINDS) : null;
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < count && this.#calm()) {
        const number = next++;
        const random = new Random(seed ^ Math.imul(number + 1, 0x9e3779b1));
        const kind = theme !== null && !random.once(3) ? theme : random.pick(KINDS);
        const client = new HostileClient(number, kind, this.#target(random), random);
        this.#hostile.push(client);
        await Promise.race([client.run(), delay(CLIENT_MS)]);
      }
    };
    const crowded = theme === 'keeper' || theme === 'unfinished' || theme === 'deaf';
    await Promise.all(Array.from({ length: crowded ? 3 * AT_ONCE : AT_ONCE }, lane));
  }

  /** Nothing is wrong so far. */
  #calm(): boolean {
    if (this.#foundInputs !== null) return false;
    const calm =
      this.#watch.complaints.length === 0 &&
      this.#innocents.every((each) => each.complaint === null) &&
      this.#hostile.every((each) => each.complaints.length === 0);
    // What was said just before is what counts; later inputs would push it out.
    if (!calm) this.#foundInputs = this.#inputs();
    return calm;
  }

  /** Small changes of the file now and then; those of the servers' addresses would end requests. */
  async #reloads(over: () => boolean): Promise<void> {
    const ringway = this.#ringway as ChildRingway;
    const random = new Random(this.#options.seed + 1);
    if (random.once(2)) return;
    for (let i = 0; !over() && this.#watch.alive; i++) {
      const text = this.#setting.file.text.replaceAll(
        '\n  servers:',
        `\n  client_idle_timeout: ${900_000 + i}\n  servers:`,
      );
      writeFileSync(ringway.file, text);
      ringway.kill('SIGHUP');
      for (let ms = 0; ms < 1_500 && !over(); ms += 100) await delay(100);
    }
  }

  async #complaints(): Promise<string[]> {
    await this.#watch.readCounters(this.#httpPort);
    if (this.#watch.alive) {
      const left = await this.#leftovers();
      if (left.length > 0) this.#watch.complaints.push(...left);
    }
    this.#watch.stop();
    const found = [...this.#watch.complaints];
    for (const { complaint } of this.#innocents) if (complaint !== null) found.push(complaint);
    // When the process is gone, all connections are.
    const alive = this.#watch.alive;
    for (const { complaints } of this.#hostile) if (alive) found.push(...complaints);
    for (const server of this.#options.hostile) {
      for (const text of server.complaints) found.push(`a server got ${text}`);
    }
    return found;
  }

  /** Connections and requests that are still there when nobody is. */
  async #leftovers(): Promise<string[]> {
    const { statsPort } = this.#ringway as ChildRingway;
    let left: string[] = [];
    const isClean = async (): Promise<boolean> => {
      left = remains(JSON.parse(await readAll(statsPort)), this.#setting.allHealthy);
      return left.length === 0;
    };
    try {
      // Thousands of WAITs in a row take a while after their client has gone.
      await waitFor('its queues to be empty', isClean);
      return [];
    } catch (error) {
      return left.length > 0 ? left : [`its stats port: ${(error as Error).message}`];
    }
  }

  #inputs(): string[] {
    const now = performance.now();
    const recent = this.#hostile.filter(
      ({ endedAt }) => endedAt === 0 || now - endedAt < RECENT_MS,
    );
    return recent.slice(-TOLD).flatMap(({ number, kind, target, last }) => {
      const where = `${target.redis ? 'Redis' : 'memcached'}, port ${target.port}`;
      const who = target.password === null ? '' : target.member ? ', logged in' : ', a stranger';
      return [`client ${number}, ${kind}, ${where}${who}:`, ...last.map((each) => `  ${each}`)];
    });
  }

  async stop(): Promise<void> {
    this.#clock.stop();
    const ringway = this.#ringway;
    if (ringway === null) return;
    ringway.kill('SIGTERM');
    const ended = await Promise.race([ringway.gone(), delay(3_000).then(() => 'late')]);
    if (ended === 'late') {
      ringway.kill('SIGKILL');
      await ringway.gone();
    }
  }
}

/**
 * What must be back at zero: what waits for healthy servers, and, if no other server owes them an
 * answer, clients.
 */
function remains(stats: Record<string, unknown>, allHealthy: boolean): string[] {
  const found: string[] = [];
  for (const [name, pool] of Object.entries(stats)) {
    if (!['open', 'secret', 'memcached'].includes(name)) continue;
    for (const [field, value] of Object.entries(pool as Record<string, unknown>)) {
      if (field === 'client_connections' && value !== 0 && allHealthy)
        found.push(`${name}: ${value} clients stay`);
      if (!field.startsWith('good')) continue;
      for (const [each, count] of Object.entries(value as Record<string, unknown>)) {
        const mustBeZero = /_queue|^server_(eof|err|timedout)$/.test(each);
        if (mustBeZero && count !== 0) found.push(`${name} ${field}: ${each} is ${count}`);
      }
    }
  }
  return found;
}

function readAll(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(20_000, () => socket.destroy(new Error('no answer for 20 s')));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(text));
  });
}

function reachable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
