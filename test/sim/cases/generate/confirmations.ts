import { Random } from '../../../fuzz/random.ts';
import { seedOf } from '../../world/world.ts';
import type { Action, Case, Op } from '../case.ts';

/** Of the cases with replicas, in one of so many clients ask how many have what they wrote: WAIT. */
const CONFIRMING = 3;
/** Such a client asks behind one in so many of what it sends. */
const OFTEN = 3;
const PATIENCE_MS = [10, 300, 1_000];

/** @returns the case as it is, or with WAIT among what clients ask */
export function withConfirmations(given: Case): Case {
  const random = new Random(seedOf(given.seed, 'confirmations'));
  if (!random.once(CONFIRMING)) return given;
  const behind = (action: Action): Action[] => {
    if (action.do !== 'send' || !random.once(OFTEN)) return [action];
    const replicas = random.pick([1, 1, 2]);
    const op: Op = { op: 'confirm', replicas, ms: random.pick(PATIENCE_MS) };
    return [action, { do: 'send', ops: [op], pieces: 1 }];
  };
  const clients = given.clients.map((plan) => ({
    ...plan,
    actions: plan.actions.flatMap(behind),
  }));
  return { ...given, clients };
}
