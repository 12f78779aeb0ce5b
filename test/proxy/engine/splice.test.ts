import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  DRAIN_TABLE,
  FRAME_TABLE,
  PART_TABLE,
  RECORD_BYTES,
  RECORD_DEST,
  RECORD_LENGTH,
  RECORD_START,
  SCRATCH,
} from '../../../src/protocol/frame-table.ts';
import {
  setItemTable,
  setPartTable,
  spliceItems,
  spliceParts,
} from '../../../src/proxy/engine/splice.ts';
import { recordedQueue } from '../../support/test-client.ts';
import { engineCodecs, testEngine } from '../../support/test-engine.ts';

const RECORD_WORDS = RECORD_BYTES / 4;

for (const { label, codec } of engineCodecs()) {
  describe(`bounds of what is written, ${label}`, () => {
    const engine = testEngine(undefined, 0, codec);
    const { words, memory } = engine;

    const parts = (): number => {
      memory.write('abcdef', SCRATCH, 'latin1');
      for (let i = 0; i < 3; i++) {
        const at = PART_TABLE / 4 + i * RECORD_WORDS;
        words[at + RECORD_START] = SCRATCH + i * 2;
        words[at + RECORD_LENGTH] = 2;
      }
      setPartTable(words, 0, PART_TABLE, PART_TABLE + RECORD_BYTES);
      setPartTable(words, 1, PART_TABLE + RECORD_BYTES, PART_TABLE + 3 * RECORD_BYTES);
      return PART_TABLE + 3 * RECORD_BYTES;
    };

    test('parts in another order fill what was reserved for them', () => {
      const { out, socket } = recordedQueue(engine);
      spliceParts(out, engine, [1, 0, 1], parts(), 6);
      out.flush();
      assert.equal(socket.take().toString(), 'cdabef');
    });

    test('parts that are longer or shorter than was said are a broken rule', () => {
      for (const bytes of [5, 7]) {
        const { out } = recordedQueue(engine);
        const splice = (): void => spliceParts(out, engine, [1, 0, 1], parts(), bytes);
        assert.throws(splice, /spliced parts end at \d+, not at \d+/);
        out.close();
      }
    });

    test('so are items', () => {
      for (const bytes of [3, 4, 5]) {
        const { out, socket } = recordedQueue(engine);
        memory.write('abcd', SCRATCH, 'latin1');
        const ends = DRAIN_TABLE;
        words[ends / 4] = SCRATCH + 1;
        words[ends / 4 + 1] = SCRATCH + 4;
        setItemTable(words, 0, SCRATCH, ends, ends + 8);
        const splice = (): boolean => spliceItems(out, engine, [0, 0], bytes);
        if (bytes === 4) {
          assert.ok(splice());
          out.flush();
          assert.equal(socket.take().toString(), 'abcd');
        } else {
          assert.throws(splice, /spliced parts end at/);
        }
        out.close();
      }
    });

    test('so is a frame or a stored reply that goes beyond its slab, or where nothing is leased', () => {
      const { slabs } = engine;
      const slab = slabs.leaseSmall();
      const record = FRAME_TABLE / 4;
      words[record + RECORD_START] = SCRATCH;
      words[record + RECORD_LENGTH] = 100;
      words[record + RECORD_DEST] = slab + slabs.smallBytes - 99;
      engine.beginWalk(1);
      assert.throws(() => engine.gatherNow(), /frames go into what was reserved/);
      words[record + RECORD_DEST] = slab + slabs.smallBytes - 100;
      engine.gatherNow();
      assert.throws(() => engine.drain(SCRATCH, 8, slab + slabs.smallBytes - 7), /stored|reserved/);
      slabs.release(slab);
      engine.gatherNow(); // it rests until the walk is over
      engine.endWalk();
      assert.throws(() => engine.drain(SCRATCH, 8, slab), /replies go into what was reserved/);
      assert.throws(() => engine.drain(SCRATCH, 8, SCRATCH + 64), /replies go into/);
    });
  });
}
