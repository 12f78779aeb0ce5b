import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RING_BASE } from '../../../src/proxy/engine/engine.ts';
import { KeptPart } from '../../../src/proxy/routing/kept-part.ts';
import { assertAtRest, holdingsOf } from '../../support/at-rest.ts';
import { testEngine } from '../../support/test-engine.ts';
import { PoolClient, TestPool } from '../../support/test-pool.ts';

const engine = testEngine();

const step = fc.record({
  part: fc.nat({ max: 3 }),
  kind: fc.constantFrom<('whole' | 'piece' | 'back')[]>('whole', 'piece', 'piece', 'back'),
  bytes: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(4096, 65_536, 70_000)),
  spare: fc.nat({ max: 40 }),
});

describe('a part of a reply that is kept', () => {
  test('random parts, whole and in pieces, are what came, and leave nothing behind', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.option(fc.nat({ max: 40 }), { freq: 3 }),
        (steps, closesAt) => {
          const fresh = holdingsOf(engine);
          const client = new PoolClient(engine, new TestPool(engine, 1, {}));
          const connection = client.asConnection;
          const parts = [0, 1, 2, 3].map(() => ({ kept: new KeptPart(), model: '' }));
          const whole = {
            drop: () => {
              for (const { kept } of parts) kept.giveBack(connection);
            },
          };
          for (const [i, { part, kind, bytes, spare }] of steps.entries()) {
            if (i === closesAt) break;
            const at = parts[part];
            if (kind === 'back') {
              at.kept.giveBack(connection);
              at.model = '';
            }
            if (kind === 'back' || (at.model !== '' && !at.kept.onHeap)) continue;
            const text = String.fromCharCode(97 + (i % 26)).repeat(bytes);
            engine.memory.write(text, RING_BASE, 'latin1');
            const mayStash = kind === 'whole' && at.model === '';
            const place = mayStash
              ? at.kept.putIntoStash(connection, RING_BASE, bytes, bytes + spare)
              : 0;
            if (mayStash && bytes + spare > engine.slabs.largeBytes) assert.equal(place, 0);
            if (place === 0) at.kept.addPiece(connection, whole, RING_BASE, bytes);
            at.model += text;
            assert.equal(at.kept.onHeap, place === 0);
          }
          for (const { kept, model } of parts) {
            assert.equal(kept.length, model.length);
            assert.equal(kept.contents(connection).toString('latin1'), model);
          }
          const onHeap = parts.filter(({ kept }) => kept.onHeap);
          const bytes = onHeap.reduce((sum, { model }) => sum + model.length, 0);
          assert.ok(client.pipeline.storedBytes >= bytes, 'what is kept is counted');
          if (closesAt === null) whole.drop();
          client.close();
          whole.drop();
          assertAtRest(engine, fresh, [], [client]);
        },
      ),
      { numRuns: 200, seed: 151 },
    );
  });
});
