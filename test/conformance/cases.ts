import {
  FLAG_BAD,
  FLAG_BAD_ARITY,
  FLAG_BASE64_KEY,
  FLAG_INLINE,
  FLAG_KEY_TOO_LONG,
  FLAG_NO_REPLY,
  FLAG_QUIET,
  FLAG_SPECIAL,
  FLAG_TRANSIENT,
  MC_REPLY_NUMBER,
  NO_COMMAND,
} from '../../src/protocol/frame-table.ts';
import { MEMCACHE_REPLY_WORDS } from '../../src/protocol/memcache/reply-line.ts';
import { MEMCACHE_NAMES } from '../../src/protocol/memcache/request-line.ts';
import type { Direction, Frame } from '../support/codec-replay.ts';

/** One stream of bytes and what a scanner must make of it, however it is cut. */
export interface Case {
  readonly name: string;
  /** One character per byte. */
  readonly input: string;
  readonly frames: readonly string[];
  /** The stream ends inside a frame. */
  readonly partial?: boolean;
  /** ERROR_*, when the stream ends with a malformed frame. */
  readonly error?: number;
  readonly errorByte?: number;
}

/**
 * A frame in the notation of the cases: "command n=words key=… flags", or "type count flags"; of
 * memcached with the name of the command, and the first word of the reply.
 */
export function describeFrame(direction: Direction, frame: Frame, input: Buffer): string {
  const parts: string[] = [];
  const type = frame.info & 0xffff;
  if (direction === 'requests' || direction === 'memcache requests') {
    const name = direction === 'requests' ? String(type) : MEMCACHE_NAMES[type];
    parts.push(type === NO_COMMAND ? 'none' : name, `n=${frame.count}`);
    if (frame.key !== 0) {
      parts.push(`key=${input.toString('latin1', frame.key, frame.key + frame.keyLength)}`);
    }
  } else if (direction === 'memcache replies') {
    parts.push(type === MC_REPLY_NUMBER ? 'number' : MEMCACHE_REPLY_WORDS[type]);
    if (frame.count !== 0) parts.push(String(frame.count));
  } else {
    parts.push(String.fromCharCode(type));
    if (frame.count === 0xffffffff) parts.push('null');
    else if ('*~%>'.includes(parts[0])) parts.push(String(frame.count));
  }
  if (frame.info & FLAG_SPECIAL) parts.push('special');
  if (frame.info & FLAG_INLINE) parts.push('inline');
  if (frame.info & FLAG_BAD_ARITY) parts.push('arity');
  if (frame.info & FLAG_KEY_TOO_LONG) parts.push('long');
  if (frame.info & FLAG_NO_REPLY) parts.push('noreply');
  if (frame.info & FLAG_QUIET) parts.push('quiet');
  if (frame.info & FLAG_BASE64_KEY) parts.push('base64');
  if (frame.info & FLAG_BAD) parts.push('bad');
  if (frame.info & FLAG_TRANSIENT) parts.push('transient');
  return parts.join(' ');
}
