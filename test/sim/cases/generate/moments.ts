import { Random } from '../../../fuzz/random.ts';
import { LARGE_BYTES } from '../../clients/own-writes.ts';
import { seedOf } from '../../world/world.ts';
import type { Case, ClientPlan, ClientState, ConnectionState, Moment, Op } from '../case.ts';

// Which moments faults wait for: those that are short, and that clients of the case have.

/** At any time most clients wait or do nothing: faults that choose their moment meet the rest. */
const CLIENTS: readonly (ClientState | undefined)[] = [
  undefined,
  undefined,
  'waiting',
  'waiting',
  'sending',
  'receiving',
  'deaf',
  'listening',
];
const CONNECTIONS: readonly (ConnectionState | undefined)[] = [
  undefined,
  'connecting',
  'leased',
  'in flight',
  'in flight',
  'full',
  'mid-reply',
];
/** What no server is asked for. */
const ANSWERED_AT_ONCE: readonly Op['op'][] = [
  ...(['ping', 'unknown', 'arity', 'auth', 'hello', 'multi', 'queued', 'select'] as const),
];

/** What is asked behind what, by clients that do not wait between the two. */
function questionsOf(clients: readonly ClientPlan[]): Moment[] {
  const found = new Map<string, Moment>();
  for (const { actions } of clients) {
    let before: Op['op'] | null = null;
    for (const action of actions) {
      if (action.do === 'wait') before = null;
      if (action.do !== 'send') continue;
      for (const { op } of action.ops) {
        if (before !== null) found.set(`${before} ${op}`, { asked: before, behind: op });
        if (ANSWERED_AT_ONCE.includes(op)) continue;
        before = op;
        found.set(op, { asked: op });
      }
    }
  }
  return [...found.values()];
}

/** Whether large requests are sent in pieces. */
function areBegun(clients: readonly ClientPlan[]): boolean {
  return clients.some(({ actions }) => {
    return actions.some((action) => {
      if (action.do !== 'send' || action.pieces <= 1) return false;
      return action.ops.some((op) => 'size' in op && op.size > LARGE_BYTES);
    });
  });
}

function momentOf(random: Random, questions: readonly Moment[], begins: boolean): Moment {
  const [client, connection] = [random.pick(CLIENTS), random.pick(CONNECTIONS)];
  const at = connection === undefined ? {} : { connection };
  if (begins && random.once(4)) return { begun: true };
  if (questions.length > 0 && random.once(2)) {
    const question = random.pick(questions);
    return random.once(3) ? { ...question, ...at } : question;
  }
  return client === undefined ? at : { ...at, client };
}

/** @returns the case as it is, or with moments that some of its faults wait for, or all of them */
export function withMoments(given: Case): Case {
  const random = new Random(seedOf(given.seed, 'moments'));
  const often = random.pick([0, 1, 2]);
  if (often === 0) return given;
  const questions = questionsOf(given.clients);
  const begins = areBegun(given.clients);
  const faults = given.faults.map((fault) => {
    const when = momentOf(random, questions, begins);
    return fault.when === undefined && random.once(often) ? { ...fault, when } : fault;
  });
  return { ...given, faults };
}
