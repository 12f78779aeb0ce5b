import { DENIED_CHANNEL, DENIED_COMMAND, DENIED_KEY } from '../../../acl/judge/verdict.ts';
import {
  ACL_LOG_COMPARED,
  ACL_LOG_LENGTH,
  ACL_LOG_OBJECT_BYTES,
  ACL_LOG_TOGETHER_MS,
} from '../../../limits.ts';
import { wallMillis } from '../../engine/clock.ts';
import type { Pool } from '../../pool/pool.ts';

/** A login that failed; the other reasons are those of a verdict. */
export const DENIED_LOGIN = 4;

/** How reasons are called. */
export const REASONS: Readonly<Record<number, string>> = {
  [DENIED_COMMAND]: 'command',
  [DENIED_KEY]: 'key',
  [DENIED_CHANNEL]: 'channel',
  [DENIED_LOGIN]: 'auth',
};

/** A request that was refused. Texts are latin1. */
export interface Denial {
  readonly reason: number;
  readonly inMulti: boolean;
  /** The command, key or channel that is not allowed. */
  readonly object: string;
  readonly user: string;
}

/** Requests that were refused alike, within a minute; object and user are cut. */
export interface AclLogEntry extends Denial {
  count: number;
  /** The last of them. */
  at: number;
  /** The client of the last, as CLIENT LIST shows it. */
  client: string;
}

/** The beginning of a text, in a copy: a slice would keep all of it in memory. */
function cut(text: string): string {
  if (text.length <= ACL_LOG_OBJECT_BYTES) return text;
  return Buffer.from(text.slice(0, ACL_LOG_OBJECT_BYTES), 'latin1').toString('latin1');
}

/** What a pool has refused, newest first: `ACL LOG`. */
export class AclLog {
  readonly entries: AclLogEntry[] = [];

  /** @param client as CLIENT LIST shows it */
  add({ reason, inMulti, ...denial }: Denial, client: string): void {
    const at = wallMillis();
    const object = cut(denial.object);
    const user = cut(denial.user);
    const like = this.entries
      .slice(0, ACL_LOG_COMPARED)
      .findIndex(
        (each) =>
          each.reason === reason &&
          each.inMulti === inMulti &&
          each.object === object &&
          each.user === user &&
          at - each.at <= ACL_LOG_TOGETHER_MS,
      );
    const [entry = { count: 0, reason, inMulti, object, user, at, client }] =
      like < 0 ? [] : this.entries.splice(like, 1);
    entry.count++;
    entry.at = at;
    entry.client = client;
    this.entries.unshift(entry);
    if (this.entries.length > ACL_LOG_LENGTH) this.entries.pop();
  }

  reset(): void {
    this.entries.length = 0;
  }
}

const logs: WeakMap<Pool, AclLog> = new WeakMap();

/** The log of a pool, which lives as long as the pool. */
export function aclLogOf(pool: Pool): AclLog {
  let log = logs.get(pool);
  if (log === undefined) {
    log = new AclLog();
    logs.set(pool, log);
  }
  return log;
}
