import type {
  Action,
  Case,
  ClientPlan,
  Fault,
  ListenerAction,
  ListenerPlan,
  Op,
  PoolKeys,
} from './case.ts';
import type { Result } from './result.ts';
import { runCase } from './run-case.ts';

/** What kind of complaint it is: numbers and names apart. */
export function kindOf(complaint: string): string {
  return complaint
    .replace(/\{.*|waits for .*|\n[\s\S]*/g, '')
    .replace(/\b(client|listener|redis|memcached|proxy|node)\d+/g, '$1')
    .replace(/\d+/g, '#')
    .slice(0, 60);
}

export interface Shrunk {
  readonly case: Case;
  readonly result: Result;
  readonly tries: number;
}

/** The first of some cases that still fails in the same way. */
class Shrinker {
  readonly #kinds: ReadonlySet<string>;
  readonly #deadline: number;
  readonly #now: () => number;
  best: Case;
  result: Result;
  tries = 0;

  constructor(given: Case, result: Result, now: () => number, ms: number) {
    this.best = given;
    this.result = result;
    this.#kinds = new Set(result.complaints.map(kindOf));
    this.#now = now;
    this.#deadline = now() + ms;
  }

  get inTime(): boolean {
    return this.#now() < this.#deadline;
  }

  /** @returns whether `candidate` fails as the case did; then it is the best so far */
  async try(candidate: Case): Promise<boolean> {
    if (!this.inTime) return false;
    this.tries++;
    const result = await runCase(candidate);
    // What fails in another way as well has become another case.
    const isSame = result.complaints.every((each) => this.#kinds.has(kindOf(each)));
    if (result.complaints.length === 0 || !isSame) return false;
    this.best = candidate;
    this.result = result;
    return true;
  }

  /** Leaves out as much of a list as can be left out: halves first, then quarters, ... */
  async list<T>(
    read: (of: Case) => readonly T[],
    write: (of: Case, list: readonly T[]) => Case,
  ): Promise<void> {
    let size = Math.ceil(read(this.best).length / 2);
    while (size >= 1) {
      for (let at = 0; at < read(this.best).length; ) {
        const list = read(this.best);
        const without = [...list.slice(0, at), ...list.slice(at + size)];
        if (!(await this.try(write(this.best, without)))) at += size;
      }
      size = size === 1 ? 0 : Math.ceil(size / 2);
    }
  }
}

function withClient(of: Case, index: number, plan: ClientPlan): Case {
  return { ...of, clients: of.clients.map((each, i) => (i === index ? plan : each)) };
}

function withAction(of: Case, client: number, index: number, action: Action): Case {
  const plan = of.clients[client];
  const actions = plan.actions.map((each, i) => (i === index ? action : each));
  return withClient(of, client, { ...plan, actions });
}

/** A client that does nothing keeps its place, so that the others keep their names. */
function withoutClients(of: Case, kept: readonly number[]): Case {
  const clients = of.clients.map((plan, i) => (kept.includes(i) ? plan : { ...plan, actions: [] }));
  return { ...of, clients };
}

/** The last ones have no names behind them to keep. */
async function dropLastClients(shrinker: Shrinker): Promise<void> {
  for (;;) {
    const { best } = shrinker;
    const isNeeded = best.clients.length < 2 || (best.clients.at(-1)?.actions.length ?? 0) > 0;
    if (isNeeded || !(await shrinker.try({ ...best, clients: best.clients.slice(0, -1) }))) return;
  }
}

async function shrinkClients(shrinker: Shrinker): Promise<void> {
  const kept = (of: Case): number[] => {
    return of.clients.flatMap(({ actions }, i) => (actions.length > 0 ? [i] : []));
  };
  await shrinker.list(kept, withoutClients);
  await dropLastClients(shrinker);
  for (const client of kept(shrinker.best)) {
    await shrinker.list(
      (of) => of.clients[client].actions,
      (of, actions) => withClient(of, client, { ...of.clients[client], actions }),
    );
    for (let i = 0; i < shrinker.best.clients[client].actions.length; i++) {
      await shrinkAction(shrinker, client, i);
    }
  }
}

async function shrinkListeners(shrinker: Shrinker): Promise<void> {
  await shrinker.list<ListenerPlan>(
    (of) => of.listeners ?? [],
    (of, listeners) => ({ ...of, listeners }),
  );
  for (let i = 0; i < (shrinker.best.listeners ?? []).length; i++) {
    await shrinker.list<ListenerAction>(
      (of) => of.listeners?.[i].actions ?? [],
      (of, actions) => {
        const listeners = of.listeners?.map((each, at) => (at === i ? { ...each, actions } : each));
        return { ...of, listeners: listeners ?? [] };
      },
    );
  }
}

async function shrinkAction(shrinker: Shrinker, client: number, index: number): Promise<void> {
  const action = shrinker.best.clients[client].actions[index];
  if (action.do === 'send') {
    const opsOf = (of: Case): readonly Op[] => {
      const each = of.clients[client].actions[index];
      return each.do === 'send' ? each.ops : [];
    };
    const write = (of: Case, ops: readonly Op[]) =>
      withAction(of, client, index, { ...action, ops });
    await shrinker.list(opsOf, write);
    const ops = opsOf(shrinker.best);
    if (action.pieces > 1) {
      await shrinker.try(withAction(shrinker.best, client, index, { ...action, ops, pieces: 1 }));
    }
  } else if (action.do === 'sleep' || action.do === 'deaf') {
    const shorter = { ...action, ms: 1 };
    await shrinker.try(withAction(shrinker.best, client, index, shorter));
  }
}

async function shrinkPools(shrinker: Shrinker): Promise<void> {
  const [first, second] = shrinker.best.pools;
  if (shrinker.best.faults.every(({ kind }) => kind !== 'reload')) {
    await shrinker.try({ ...shrinker.best, pools: [first, first] });
  } else if (JSON.stringify(first) !== JSON.stringify(second)) {
    await shrinker.try({ ...shrinker.best, pools: [first, { ...first, servers: 1 }] });
  }
  for (const which of [0, 1] as const) {
    for (const key of Object.keys(shrinker.best.pools[which])) {
      if (key === 'servers') continue;
      const pools = shrinker.best.pools.map((pool, i) => {
        if (i !== which) return pool;
        const { [key]: _left, ...rest } = pool;
        return rest;
      });
      const [one, other] = pools as [PoolKeys, PoolKeys];
      await shrinker.try({ ...shrinker.best, pools: [one, other] });
    }
  }
}

/**
 * The smallest case that fails as `given` does: fewer clients, actions, requests, faults and keys.
 * @param result of `given`; its faults are the ones that were chosen
 * @param now a clock that is not the world's, in milliseconds
 */
export async function shrink(
  given: Case,
  result: Result,
  now: () => number,
  limitMs: number,
): Promise<Shrunk> {
  const shrinker = new Shrinker(given, result, now, limitMs);
  // The scheduler's choices become the case's own.
  await shrinker.try({ ...given, faults: result.faults });
  for (let before = ''; shrinker.inTime; ) {
    await shrinker.list<Fault>(
      (of) => of.faults,
      (of, faults) => ({ ...of, faults }),
    );
    await shrinkClients(shrinker);
    await shrinkListeners(shrinker);
    await shrinkPools(shrinker);
    if (!shrinker.best.calm) await shrinker.try({ ...shrinker.best, calm: true });
    if (shrinker.best.proxies > 1) await shrinker.try({ ...shrinker.best, proxies: 1 });
    if (shrinker.best.reader === 'data') await shrinker.try({ ...shrinker.best, reader: 'onread' });
    const after = JSON.stringify(shrinker.best);
    if (after === before) break;
    before = after;
  }
  const kept = await runCase(shrinker.best, undefined, true);
  return { case: shrinker.best, result: kept, tries: shrinker.tries };
}
