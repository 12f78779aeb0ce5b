import type { PoolConfig } from '../../config/index.ts';
import { visible } from '../../log.ts';
import type { Conversation } from './conversation.ts';
import type { Findings } from './finding.ts';
import { lineEnd } from './reply-end.ts';

/** Meta commands as ringway passes them on. */
const OLDEST = [1, 6] as const;

interface MemcachedFacts {
  readonly identity: string;
  readonly version: string;
  readonly most: number;
  readonly connected: number;
}

/** Asks for version, limits and how full it is. @returns null when it is none */
export async function lookAtMemcached(
  conversation: Conversation,
  _pool: PoolConfig,
  findings: Findings,
): Promise<MemcachedFacts | null> {
  const ask = async (line: string): Promise<string> => {
    return (await conversation.ask(Buffer.from(`${line}\r\n`), lineEnd)).toString('latin1');
  };
  const before = performance.now();
  const said = (await ask('version')).trim();
  if (!said.startsWith('VERSION ')) {
    const what = visible(said.slice(0, 120));
    findings.error(`to version it says ${what}: is that a memcached? (redis: true for a Redis)`);
    return null;
  }
  const version = said.slice('VERSION '.length);
  tellVersion(version, performance.now() - before, findings);
  const stats = statsOf(await ask('stats'));
  const settings = statsOf(await ask('stats settings'));
  const idle = Number(settings.get('idle_timeout') ?? 0);
  if (idle > 0) {
    findings.warning(
      `it closes connections that are idle for ${idle} s (idle_timeout): ` +
        'the first request behind that may fail; set it to 0',
    );
  }
  const used = Number(stats.get('bytes') ?? 0);
  const limit = Number(stats.get('limit_maxbytes') ?? 0);
  const share = limit > 0 ? `${Math.round((used / limit) * 100)} % of its memory in use` : '';
  if (share !== '') findings.ok(share);
  return {
    identity: ['pid', 'time_started', 'pointer_size'].every((each) => stats.has(each))
      ? `${stats.get('pid')} ${stats.get('time_started')}`
      : '',
    version,
    most: Number(stats.get('max_connections') ?? settings.get('maxconns') ?? 0),
    connected: Number(stats.get('curr_connections') ?? 0),
  };
}

/** @param ms that it has taken to say so */
function tellVersion(version: string, ms: number, findings: Findings): void {
  const [major, minor] = version.split('.').map(Number);
  const old = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  const text = `memcached ${visible(version.slice(0, 60))}`;
  if (old) findings.warning(`${text} is older than ${OLDEST.join('.')}: not tested with ringway`);
  else findings.ok(`${text}, in ${ms.toFixed(1)} ms`);
}

/** The lines `STAT name value`. */
function statsOf(answer: string): ReadonlyMap<string, string> {
  const found: Map<string, string> = new Map();
  for (const line of answer.split('\r\n')) {
    const [word, name, value] = line.split(' ');
    if (word === 'STAT') found.set(name, value);
  }
  return found;
}
