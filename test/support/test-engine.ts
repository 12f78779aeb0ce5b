import { JsCodec } from '../../src/codec/js-codec.ts';
import type { Log } from '../../src/log.ts';
import { Reader } from '../../src/net/reader.ts';
import { Writer } from '../../src/net/writer.ts';
import { WINDOW, WINDOW_BYTES } from '../../src/protocol/frame-table.ts';
import { Engine, RING_BASE } from '../../src/proxy/engine/engine.ts';

const SPARE_BYTES = 1 << 20;

export const NO_LOG: Log = { level: 0, write(): void {} };

/** An engine without pools and clients, for what stands on one. */
export function testEngine(log: Log = NO_LOG, memoryLimit: number = 0): Engine {
  const codec = new JsCodec(RING_BASE + SPARE_BYTES);
  const window = codec.arena.node.subarray(WINDOW, WINDOW + WINDOW_BYTES);
  const reader = new Reader(window, 'data');
  return new Engine(
    codec,
    reader,
    new Writer(codec.arena.node, 'data'),
    log,
    RING_BASE,
    true,
    memoryLimit,
  );
}
