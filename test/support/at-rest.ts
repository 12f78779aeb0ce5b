import assert from 'node:assert/strict';
import type { Claims } from '../../src/proxy/client/claims.ts';
import type { ClientPipeline } from '../../src/proxy/client/client-pipeline.ts';
import type { Engine } from '../../src/proxy/engine/engine.ts';
import type { ConnectionBudget } from '../../src/proxy/pool/connection-budget.ts';
import type { Lanes } from '../../src/proxy/pool/lanes.ts';

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

/** A client that was there, closed or not. */
export interface RestingClient {
  readonly claims: Claims;
  readonly pipeline: ClientPipeline;
}

/** As much of a pool as counts what is in use. */
export interface RestingPool {
  readonly lanes?: Lanes;
  readonly budget?: ConnectionBudget;
}

/** Fails unless a client that is still there has got everything, and nothing is kept for it. */
export function assertAnswered({ claims, pipeline }: RestingClient): void {
  assert.equal(claims.open, 0, 'claims');
  assert.equal(pipeline.outstanding, 0, 'outstanding requests');
  assert.equal(pipeline.storedBytes, 0, 'stored bytes');
}

/**
 * Fails unless an engine that nobody uses any more has everything back: the ids of clients, which
 * are free only when nothing in flight names them, claims, stored bytes, slabs, bytes of the
 * budget, places on lanes, connections.
 * @param fresh what it had before anybody came
 */
export function assertAtRest(
  engine: Engine,
  fresh: Holdings,
  pools: readonly RestingPool[] = [],
  clients: readonly RestingClient[] = [],
): void {
  for (const { claims, pipeline } of clients) {
    assert.equal(claims.open, 0, 'claims');
    assert.equal(pipeline.storedBytes, 0, 'stored bytes');
  }
  assert.deepEqual(holdingsOf(engine), fresh);
  for (const { lanes, budget } of pools) {
    for (let i = 0; i < (lanes?.count ?? 0); i++) {
      assert.equal(lanes?.at(i).clients, 0, `clients on lane ${i}`);
    }
    assert.equal(budget?.open ?? 0, 0, 'connections');
  }
}
