import type { PoolConfig } from '../../config/index.ts';
import { visible } from '../../log.ts';
import { encodeRequest, encodeText } from '../../protocol/redis/replies/encode.ts';
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
  readonly most: number;
  readonly connected: number;
}

/** Logs in and asks for version, role, limits and timeouts. */
export async function lookAtRedis(
  conversation: Conversation,
  pool: PoolConfig,
  findings: Findings,
): Promise<RedisFacts> {
  const ask = (question: Buffer): Promise<Buffer> => conversation.ask(question, replyEnd);
  const nothing = { identity: '', version: '', most: 0, connected: 0 };
  if (!(await logIn(ask, pool, findings))) return nothing;
  const before = performance.now();
  const pong = textOf(await ask(encodeText('PING')));
  if (pong.startsWith('-NOAUTH')) {
    findings.error('it wants a password, and the pool has none (redis_auth)');
    return nothing;
  }
  if (!pong.startsWith('+PONG')) {
    findings.error(`to PING it says ${shown(pong)}: is that a Redis? (redis: true)`);
    return nothing;
  }
  findings.ok(`PING in ${(performance.now() - before).toFixed(1)} ms`);
  const info = infoOf(await ask(encodeText('INFO')));
  const config = await configOf(ask, findings);
  const version = info.get('valkey_version') ?? info.get('redis_version') ?? '';
  lookAtInfo(info, version, pool, findings);
  lookAtConfig(config, findings);
  const most = Number(config.get('maxclients') ?? info.get('maxclients') ?? 0);
  const connected = Number(info.get('connected_clients') ?? 0);
  return { identity: info.get('run_id') ?? '', version, most, connected };
}

async function logIn(
  ask: (question: Buffer) => Promise<Buffer>,
  { serverLogin }: PoolConfig,
  findings: Findings,
): Promise<boolean> {
  if (serverLogin === null) return true;
  const { user, password } = serverLogin;
  const words = user === null ? [password.bytes] : [Buffer.from(user), password.bytes];
  const request = encodeRequest([Buffer.from('AUTH'), ...words]);
  const said = textOf(await ask(request));
  if (said.startsWith('+')) {
    findings.ok(user === null ? 'the password is right' : `user ${visible(user)} may log in`);
    return true;
  }
  if (said.includes('without any password configured')) {
    findings.warning('it has no password: anybody who reaches it may do anything');
    return true;
  }
  const why = loginRefusal(said.replace(/^-/, ''), passwordOf(request));
  findings.error(`the login is refused: ${shown(why)}`);
  return false;
}

function lookAtInfo(
  info: ReadonlyMap<string, string>,
  version: string,
  { cluster, followsMaster }: PoolConfig,
  findings: Findings,
): void {
  const name = info.has('valkey_version') ? 'Valkey' : 'Redis';
  if (version === '') findings.warning('it does not say its version: may this user ask for INFO?');
  else if (isOlder(version)) {
    findings.warning(
      `${name} ${shown(version)} is older than ${OLDEST.join('.')}: not tested with ringway`,
    );
  } else findings.ok(`${name} ${shown(version)}`);
  const role = info.get('role');
  if (role === 'slave' && followsMaster) findings.ok('it is a replica: its master is looked for');
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

function lookAtConfig(config: ReadonlyMap<string, string>, findings: Findings): void {
  const timeout = Number(config.get('timeout') ?? 0);
  if (timeout > 0) {
    findings.warning(
      `it closes connections that are idle for ${timeout} s (timeout): ` +
        'the first request behind that may fail; set it to 0',
    );
  }
}

async function configOf(
  ask: (question: Buffer) => Promise<Buffer>,
  findings: Findings,
): Promise<ReadonlyMap<string, string>> {
  const found: Map<string, string> = new Map();
  for (const name of ['maxclients', 'timeout']) {
    const reply = await ask(encodeText('CONFIG', 'GET', name));
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
function infoOf(reply: Buffer): ReadonlyMap<string, string> {
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

function textOf(reply: Buffer): string {
  return reply.toString('latin1').trim();
}

/** What a server chose to say, cut and without what a terminal would obey. */
function shown(text: string): string {
  return visible(text.slice(0, 120));
}
