import { SLOW_KEY_BYTES } from '../../limits.ts';
import { lineHead, type RequestHead } from '../request-head.ts';
import { findCommand, findSubcommand, type KeyRule } from './table/commands.ts';

const STAR = 0x2a;
/** Of a command that is not in the table. */
const UNKNOWN = { keys: 'range', numkeys: 0, firstKey: 1 };

/** The command and key that a request begins with, in RESP or as a line of words. */
export function requestHead(head: Buffer): RequestHead {
  if (head[0] !== STAR) return lineHead(head);
  const text = head.toString('latin1');
  const [first, ...rest] = text.split('\r\n');
  const words = Number(first.slice(1));
  const [name, afterName] = bulkAt(text, text.length - rest.join('\r\n').length);
  const command = name.toUpperCase();
  return { command, key: keyIn(text, afterName, command, words), words };
}

/** The first key as far as the head reaches; null when it has none, or it is behind that. */
function keyIn(text: string, afterName: number, command: string, words: number): string | null {
  if (words < 2) return null;
  const container = findCommand(command);
  const part = container?.keys === 'none' ? bulkAt(text, afterName)[0] : '';
  const spec = container === undefined ? undefined : findSubcommand(container, part);
  const { keys, numkeys, firstKey } = spec ?? container ?? UNKNOWN;
  if (keys === 'streams' || keys === 'group-streams') return firstStream(text, afterName, keys);
  // A script in front of the keys is none.
  let left = keys === 'numkeys' ? numkeys : Math.max(0, firstKey - 1);
  let count = '1';
  let at = afterName;
  for (; left > 0 && at < text.length; left--) [count, at] = bulkAt(text, at);
  const hasNone = keys === 'numkeys' && count === '0';
  return left > 0 || hasNone || at >= text.length ? null : bulkAt(text, at)[0];
}

/** The word behind STREAMS; a group and its consumer may be called that too. */
function firstStream(text: string, afterName: number, keys: KeyRule): string | null {
  let left = keys === 'group-streams' ? 3 : 0;
  let at = afterName;
  for (; ; left--) {
    const [word, next] = bulkAt(text, at);
    // Lengths that no request has may lead nowhere.
    if (!(next > at)) return null;
    at = next;
    if (left <= 0 && word.toUpperCase() === 'STREAMS') break;
  }
  return at < text.length ? bulkAt(text, at)[0] : null;
}

/** The bulk at `at`, as far as it is there and short enough, and where the next one begins. */
function bulkAt(text: string, at: number): [body: string, next: number] {
  const bodyAt = text.indexOf('\r\n', at) + 2;
  if (bodyAt < 2) return ['', text.length];
  const length = Number(text.slice(at + 1, bodyAt - 2));
  const end = bodyAt + length;
  const cut = Math.min(end, bodyAt + SLOW_KEY_BYTES);
  const body = text.slice(bodyAt, cut);
  return [body.length < length ? `${body}...` : body, Math.min(end + 2, text.length)];
}
