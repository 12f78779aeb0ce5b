import type { PoolConfig } from '../../../config/index.ts';
import { keySlot, SLOTS } from '../../../distribution/slots.ts';
import { SENTINEL_HOST_BYTES } from '../../../limits.ts';
import { encodeText } from '../../../protocol/redis/replies/encode.ts';
import { readSmallInteger } from '../../../protocol/redis/replies/integers.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import {
  COMMAND_INDEX,
  COMMANDS,
  type CommandSpec,
  findSubcommand,
} from '../../../protocol/redis/table/commands.ts';
import { keyWords } from '../../../protocol/redis/table/key-words.ts';
import {
  type Redirection,
  SLOT_ASK,
  SLOT_MOVED,
  SLOT_SPLIT,
  SLOT_UNSERVED,
} from '../../backend/again/redirections.ts';
import { knownCommand } from '../unknown/known-commands.ts';

/** The longest error line that is looked at: two numbers and a host. */
const MOST = 32 + SENTINEL_HOST_BYTES;
const FIRST_LETTERS: ReadonlySet<number> = new Set(Buffer.from('MATC'));
const PLACE = /^(MOVED|ASK) (\d{1,5}) ([\w.:%?-]{0,255}):(\d{1,5})$/;
const UNSERVED = 'CLUSTERDOWN Hash slot not served';
const CR = 0x0d;

export const ASKING: Buffer = encodeText('ASKING');

/**
 * What the error line at [start, start + length) redirects its request to; null when it does not:
 * `MOVED <slot> <host>:<port>`, `ASK ...`, `TRYAGAIN ...`, `CLUSTERDOWN Hash slot not served`.
 */
export function redirection(memory: Buffer, start: number, length: number): Redirection | null {
  if (length > MOST || !FIRST_LETTERS.has(memory[start + 1])) return null;
  const line = memory.toString('latin1', start + 1, start + length - 2);
  if (line.startsWith('TRYAGAIN ')) return { kind: SLOT_SPLIT, slot: -1, host: '', port: 0 };
  if (line === UNSERVED) return { kind: SLOT_UNSERVED, slot: -1, host: '', port: 0 };
  const match = PLACE.exec(line);
  if (match === null) return null;
  const [, word, slot, host, port] = match;
  if (Number(slot) >= SLOTS || Number(port) > 65535) return null;
  const kind = word === 'MOVED' ? SLOT_MOVED : SLOT_ASK;
  return { kind, slot: Number(slot), host, port: Number(port) };
}

/** The pool of a request, whose commands may be more than those of the table. */
export interface CommandedPool {
  readonly config: PoolConfig;
}

/**
 * @returns the slot of the first key of a request as it is sent to servers; -1 when it has none, or
 * when only a server can tell where its keys are
 */
export function requestSlot(request: Buffer, pool: CommandedPool): number {
  const words = wordsOf(request);
  const [key] = keysAmong(request, words, pool);
  return key === undefined ? -1 : keySlot(request, words[key][0], words[key][1]);
}

/** @returns all keys of such a request, latin1; null when it has none, or nobody can tell */
export function requestKeys(request: Buffer, pool: CommandedPool): readonly string[] | null {
  const words = wordsOf(request);
  const keys = keysAmong(request, words, pool);
  return keys.length === 0 ? null : keys.map((key) => wordAt(request, words[key]));
}

type Place = readonly [start: number, end: number];

function wordAt(request: Buffer, [start, end]: Place): string {
  return request.toString('latin1', start, end);
}

/** Which of the words are keys. */
function keysAmong(request: Buffer, words: readonly Place[], pool: CommandedPool): number[] {
  if (words.length === 0) return [];
  const text = (index: number): string => wordAt(request, words[index]);
  let spec = specOf(text(0).toUpperCase(), pool);
  if (spec === null) return [];
  if (spec.handling === 'container') {
    spec = (words.length > 1 ? findSubcommand(spec, text(1)) : undefined) ?? spec;
  }
  // A channel of a shard is no key, and has a slot.
  const keys = spec.name === 'SPUBLISH' ? [1] : keyWords(spec, words.length, text).keys;
  return keys.filter((key) => key < words.length);
}

function specOf(name: string, pool: CommandedPool): CommandSpec | null {
  const spec = COMMANDS[COMMAND_INDEX.get(name) ?? 0];
  if (spec.name === name) return spec;
  const known = knownCommand(pool, name);
  return known === undefined || known.movable ? null : known.spec;
}

/** What a client is told: never to ask elsewhere, since elsewhere is behind the proxy. */
export function slotFailure(kind: number, slot: number): Buffer {
  if (kind === SLOT_UNSERVED) return replies.SLOT_NOT_SERVED;
  return slot < 0 ? replies.SLOT_SPLIT : replies.slotMoving(slot);
}

/** Where the words of a multibulk request stand. */
function wordsOf(request: Buffer): Place[] {
  const words: Place[] = [];
  let at = request.indexOf(CR) + 2;
  while (at > 1 && at < request.length) {
    const line = request.indexOf(CR, at);
    const length = line < 0 ? Number.NaN : readSmallInteger(request, at + 1, line);
    if (!(length >= 0) || line + 4 + length > request.length) return [];
    words.push([line + 2, line + 2 + length]);
    at = line + 4 + length;
  }
  return words;
}
