import { type Config, loadConfig, type PoolConfig, srvName } from '../config/index.ts';
import { hashTagged } from '../distribution/hash-tag.ts';
import type { Ring } from '../distribution/ring.ts';
import { type Place, placeOf, ringShares } from '../distribution/shares.ts';
import { SLOTS } from '../distribution/slots.ts';
import { hashByName } from '../hash/index.ts';
import { addressOf } from '../proxy/pool/pool-changes.ts';
import { ringOf } from '../proxy/pool/pool-ring.ts';
import { runCommand, usageError } from './arguments.ts';
import type { Command } from './command.ts';
import { type LiveView, liveOf, liveRows } from './explain-live.ts';
import { withMembersNow, withMembersOf } from './listed-members.ts';
import { SOURCE_HELP, SOURCE_OPTIONS, type StatusClient, statusClient } from './status-client.ts';

const HELP = `Usage: ringway explain KEY [-c FILE] [--pool=NAME] [--live] [--json]

Shows which server a key goes to, and why: its hash, the point of the ring, the neighbours, and
where it goes when that server is ejected.

  -c, --conf-file=S  the configuration file (default: conf/nutcracker.yml)
  --pool=NAME        only this pool
  --live             ask a running proxy: leave out the servers that it has ejected, and say where
                     the master or the owner of the slot is now, and its replicas; of servers that
                     SRV records list take those that it has (else those that are listed now)
  --json             print JSON
${SOURCE_HELP}`;

interface Explanation {
  readonly key: string;
  readonly pool: string;
  readonly listen: string;
  readonly hash: string;
  readonly distribution: string;
  /** What is hashed: the part inside the hash tag, or the whole key. */
  readonly hashed: string;
  readonly value: number;
  /** Of a Redis Cluster; null = there are none. */
  readonly slot: number | null;
  readonly server: ServerView | null;
  readonly point: PointView | null;
  readonly points: number;
  readonly before: PointView | null;
  readonly after: PointView | null;
  /** Where the key goes when its server is ejected. */
  readonly fallback: ServerView | null;
  readonly ejected: readonly string[];
  /** What sentinels call the server's master; null = it is where the file says. */
  readonly master: string | null;
  /** Names of SRV records that list servers of the pool; none = the file names all. */
  readonly services: readonly string[];
  /** By the word of a running proxy, where a master is followed; null = it was not asked. */
  live: LiveView | null;
}

interface ServerView {
  readonly name: string;
  readonly address: string;
  readonly weight: number;
  readonly share: number;
}

interface PointView {
  readonly index: number;
  readonly value: number;
  readonly server: string;
}

/** `ringway explain`: the way of a key. */
export const explain: Command = (argv, out, err) => {
  const options = ['c/conf-file=', 'pool=', 'live', 'json', ...SOURCE_OPTIONS];
  return runCommand(argv, { out, err, help: HELP, options }, async (given) => {
    if (given.words.length !== 1) throw usageError('expected one key: ringway explain --help');
    const [key] = given.words;
    const config = await loadConfig(given.text('conf-file') ?? 'conf/nutcracker.yml');
    const ask = given.has('live') ? askingOnce(statusClient(given)) : null;
    const listed = poolsOf(
      ask === null ? await withMembersNow(config) : config,
      given.text('pool'),
    );
    const pools = ask === null ? listed : await withMembersOf(listed, ask);
    const down = ask === null ? NONE : await ejectedOf(pools, ask);
    const found = pools.map((pool) => explanation(key, pool, down));
    if (ask !== null) await addLive(found, pools, ask);
    if (given.has('json')) out.write(`${JSON.stringify(found, null, 2)}\n`);
    else out.write(found.map(render).join('\n'));
    return 0;
  });
};

/** Of one moment: what has been asked is not asked again. */
function askingOnce(ask: StatusClient): StatusClient {
  const answers = new Map<string, ReturnType<StatusClient>>();
  return (query) => {
    const answer = answers.get(query) ?? ask(query);
    answers.set(query, answer);
    return answer;
  };
}

