import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { Random } from '../../fuzz/random.ts';
import type { Network } from '../net/network.ts';
import { SimServer } from '../net/sim-server.ts';
import { type ConnectOptions, SimSocket } from '../net/sim-socket.ts';
import { type Loop, SimTimer } from './loop.ts';
import type { World } from './world.ts';

// Whatever a process of ringway is given by Node and the system, given by a simulated world instead:
// clock, timers, turns of the event loop, randomness, sockets. The product takes them from where
// every program does, and has no switch for it; only a process of its own is safe to do this in.

/** Moments of a simulated world begin here: no real clock says it. */
const EPOCH_MS = Date.UTC(2030, 0, 1);

interface Surroundings {
  readonly world: World;
  readonly network: Network;
  readonly random: Random;
}

let installed: Surroundings | null = null;

/** The process that asks, and its world; null when it is the test itself that asks. */
function asking(): { loop: Loop; world: World; network: Network; random: Random } | null {
  const loop = installed?.world.current ?? null;
  return installed === null || loop === null ? null : { ...installed, loop };
}

const require = createRequire(import.meta.url);
const net = require('node:net') as Record<string, unknown>;
const crypto = require('node:crypto') as Record<string, unknown>;

type AnyFunction = (...args: never[]) => unknown;

/** Puts `replacement` in front of a function; it gets the real one for the test's own calls. */
function replace<F extends AnyFunction>(
  owner: object,
  name: string,
  replacement: (real: F) => F,
): void {
  const target = owner as Record<string, F>;
  const real = target[name];
  Object.defineProperty(owner, name, {
    value: replacement(real.bind(owner) as F),
    configurable: true,
    writable: true,
    enumerable: true,
  });
}

type Later = (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => unknown;
type AtOnce = (run: (...args: unknown[]) => void, ...args: unknown[]) => unknown;
type Clear = (handle: unknown) => void;

function replaceTimers(): void {
  for (const [name, repeats] of [
    ['setTimeout', false],
    ['setInterval', true],
  ] as const) {
    replace<Later>(globalThis, name, (real) => (run, ms, ...args) => {
      const loop = asking()?.loop;
      if (loop === undefined) return real(run, ms, ...args);
      return loop.timer(() => run(...args), ms ?? 1, repeats);
    });
  }
  for (const name of ['clearTimeout', 'clearInterval']) {
    replace<Clear>(globalThis, name, (real) => (timer) => {
      if (timer instanceof SimTimer) timer.cancel();
      else real(timer);
    });
  }
  replace<AtOnce>(globalThis, 'setImmediate', (real) => (run, ...args) => {
    const loop = asking()?.loop;
    return loop === undefined ? real(run, ...args) : loop.immediate(() => run(...args));
  });
  replace<Clear>(globalThis, 'clearImmediate', (real) => (handle) => {
    if (typeof handle === 'function') asking()?.loop.clearImmediate(handle as () => void);
    else real(handle);
  });
}

function replaceClock(): void {
  const millis = (): number | null => (installed === null ? null : installed.world.micros / 1000);
  replace<() => number>(performance, 'now', (real) => () => millis() ?? real());
  Object.defineProperty(performance, 'timeOrigin', { value: EPOCH_MS });
  replace<() => number>(Date, 'now', (real) => () => {
    const now = millis();
    return now === null ? real() : EPOCH_MS + Math.floor(now);
  });
}

function replaceRandomness(): void {
  replace<() => number>(Math, 'random', (real) => () => {
    return installed === null ? real() : installed.random.bits() / 2 ** 32;
  });
  replace<(size: number) => Buffer>(crypto, 'randomBytes', (real) => (size) => {
    if (installed === null) return real(size);
    return Buffer.from(Array.from({ length: size }, () => installed?.random.below(256) ?? 0));
  });
}

function replaceSockets(): void {
  replace<(options: ConnectOptions) => unknown>(net, 'connect', (real) => (options) => {
    const from = asking();
    return from === null ? real(options) : SimSocket.connect(from.network, from.loop, options);
  });
  replace<(options: object) => unknown>(net, 'createServer', (real) => (options) => {
    const from = asking();
    return from === null ? real(options) : new SimServer(from.network, from.loop, options);
  });
}

let replaced = false;

/** From now on this world is what the processes in it are given. One at a time. */
export function install(world: World, network: Network): void {
  if (!replaced) {
    replaceTimers();
    replaceClock();
    replaceRandomness();
    replaceSockets();
    // Modules that have imported these already get the new ones, too.
    syncBuiltinESMExports();
    replaced = true;
  }
  installed = { world, network, random: world.randomOf('surroundings') };
}

export function uninstall(): void {
  installed = null;
}
