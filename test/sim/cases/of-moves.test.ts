import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Case, Op } from './case.ts';
import { mayBeOfMoves } from './of-moves.ts';
import { USUAL } from './regression.ts';

const GET: Op = { op: 'get', key: 1 };
const TRY_AGAIN = 'TRYAGAIN slot 10383 is moving';
const REST = { seed: 1, codec: 'js', servers: 3, clients: [], faults: [] } as const;

function caseOf(keys: Case['pools'][0]): Case {
  return { ...USUAL, ...REST, pools: [keys, keys] };
}

test('a request of one key is told to try again only before replies too large to be kept', () => {
  assert.equal(mayBeOfMoves(caseOf({ servers: 3 }), GET, TRY_AGAIN), false);
  const small = caseOf({ servers: 3, client_output_limit: 65_536 });
  assert.equal(mayBeOfMoves(small, GET, TRY_AGAIN), true);
  assert.equal(mayBeOfMoves(small, GET, 'CLUSTERDOWN Hash slot not served'), false);
});
