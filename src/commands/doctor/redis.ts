import type { PoolConfig } from '../../config/index.ts';
import { visible } from '../../log.ts';
import { encodeRequest } from '../../protocol/redis/replies/encode.ts';
import { loginRefusal, passwordOf } from '../../protocol/redis/replies/login-refusal.ts';
import { bulkOf, elementsOf, errorOf, isNull } from '../../protocol/redis/replies/reply-parts.ts';
import type { Conversation } from './conversation.ts';
import type { Findings } from './finding.ts';
import { replyEnd } from './reply-end.ts';

/** HELLO 3, ACL users and EXEC's errors as clients expect them. */
const OLDEST = [6, 2] as const;

/** What a Redis says of itself, as far as it is compared with others. */
interface RedisFacts {
  readonly identity: string;
  readonly version: string;
  readonly role: string;
  readonly most: number;
  readonly connected: number;
}

/** Says something, and waits for the whole reply. */
export type Ask = (...words: readonly (string | Buffer)[]) => Promise<Buffer>;

/** How somebody is logged in to, and what it is called if it is no server of the pool. */
export interface Login {
  /** Of AUTH, without it; null = there is none. */
  readonly words: readonly Buffer[] | null;
  /** The key of the file that has it. */
  readonly key: string;
}

/** As ringway logs in to servers, replicas and witnesses. */
export function serverLogin({ serverLogin: login }: PoolConfig): Login {
  const key = 'redis_auth';
  if (login === null) return { words: null, key };
  const { user, password } = login;
  return { words: user === null ? [password.bytes] : [Buffer.from(user), password.bytes], key };
}

/** Logs in and asks for version, role, limits and timeouts. */
export async function lookAtRedis(
  conversation: Conversation,
  pool: PoolConfig,
  findings: Findings,
): Promise<RedisFacts | null> {
  const ask = await greet(conversation, serverLogin(pool), findings);
  if (ask === null) return null;
  const info = infoOf(await ask('INFO'));
  const config = await configOf(ask, findings);
  lookAtInfo(info, pool, findings);
  lookAtConfig(config, pool, findings);
  return {
    identity: info.get('run_id') ?? '',
    version: versionOf(info),
    role: info.get('role') ?? '',
    most: Number(config.get('maxclients') ?? info.get('maxclients') ?? 0),
    connected: Number(info.get('connected_clients') ?? 0),
  };
}

/** Logs in and says PING. @returns null when that is the end of it */
export async function greet(
  conversation: Conversation,
  login: Login,
  findings: Findings,
): Promise<Ask | null> {
  const ask: Ask = (...words) =>
    conversation.ask(encodeRequest(words.map((word) => Buffer.from(word as string))), replyEnd);
  if (login.words !== null && !(await logIn(ask, login.words, findings))) return null;
  const before = performance.now();
  const pong = textOf(await ask('PING'));
  if (pong.startsWith('-NOAUTH')) {
    findings.error(`it wants a password, and the pool has none (${login.key})`);
    return null;
  }
  if (!pong.startsWith('+PONG')) {
    findings.error(`to PING it says ${shown(pong)}: is that a Redis? (redis: true)`);
    return null;
  }
  findings.ok(`PING in ${(performance.now() - before).toFixed(1)} ms`);
  return ask;
}

async function logIn(ask: Ask, words: readonly Buffer[], findings: Findings): Promise<boolean> {
  const said = textOf(await ask('AUTH', ...words));
  if (said.startsWith('+')) {
    const [user, password] = words;
    const name = visible(user.toString());
    findings.ok(password === undefined ? 'the password is right' : `user ${name} may log in`);
    return true;
  }
  if (said.includes('without any password configured')) {
    findings.warning('it has no password: anybody who reaches it may do anything');
    return true;
  }
  const request = encodeRequest([Buffer.from('AUTH'), ...words]);
  const why = loginRefusal(said.replace(/^-/, ''), passwordOf(request));
  findings.error(`the login is refused: ${shown(why)}`);
  return false;
}

function versionOf(info: ReadonlyMap<string, string>): string {
  return info.get('valkey_version') ?? info.get('redis_version') ?? '';
}

