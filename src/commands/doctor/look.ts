import type { PoolConfig, ServerConfig } from '../../config/index.ts';
import { visible } from '../../log.ts';
import type { DialTarget } from '../../net/dial.ts';
import { addressOf } from '../../proxy/pool/pool-changes.ts';
import { Conversation } from './conversation.ts';
import { Findings } from './finding.ts';
import { lookAtMemcached } from './memcached.ts';
import { lookAtRedis } from './redis.ts';

/** A server that takes longer for a connection or an answer is not well. */
const PATIENCE_MS = 3_000;

/** What one server says of itself. */
export interface ServerFacts {
  /** Its name in the file, and the line that it belongs to: its own, or that of its master. */
  readonly server: Pick<ServerConfig, 'name' | 'kind' | 'host' | 'port' | 'path'>;
  readonly shard: string;
  readonly findings: Findings;
  /** Tells a server from all others, whatever names lead to it; empty = it does not say. */
  readonly identity: string;
  readonly version: string;
  /** As INFO has it: `master` or `slave`; empty = it does not say, or has none. */
  readonly role: string;
  /** Connections that it lets in, and those that it has; 0 = it does not say. */
  readonly most: number;
  readonly connected: number;
}

/** What a server says when it is not asked. */
export const NO_FACTS = { identity: '', version: '', role: '', most: 0, connected: 0 };

/** Connects to a server as ringway would, and asks it how it is. */
export async function lookAtServer(pool: PoolConfig, server: ServerConfig): Promise<ServerFacts> {
  const findings = new Findings(pool.name, server.name);
  const look = pool.redis ? lookAtRedis : lookAtMemcached;
  const facts = await talkTo(server, findings, (talk) => look(talk, pool, findings));
  return { server, shard: server.name, findings, ...NO_FACTS, ...facts };
}

/** Connects, and asks; what goes wrong with that is a finding. @returns null when something did */
export async function talkTo<T>(
  target: DialTarget,
  findings: Findings,
  ask: (conversation: Conversation) => Promise<T>,
): Promise<T | null> {
  let conversation: Conversation | null = null;
  try {
    const before = performance.now();
    conversation = await Conversation.open(target, PATIENCE_MS);
    const ms = performance.now() - before;
    const tls = target.tls === null ? '' : ', with TLS';
    findings.ok(`${addressOf(target)}: connected in ${ms.toFixed(1)} ms${tls}`);
    return await ask(conversation);
  } catch (error) {
    const where = conversation === null ? `${addressOf(target)}: ` : '';
    findings.error(where + why(error as NodeJS.ErrnoException));
    return null;
  } finally {
    conversation?.close();
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nobody listens there (connection refused)'],
  ['ENOTFOUND', 'its name has no address'],
  ['EAI_AGAIN', 'its name cannot be looked up now: the resolver does not answer'],
  ['EHOSTUNREACH', 'no way leads there (host unreachable)'],
  ['ENETUNREACH', 'no way leads there (network unreachable)'],
  ['ETIMEDOUT', 'it does not answer: a firewall, or a host that is down'],
  ['ENOENT', 'there is no such socket'],
  ['EACCES', 'this user may not connect to the socket'],
]);

function why({ code = '', message }: NodeJS.ErrnoException): string {
  // OpenSSL's own words for this name a file of its source.
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return `it does not speak TLS (${code})`;
  return REASONS.get(code) ?? visible(message);
}
