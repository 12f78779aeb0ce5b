import assert from 'node:assert/strict';
import type { Engine } from '../../src/proxy/engine/engine.ts';
import type { Pool } from '../../src/proxy/pool/pool.ts';

/** What an engine has at one moment of the things that must all be given back. */
export interface Holdings {
  readonly clients: number;
  readonly smallSlabs: number;
  readonly largeSlabs: number;
  readonly budgetBytes: number;
}

export function holdingsOf(engine: Engine): Holdings {
  return {
    clients: engine.clients.filter((client) => client !== null).length,
    smallSlabs: engine.slabs.smallLeft,
    largeSlabs: engine.slabs.largeLeft,
    budgetBytes: engine.budget.used,
  };
}

/**
 * Fails unless an engine that nobody uses any more has everything back: the ids of clients, which
 * are free only when nothing in flight names them, slabs, bytes of the budget, places on lanes.
 * @param fresh what it had before anybody came
 */
export function assertAtRest(engine: Engine, fresh: Holdings, pools: readonly Pool[] = []): void {
  assert.deepEqual(holdingsOf(engine), fresh);
  for (const { lanes, config } of pools) {
    for (let i = 0; i < lanes.count; i++) {
      assert.equal(lanes.at(i).clients, 0, `clients on lane ${i} of ${config.name}`);
    }
  }
}