/** Tells the version. */
export function tellVersion(info: ReadonlyMap<string, string>, findings: Findings): void {
  const name = info.has('valkey_version') ? 'Valkey' : 'Redis';
  const version = versionOf(info);
  if (version === '') findings.warning('it does not say its version: may this user ask for INFO?');
  else if (isOlder(version)) {
    findings.warning(
      `${name} ${shown(version)} is older than ${OLDEST.join('.')}: not tested with ringway`,
    );
  } else findings.ok(`${name} ${shown(version)}`);
}

function lookAtInfo(
  info: ReadonlyMap<string, string>,
  { cluster, followsMaster }: PoolConfig,
  findings: Findings,
): void {
  tellVersion(info, findings);
  const role = info.get('role');
  if (role === 'slave' && followsMaster) tellReplica(info, findings);
  else if (role === 'slave') findings.error('it is a replica: writes will fail with READONLY');
  const isNode = info.get('cluster_enabled') === '1';
  if (cluster && !isNode) findings.error('it is no node of a Redis Cluster');
  if (isNode && !cluster) {
    findings.error('it is a node of a Redis Cluster: keys of other nodes will answer MOVED');
  }
  if (info.get('loading') === '1')
    findings.error('it loads its data: requests will answer LOADING');
  const used = Number(info.get('used_memory') ?? 0);
  const most = Number(info.get('maxmemory') ?? 0);
  const policy = info.get('maxmemory_policy') ?? '';
  if (most > 0 && used > most * 0.9) {
    const what = policy === 'noeviction' ? 'writes will soon fail with OOM' : 'it evicts keys';
    findings.warning(`${Math.round((used / most) * 100)} % of its maxmemory is in use: ${what}`);
  }
}

/** A replica where a master is followed: whichever of a shard is the master, it is found. */
function tellReplica(info: ReadonlyMap<string, string>, findings: Findings): void {
  const master = `${info.get('master_host') ?? ''}:${info.get('master_port') ?? ''}`;
  const text = `it is a replica of ${shown(master)}`;
  if (info.get('master_link_status') === 'up') findings.ok(text);
  else findings.warning(`${text}, which it does not reach: it is neither read nor promoted`);
}

function lookAtConfig(
  config: ReadonlyMap<string, string>,
  { promote, promoteUnfenced }: PoolConfig,
  findings: Findings,
): void {
  const timeout = Number(config.get('timeout') ?? 0);
  if (timeout > 0) {
    findings.warning(
      `it closes connections that are idle for ${timeout} s (timeout): ` +
        'the first request behind that may fail; set it to 0',
    );
  }
  if (promote && !promoteUnfenced && config.get('min-replicas-to-write') === '0') {
    findings.error(
      'min-replicas-to-write is 0: as a master that is cut off it would go on acknowledging ' +
        'writes, so no replica is promoted in its place (promote)',
    );
  }
}

const ASKED = ['maxclients', 'timeout', 'min-replicas-to-write'];

async function configOf(ask: Ask, findings: Findings): Promise<ReadonlyMap<string, string>> {
  const found: Map<string, string> = new Map();
  for (const name of ASKED) {
    const reply = await ask('CONFIG', 'GET', name);
    if (errorOf(reply) !== null) {
      findings.warning('CONFIG GET is refused: its maxclients and timeout are not known');
      return found;
    }
    const pair = elementsOf(reply) ?? [];
    const value = pair.length === 2 && !isNull(pair[1]) ? bulkOf(pair[1]) : null;
    if (value !== null) found.set(name, value.toString('latin1'));
  }
  return found;
}

/** The lines `name:value` of INFO. */
export function infoOf(reply: Buffer): ReadonlyMap<string, string> {
  const lines = (bulkOf(reply) ?? Buffer.alloc(0)).toString('latin1').split('\r\n');
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, Math.max(0, colon)), line.slice(colon + 1)];
  });
  return new Map(pairs);
}

function isOlder(version: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

/** What a one-line reply says, without its end. */
export function textOf(reply: Buffer): string {
  return reply.toString('latin1').trim();
}

/** What a server chose to say, cut and without what a terminal would obey. */
export function shown(text: string): string {
  return visible(text.slice(0, 120));
}
