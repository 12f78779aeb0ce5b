import { DENIED_CHANNEL, DENIED_COMMAND, DENIED_KEY } from '../../../acl/judge/verdict.ts';
import {
  ACL_LOG_COMPARED,
  ACL_LOG_LENGTH,
  ACL_LOG_OBJECT_BYTES,
  ACL_LOG_TOGETHER_MS,
} from '../../../limits.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { wallMillis } from '../../engine/clock.ts';
import type { Pool } from '../../pool/pool.ts';
import { clientLine } from '../clients/client-lines.ts';

/** A login that failed; the other reasons are those of a verdict. */
export const DENIED_LOGIN = 4;

/** How reasons are called. */
export const REASONS: Readonly<Record<number, string>> = {
  [DENIED_COMMAND]: 'command',
  [DENIED_KEY]: 'key',
  [DENIED_CHANNEL]: 'channel',
  [DENIED_LOGIN]: 'auth',
};

/** Requests that were refused alike, within a minute. Texts are latin1. */
export interface AclLogEntry {
  count: number;
  readonly reason: number;
  readonly inMulti: boolean;
  readonly object: string;
  readonly user: string;
  /** The last of them. */
  at: number;
  /** The client of the last, as CLIENT LIST shows it. */
  client: string;
}

/** What a pool has refused, newest first: `ACL LOG`. */
export class AclLog {
  readonly entries: AclLogEntry[] = [];

  add(
    client: ClientConnection,
    reason: number,
    inMulti: boolean,
    object: string,
    user: string,
  ): void {
    const at = wallMillis();
    const shown = object.slice(0, ACL_LOG_OBJECT_BYTES);
    const name = user.slice(0, ACL_LOG_OBJECT_BYTES);
    const like = this.entries
      .slice(0, ACL_LOG_COMPARED)
      .findIndex(
        (each) =>
          each.reason === reason &&
          each.inMulti === inMulti &&
          each.object === shown &&
          each.user === name &&
          at - each.at <= ACL_LOG_TOGETHER_MS,
      );
    const [entry = { count: 0, reason, inMulti, object: shown, user: name, at, client: '' }] =
      like < 0 ? [] : this.entries.splice(like, 1);
    entry.count++;
    entry.at = at;
    entry.client = clientLine(client);
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
