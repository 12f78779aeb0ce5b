import type { CodecChoice } from '../../../src/codec/choices.ts';
import { selectCodec } from '../../../src/codec/select.ts';
import type { Codec } from '../../../src/protocol/codec.ts';
import { FIXED_END } from '../../../src/protocol/frame-table.ts';

/** A codec and what the beginning of its memory held when it was made. */
interface Kept {
  readonly codec: Codec;
  readonly fresh: Uint8Array;
  readonly bytes: number;
}

const free: Map<CodecChoice, Kept[]> = new Map();
const used: Map<Codec, readonly [CodecChoice, Kept]> = new Map();

/**
 * A codec with an arena of its own. Each reserves gigabytes of address space, so that they are used
 * again, world after world; what an engine expects to be empty is as it was.
 */
export function takeCodec(wanted: CodecChoice, arenaBytes: number): Codec {
  const list = free.get(wanted) ?? [];
  free.set(wanted, list);
  const at = list.findIndex(({ bytes }) => bytes >= arenaBytes);
  const kept = at < 0 ? make(wanted, arenaBytes) : list.splice(at, 1)[0];
  kept.codec.arena.bytes.set(kept.fresh);
  used.set(kept.codec, [wanted, kept]);
  return kept.codec;
}

function make(wanted: CodecChoice, arenaBytes: number): Kept {
  const codec = selectCodec({ wanted, arenaBytes, log: () => {} });
  return { codec, fresh: codec.arena.bytes.slice(0, FIXED_END), bytes: arenaBytes };
}

/** Nobody works with it any more. */
export function giveCodec(codec: Codec): void {
  const found = used.get(codec);
  if (found === undefined) return;
  used.delete(codec);
  free.get(found[0])?.push(found[1]);
}
