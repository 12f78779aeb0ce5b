import { visitKeys } from '../../../acl/judge/keys-of.ts';
import type { PoolConfig } from '../../../config/index.ts';
import { AUDIT_KEYS, AUDIT_WORD_BYTES } from '../../../limits.ts';
import { requestHead } from '../../../protocol/redis/request-head.ts';
import { arityFits, type CommandSpec } from '../../../protocol/redis/table/commands.ts';
import type { Sampler } from '../../client/access/sampler.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { peerAddress } from '../../client/client-list.ts';
import { wallTime } from '../../engine/clock.ts';
import type { Pool } from '../../pool/pool.ts';
import type { SpecialRequest } from '../../routing/request.ts';
import { AuditFile } from './audit-file.ts';
import { commandOf } from './refusal.ts';
import { RequestTable } from './request-table.ts';

export const REASON_LOGIN = 'login';
export const REASON_POOL = 'pool';
export const REASON_RATE = 'rate';
export const REASON_USER = 'user';

/** What a line of the audit log tells of a request: no values, and no passwords. */
export interface AuditEntry {
  readonly user: string;
  readonly command: string;
  /** The first of them. */
  readonly keys: readonly string[];
  readonly more: boolean;
}

const files: WeakMap<Pool, AuditFile> = new WeakMap();

function fileOf(pool: Pool): AuditFile {
  const { auditLog, auditSize, auditFiles } = pool.config;
  const place = { path: auditLog as string, size: auditSize, kept: auditFiles };
  const known = files.get(pool);
  if (known !== undefined && known.place.path === place.path) {
    known.place = place;
    return known;
  }
  // Nobody knows it any more when ringway stops.
  known?.flush();
  const file = new AuditFile(pool, place);
  files.set(pool, file);
  return file;
}

/** The pool is gone: what was collected is written. */
export function closeAudit(pool: Pool): void {
  files.get(pool)?.flush();
}

/** One request of so many, of all clients of a pool. */
class PoolAudit implements Sampler {
  readonly #every: number;
  #left: number;
  chosen = false;

  /** @param every 1 = all of them; 0 = none, but those that are refused */
  constructor(every: number) {
    this.#every = every;
    this.#left = every === 0 ? Infinity : 1;
  }

  due(): boolean {
    this.chosen = --this.#left <= 0;
    if (this.chosen) this.#left = this.#every;
    return this.chosen;
  }

  putBack(): void {
    this.#left = 1;
  }

  noteLarge(client: object, head: Buffer): void {
    const { command, key } = requestHead(head);
    const { login } = client as ClientConnection;
    const keys = key === null ? [] : [shown(Buffer.from(key, 'latin1'))];
    const entry = { user: login.user, command: command.toLowerCase(), keys, more: false };
    writeEntry(client as ClientConnection, entry, null);
  }
}

const audits: WeakMap<PoolConfig, PoolAudit> = new WeakMap();

/** @returns null for a pool without an audit log */
export function auditOf(config: PoolConfig): Sampler | null {
  if (config.auditLog === null) return null;
  let audit = audits.get(config);
  if (audit === undefined) {
    audit = new PoolAudit(config.auditSample);
    audits.set(config, audit);
  }
  return audit;
}

function shown(bytes: Buffer): string {
  const cut = bytes.length > AUDIT_WORD_BYTES;
  const text = bytes.toString('utf8', 0, AUDIT_WORD_BYTES);
  return cut ? `${text}...` : text;
}

/** What there is to tell of a request, before it is carried out. @param spec null = not known */
export function entryOf(request: SpecialRequest, spec: CommandSpec | null): AuditEntry {
  const { client } = request;
  const words = new RequestTable(request);
  const { user } = client.login;
  const word = (index: number): string => {
    const [start, length] = [words.startOf(index), words.lengthOf(index)];
    return shown(client.pool.engine.memory.subarray(start, start + length));
  };
  const command = spec === null ? null : commandOf(spec, words);
  if (command === null) return { user, command: word(0).toLowerCase(), keys: [], more: false };
  const keys: string[] = [];
  let more = false;
  const { arity, name } = command;
  if (arityFits(arity, words.count)) {
    visitKeys(command, words, (index) => {
      if (keys.length < AUDIT_KEYS) keys.push(word(index));
      else more = true;
      return !more;
    });
  }
  return { user, command: name, keys, more };
}

/** @param reason why it was refused; null = it was carried out */
export function writeEntry(
  client: ClientConnection,
  { user, command, keys, more }: AuditEntry,
  reason: string | null,
): void {
  const { pool, session } = client;
  const line = JSON.stringify({
    time: wallTime(),
    pool: pool.config.name,
    client: peerAddress(client),
    id: session.number,
    user: Buffer.from(user, 'latin1').toString('utf8'),
    command,
    keys,
    ...(more ? { more_keys: true } : {}),
    ...(reason === null ? { verdict: 'allowed' } : { verdict: 'denied', reason }),
  });
  fileOf(pool).add(line);
}
