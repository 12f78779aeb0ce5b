import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { BackendConnection } from '../../src/proxy/backend/backend-connection.ts';
import type { Engine } from '../../src/proxy/engine/engine.ts';
import { ProxyServer } from '../../src/proxy/proxy-server.ts';
import { INTERNAL_ERRORS } from '../../src/stats/counters.ts';
import { type PoolSpec, startInProcess, type Variant } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// A method that throws once, and clients that look at every byte meanwhile.

type Method = (...args: unknown[]) => unknown;
type Methods = Record<string, Method>;

/** Classes and the steps that throw, before they do anything or behind it. */
export type Steps = readonly (readonly [prototype: object, names: readonly string[]])[];

/** Behind these nobody would know of what they gave. */
const NEVER_BEHIND = ['take'];
const SAMPLES = 6;
const FAILED = /^(?:-|SERVER_ERROR )[^\r]*internal error[^\r]*\r\n/;

/** Makes the `at`-th call of a step throw, once. @returns how many calls there were, and undo */
export function poison(prototype: object, name: string, at: number, behind: boolean) {
  const methods = prototype as Methods;
  const original = methods[name];
  const state = { calls: 0, undo: () => void (methods[name] = original) };
  methods[name] = function (this: unknown, ...args: unknown[]): unknown {
    state.calls++;
    if (state.calls === at && !behind) throw new Error(`thrown before ${name}`);
    const result = original.apply(this, args);
    if (state.calls === at) throw new Error(`thrown behind ${name}`);
    return result;
  };
  return state;
}

export interface Script {
  readonly requests: readonly Buffer[];
  readonly replies: readonly string[];
}

export interface Outcome {
  readonly complete: boolean;
  readonly errors: number;
}

/**
 * Length of a failed reply at the front, 0 when there is none: an error, in memcached behind such
 * items of the right reply as other servers had.
 */
function failedLength(received: string, expected: string): number {
  let at = 0;
  for (;;) {
    const failed = FAILED.exec(received.slice(at, at + 200));
    if (failed !== null) return at + failed[0].length;
    const item = /^VALUE [^\r]*\r\n[^\r]*\r\n/.exec(received.slice(at));
    if (item === null || !expected.includes(item[0])) return 0;
    at += item[0].length;
  }
}

/** Sends it in pieces, and checks each reply. */
export async function play(port: number, { requests, replies }: Script): Promise<Outcome> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1');
  let done = 0;
  let errors = 0;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`${done} of ${replies.length} replies, then none: ${received}`));
    }, 8_000);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    socket.on('data', (text: string) => {
      received += text;
      while (done < replies.length && received !== '') {
        const failed = failedLength(received, replies[done]);
        if (failed > 0) {
          errors++;
          received = received.slice(failed);
        } else if (received.startsWith(replies[done])) {
          received = received.slice(replies[done].length);
        } else break;
        done++;
      }
      if (done === replies.length) socket.end();
    });
    socket.on('close', end);
    socket.on('error', () => {});
    const third = Math.ceil(requests.length / 3);
    const write = (from: number): void => {
      if (from >= requests.length || socket.destroyed) return;
      socket.write(Buffer.concat(requests.slice(from, from + third)));
      setTimeout(() => write(from + third), 2);
    };
    socket.on('connect', () => write(0));
  });
  const expected = replies[done] ?? '';
  // What a closed client has got is a beginning of the right reply.
  assert.ok(expected.startsWith(received), `${received.slice(0, 80)} for ${expected.slice(0, 80)}`);
  return { complete: done === replies.length, errors };
}

/** A proxy whose engine can be looked into, and who talks to it. */
export class Scene {
  readonly engine: Engine;
  readonly port: number;
  readonly stop: () => Promise<void>;
  readonly #scripts: readonly Script[];
  readonly #smallSlabs: number;
  readonly #largeSlabs: number;

  private constructor(
    engine: Engine,
    proxy: Awaited<ReturnType<typeof startInProcess>>,
    scripts: readonly Script[],
  ) {
    this.engine = engine;
    this.port = proxy.port;
    this.stop = proxy.stop;
    this.#scripts = scripts;
    this.#smallSlabs = engine.slabs.smallLeft;
    this.#largeSlabs = engine.slabs.largeLeft;
  }

  /** @param scripts one per client, all at once */
  static async start(pool: PoolSpec, variant: Variant, scripts: readonly Script[]): Promise<Scene> {
    const { preconnect } = ProxyServer.prototype;
    let engine: Engine | null = null;
    ProxyServer.prototype.preconnect = function (this: ProxyServer): void {
      engine = this.engine;
      preconnect.call(this);
    };
    try {
      const proxy = await startInProcess(pool, variant);
      return new Scene(engine as unknown as Engine, proxy, scripts);
    } finally {
      ProxyServer.prototype.preconnect = preconnect;
    }
  }

  round(): Promise<Outcome[]> {
    return Promise.all(this.#scripts.map((script) => play(this.port, script)));
  }

  async nothingIsLeft(what: string): Promise<void> {
    let left: object = {};
    await waitFor(
      'everything to be given back',
      () => {
        const { slabs, clients, budget, connections } = this.engine;
        left = {
          small: this.#smallSlabs - slabs.smallLeft,
          large: this.#largeSlabs - slabs.largeLeft,
          bytes: budget.used,
          clients: clients.filter((client) => client !== null).length,
          inFlight: ([...connections] as BackendConnection[]).reduce(
            (sum, { inFlight }) => sum + inFlight.count,
            0,
          ),
          walking: Number(slabs.walking),
        };
        return Object.values(left).every((value) => value === 0);
      },
      2_000,
    ).catch(() => assert.fail(`${what} left: ${JSON.stringify(left)}`));
  }
}

/** One test per step: it throws at several of its calls, and only the client at hand is hurt. */
export function testSteps(steps: Steps, scene: () => Scene): void {
  for (const [prototype, names] of steps) {
    for (const name of names) {
      test(`in ${prototype.constructor.name}.${name}`, () => testStep(prototype, name, scene()));
    }
  }
}

async function testStep(prototype: object, name: string, scene: Scene): Promise<void> {
  const { name: owner } = prototype.constructor;
  const counting = poison(prototype, name, 0, false);
  await scene.round().finally(counting.undo);
  await scene.nothingIsLeft('a round without exceptions');
  assert.ok(counting.calls > 0, 'the step is never taken');
  const stride = Math.max(1, counting.calls / SAMPLES);
  for (const behind of NEVER_BEHIND.includes(name) ? [false] : [false, true]) {
    for (let n = 0; n < Math.min(SAMPLES, counting.calls); n++) {
      const at = 1 + Math.floor(n * stride);
      const { process } = scene.engine;
      const errorsBefore = process[INTERNAL_ERRORS];
      const poisoned = poison(prototype, name, at, behind);
      const outcomes = await scene.round().finally(poisoned.undo);
      if (poisoned.calls < at) continue; // the timing of this round was another
      const what = `call ${at} of ${owner}.${name}, ${behind ? 'behind' : 'before'}`;
      assert.ok(process[INTERNAL_ERRORS] > errorsBefore, `${what}: not counted`);
      const closed = outcomes.filter(({ complete }) => !complete).length;
      assert.ok(closed <= 1, `${what}: ${closed} clients were closed`);
      await scene.nothingIsLeft(what);
    }
  }
  for (const { complete, errors } of await scene.round()) assert.ok(complete && errors === 0);
}
