import type { Reply } from '../reply-reader.ts';

/** When a master refuses to write by itself. */
export interface Fence {
  /** With fewer replicas than these; 0 = never. */
  readonly toWrite: number;
  /** Seconds after which one that says nothing does not count. */
  readonly maxLag: number;
  /** Seconds from one word to its replicas to the next. */
  readonly pingPeriod: number;
}

/** What CONFIG GET says of it; null when that is nothing that can be used. */
export function fenceOf(replicas: Reply, pings: Reply): Fence | null {
  const toWrite = settingOf(replicas, 'min-replicas-to-write');
  const maxLag = settingOf(replicas, 'min-replicas-max-lag');
  const pingPeriod = settingOf(pings, 'repl-ping-replica-period');
  if (toWrite === null || maxLag === null || pingPeriod === null) return null;
  // Without a limit it does not count them at all.
  return { toWrite: maxLag === 0 ? 0 : toWrite, maxLag, pingPeriod };
}

function settingOf(reply: Reply, name: string): number | null {
  if (!Array.isArray(reply)) return null;
  const at = reply.indexOf(name);
  const text = at < 0 ? null : reply[at + 1];
  return typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