/** Where masters are followed they are elsewhere than the file says. */
async function addLive(
  found: readonly Explanation[],
  pools: readonly PoolConfig[],
  ask: StatusClient,
): Promise<void> {
  for (const [i, { name, followsMaster }] of pools.entries()) {
    if (!followsMaster) continue;
    const { slot, server } = found[i];
    found[i].live = await liveOf(name, slot, server?.name ?? null, ask);
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Servers that are out of the ring, each as `POOL SERVER`; only pools with any are asked for. */
async function ejectedOf(pools: readonly PoolConfig[], ask: StatusClient): Promise<Set<string>> {
  const down = new Set<string>();
  const running = await ask('brief&open=');
  const some = running.pools.filter(({ summary }) => summary.ejected > 0);
  for (const { name } of some.filter((each) => pools.some((pool) => pool.name === each.name))) {
    const query = new URLSearchParams({ brief: '', open: name, unfold: name });
    for (const pool of (await ask(String(query))).pools) {
      for (const { live, name } of pool.servers) if (!live) down.add(`${pool.name} ${name}`);
    }
  }
  return down;
}

function poolsOf(config: Config, name: string | null): readonly PoolConfig[] {
  if (name === null) return config.pools;
  const pool = config.pools.find((candidate) => candidate.name === name);
  if (pool !== undefined) return [pool];
  const known = config.pools.map((candidate) => candidate.name).join(', ');
  throw usageError(`there is no pool ${name}; expected one of ${known}`);
}

function explanation(key: string, pool: PoolConfig, down: ReadonlySet<string>): Explanation {
  const live = pool.servers.map(({ name }) => (down.has(`${pool.name} ${name}`) ? 0 : 1));
  const ring = ringOf(pool, live);
  const bytes = Buffer.from(key);
  const value = hashTagged(hashByName(pool.hash), bytes, 0, bytes.length, ring.tag);
  const place = placeOf(ring, value);
  const shares = ringShares(ring, pool.servers.length, pool.hash);
  return {
    key,
    pool: pool.name,
    listen: pool.listen.text,
    hash: pool.hash,
    distribution: pool.distribution,
    hashed: hashedPart(bytes, pool),
    value,
    slot: pool.cluster ? value & (SLOTS - 1) : null,
    server: place === null ? null : serverView(pool, place.server, shares),
    ...pointsAround(ring, place, pool),
    fallback: fallbackOf(pool, live, place, value),
    ejected: pool.servers.filter((_, i) => live[i] === 0).map(({ name }) => name),
    master: place === null ? null : masterName(pool, place.server),
    services: pool.discovery?.services.map(({ host }) => srvName(host)) ?? [],
    live: null,
  };
}

function masterName({ sentinels, sentinelPrefix, servers }: PoolConfig, server: number) {
  return sentinels.length > 0 ? `${sentinelPrefix}${servers[server].name}` : null;
}

function serverView(pool: PoolConfig, index: number, shares: readonly number[]): ServerView {
  const server = pool.servers[index];
  const { name, weight } = server;
  return { name, address: addressOf(server), weight, share: shares[index] };
}

/** The bytes that a hash function is given: seen by a function that hashes nothing. */
function hashedPart(bytes: Uint8Array, pool: PoolConfig): string {
  let part: [number, number] = [0, bytes.length];
  const spy = (_bytes: Uint8Array, start: number, end: number): number => {
    part = [start, end];
    return 0;
  };
  const tag = pool.hashTag === null ? 0 : 0x10000 | pool.hashTag[0] | (pool.hashTag[1] << 8);
  hashTagged(spy, bytes, 0, bytes.length, tag);
  return Buffer.from(bytes.subarray(...part)).toString();
}

function pointsAround(ring: Ring, place: Place | null, pool: PoolConfig) {
  const points = ring.distribution === 'ketama' && !ring.single ? ring.values.length : 0;
  if (points === 0 || place?.point === undefined) {
    return { point: null, points, before: null, after: null };
  }
  const view = (index: number): PointView => ({
    index,
    value: ring.values[index],
    server: pool.servers[ring.servers[index]].name,
  });
  const at = place.point;
  return {
    point: view(at),
    points,
    before: view((at + points - 1) % points),
    after: view((at + 1) % points),
  };
}

function fallbackOf(
  pool: PoolConfig,
  live: readonly number[],
  place: Place | null,
  value: number,
): ServerView | null {
  if (place === null || pool.servers.length === 1) return null;
  const without = live.map((flag, i) => (i === place.server ? 0 : flag));
  const ring = ringOf(pool, without);
  const next = placeOf(ring, value);
  if (next === null) return null;
  return serverView(pool, next.server, ringShares(ring, pool.servers.length, pool.hash));
}

function hex(value: number): string {
  return `${value} (0x${value.toString(16).padStart(8, '0')})`;
}

function serverText({ name, address, weight, share }: ServerView): string {
  const where = name === address ? name : `${name}, ${address}`;
  return `${where}, weight ${weight}, ${(share * 100).toFixed(1)} % of the keys`;
}

function render(found: Explanation): string {
  const rows: [string, string][] = [
    ['key', JSON.stringify(found.key)],
    ['pool', `${found.pool}, listens on ${found.listen}`],
  ];
  if (found.hashed !== found.key) rows.push(['hashed part', JSON.stringify(found.hashed)]);
  rows.push(['hash', `${found.hash} = ${hex(found.value)}`]);
  if (found.slot !== null) rows.push(['slot', String(found.slot)]);
  if (found.point === null) rows.push(['distribution', found.distribution]);
  else {
    const { point, before, after } = found;
    const pointText = (p: PointView): string => `${p.index} at ${hex(p.value)}: ${p.server}`;
    rows.push(['ring', `${found.distribution}, ${found.points} points`]);
    rows.push(['point', pointText(point)]);
    rows.push(['neighbours', `${pointText(before as PointView)}`]);
    rows.push(['', pointText(after as PointView)]);
  }
  if (found.services.length > 0) {
    rows.push([
      'members',
      `SRV records of ${found.services.join(', ')} list them: they may change`,
    ]);
  }
  if (found.ejected.length > 0) rows.push(['ejected now', found.ejected.join(', ')]);
  rows.push(['server', found.server === null ? noServer(found) : serverText(found.server)]);
  if (found.live !== null) rows.push(...liveRows(found.live));
  else if (found.master !== null) {
    rows.push(['master', `${found.master} at its sentinels, who know where it is now`]);
  } else if (found.fallback !== null) rows.push(['if ejected', serverText(found.fallback)]);
  else if (found.server !== null) rows.push(['if ejected', 'no other server: requests fail']);
  return rows.map(([name, text]) => `${name.padEnd(13)}${text}\n`).join('');
}

function noServer({ distribution, services }: Explanation): string {
  if (distribution === 'slots') return 'the node that has the slot: ctl topology lists them';
  if (distribution === 'random') return 'any: each request draws one';
  return services.length === 0 ? 'none is live' : 'none is live, or listed by SRV records now';
}
