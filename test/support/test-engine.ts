import { JsCodec } from '../../src/codec/js-codec.ts';
import { selectCodec } from '../../src/codec/select.ts';
import type { Log } from '../../src/log.ts';
import { Reader } from '../../src/net/reader.ts';
import { Writer } from '../../src/net/writer.ts';
import type { Codec } from '../../src/protocol/codec.ts';
import { REPLY_WINDOW_BYTES, WINDOW, WINDOW_BYTES } from '../../src/protocol/frame-table.ts';
import { Engine, RING_BASE } from '../../src/proxy/engine/engine.ts';

const SPARE_BYTES = 1 << 20;

export const NO_LOG: Log = { level: 0, write(): void {} };

const ARENA_BYTES = RING_BASE + SPARE_BYTES;

/** Where tests may put a pool's ring: behind what an engine puts into the arena by itself. */
export const TEST_RING: number = RING_BASE + SPARE_BYTES / 2;

/** One codec of each kind, with room for an engine. */
export function engineCodecs(): { readonly label: string; readonly codec: Codec }[] {
  const log = (): void => {};
  const of = (wanted: 'wasm-scalar' | 'wasm'): Codec => {
    return selectCodec({ wanted, arenaBytes: ARENA_BYTES, log });
  };
  return [
    { label: 'js', codec: new JsCodec(ARENA_BYTES) },
    { label: 'wasm-scalar', codec: of('wasm-scalar') },
    { label: 'wasm', codec: of('wasm') },
  ];
}

/** An engine without pools and clients, for what stands on one. */
export function testEngine(
  log: Log = NO_LOG,
  memoryLimit: number = 0,
  codec: Codec = new JsCodec(ARENA_BYTES),
): Engine {
  const window = codec.arena.node.subarray(WINDOW, WINDOW + REPLY_WINDOW_BYTES);
  const reader = new Reader(window, WINDOW_BYTES, 'data');
  return new Engine(codec, {
    reader,
    writer: new Writer(codec.arena.node, 'data'),
    log,
    assembledAt: RING_BASE,
    measuresLatency: true,
    memoryLimit,
    traceRate: 0,
  });
}
