import { poolBytesForServers } from '../distribution/pool-descriptor.ts';
import type { Codec } from '../protocol/codec.ts';
import {
  FIXED_END,
  FRAME_TABLE,
  FRAME_TABLE_RECORDS,
  NO_SERVER,
  RECORD_BYTES,
  RECORD_INFO,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
  SCAN_ERROR,
  SCAN_FULL,
  STATE,
  STATE_CONSUMED,
  STATE_DETACHED,
  STATE_PHASE,
  STATE_STATUS,
  WINDOW,
  WINDOW_BYTES,
} from '../protocol/frame-table.ts';
import { writeCommandTable } from '../protocol/redis/table/command-table-layout.ts';
import { COMMANDS } from '../protocol/redis/table/commands.ts';
import { scannerEntries } from '../protocol/redis/table/scanner-entries.ts';
import type { CodecChoice } from './choices.ts';
import { type RingOptions, writeRing } from './key-ring.ts';
import { selectCodec } from './select.ts';

const STATE_WORD = STATE / 4;

/** Which codec, and where keys belong. */
export interface ScannerOptions {
  /** Default `auto`: the best that this machine runs. */
  readonly codec?: CodecChoice;
  /** Where the keys of requests belong. Default: one server, which has them all. */
  readonly ring?: RingOptions;
}

/** One whole request or reply; positions count from the first byte that was given. */
export interface Frame {
  readonly start: number;
  readonly end: number;
  /** The name of a request's command as Redis writes it, '' when it is none of Redis. */
  readonly command: string;
  /** The key that a request is routed by; null without one, and in replies. */
  readonly key: { readonly start: number; readonly end: number } | null;
  /** Position in the ring's servers; -1 when the request has no such key. */
  readonly server: number;
}

/** What was found in the bytes. */
export interface Scanned {
  readonly frames: readonly Frame[];
  /** Bytes of whole frames: what stands behind them is the beginning of one more. */
  readonly consumed: number;
  /** Whether the bytes behind them can be the beginning of a frame at all. */
  readonly malformed: boolean;
}

/** Takes Redis's protocol apart with one of the codecs. */
export interface Scanner {
  /** The codec that runs. */
  readonly name: string;
  /** The codec itself, with its arena; docs/codec.md is its contract. */
  readonly codec: Codec;
  /** @throws RangeError for more than 64 KiB, the size of the window */
  requests(bytes: Uint8Array): Scanned;
  /** @throws RangeError for more than 64 KiB */
  replies(bytes: Uint8Array): Scanned;
}

/** @throws Error when the codec cannot be had, RangeError when the ring is none */
export function createScanner(options: ScannerOptions = {}): Scanner {
  const { codec: wanted = 'auto', ring = { servers: [{ name: 'only' }] } } = options;
  const pool = FIXED_END;
  const room = poolBytesForServers(ring.servers.length, ring.distribution ?? 'ketama');
  const codec = selectCodec({ wanted, arenaBytes: pool + room, log: () => {} });
  const { words, bytes } = codec.arena;
  writeCommandTable(words, bytes, scannerEntries());
  writeRing(words, pool, ring);
  return {
    name: codec.name,
    codec,
    requests: (input) =>
      scan(codec, input, COMMANDS, (start, end) =>
        codec.scanRequests(start, end, FRAME_TABLE, FRAME_TABLE_RECORDS, pool),
      ),
    replies: (input) =>
      scan(codec, input, [], (start, end) =>
        codec.scanReplies(start, end, FRAME_TABLE, FRAME_TABLE_RECORDS),
      ),
  };
}

function scan(
  { arena }: Codec,
  input: Uint8Array,
  commands: readonly { readonly name: string }[],
  once: (start: number, end: number) => number,
): Scanned {
  if (input.length > WINDOW_BYTES) {
    throw new RangeError(`${input.length} bytes: a window holds ${WINDOW_BYTES}`);
  }
  const { words, bytes } = arena;
  bytes.set(input, WINDOW);
  const frames: Frame[] = [];
  let start = WINDOW;
  do {
    words[STATE_WORD + STATE_PHASE] = 0;
    words[STATE_WORD + STATE_DETACHED] = 0;
    const count = once(start, WINDOW + input.length);
    for (let i = 0; i < count; i++) {
      frames.push(frameAt(words, FRAME_TABLE + i * RECORD_BYTES, commands));
    }
    start = words[STATE_WORD + STATE_CONSUMED];
  } while (words[STATE_WORD + STATE_STATUS] === SCAN_FULL);
  return {
    frames,
    consumed: start - WINDOW,
    malformed: words[STATE_WORD + STATE_STATUS] === SCAN_ERROR,
  };
}

function frameAt(
  words: Uint32Array,
  address: number,
  commands: readonly { readonly name: string }[],
): Frame {
  const at = address / 4;
  const info = words[at + RECORD_INFO];
  const start = words[at + RECORD_START] - WINDOW;
  const key = words[at + RECORD_KEY] - WINDOW;
  const isRouted = words[at + RECORD_SERVER] !== NO_SERVER;
  return {
    start,
    end: start + words[at + RECORD_LENGTH],
    command: commands[info & 0xffff]?.name ?? '',
    key: isRouted ? { start: key, end: key + words[at + RECORD_KEY_LENGTH] } : null,
    server: isRouted ? words[at + RECORD_SERVER] : -1,
  };
}
