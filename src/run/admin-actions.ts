import { type AdminAction, type AdminActions, alone } from '../admin/admin-server.ts';
import { alternatives } from '../admin/alternatives.ts';
import { effectiveConfig } from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import { ADMIN_CLIENTS, HAND_OVER_MS } from '../limits.ts';
import type { PoolChange } from '../proxy/pool/config-changes.ts';
import type { NextProgram } from './processes/upgrade.ts';
import { Workers } from './processes/workers.ts';
import type { Program } from './program.ts';
import { LEVEL_MAX } from './signals.ts';

/** Clients that are shown unless a number is given. */
const CLIENTS_SHOWN = 10;

/** What the admin socket can do to the running program. */
export interface ProgramControl {
  program(): Program;
  /** @returns the process id of the program that has taken over */
  upgrade(next: NextProgram): Promise<number>;
  drain(): void;
  /** The log level, in every process. */
  level: number;
}

/** The commands of the admin socket that need a whole program, beside those of doors.ts. */
export function adminActions(control: ProgramControl): AdminActions {
  return new Map<string, AdminAction>([
    [
      'drain',
      alone('drain', () => {
        control.drain();
        return { draining: true };
      }),
    ],
    ['ready', alone('ready', () => setReady(control.program(), true))],
    ['unready', alone('unready', () => setReady(control.program(), false))],
    ['server', (words) => ({ ...control.program().orders.obey(words) })],
    [
      'config',
      alone('config', () => ({ pools: effectiveConfig(control.program().reloader.current) })),
    ],
    ['clients', (words) => clients(control.program(), words)],
    ['loglevel', (words) => logLevel(control, words)],
    ['failover', (words) => failover(control.program(), words)],
    ['topology', (words) => topology(control.program(), words)],
    ['reload', (words) => reload(control.program(), words)],
    ['restart', alone('restart', () => restart(control))],
    ['upgrade', (words) => upgrade(control, words)],
  ]);
}

/** Holds until it is taken back, also in a process that takes over. */
function setReady(program: Program, ready: boolean): object {
  program.unready = !ready;
  return { ready };
}

async function reload({ reloader }: Program, words: readonly string[]): Promise<object> {
  const dryRun = words[0] === '--dry-run';
  if (words.length > (dryRun ? 1 : 0)) {
    throw new RingwayError('RINGWAY_USAGE', 'expected reload, or reload --dry-run');
  }
  const { changes } = dryRun ? await reloader.plan() : await reloader.reload();
  return { dryRun, changes: changes.map(described) };
}

/** Those that hold most. */
async function clients({ serving, reloader }: Program, words: readonly string[]): Promise<object> {
  const [pool, count = String(CLIENTS_SHOWN), ...more] = words;
  const isNumber = /^[1-9][0-9]{0,3}$/.test(count) && Number(count) <= ADMIN_CLIENTS;
  if (pool === undefined || !isNumber || more.length > 0) {
    const expected = `expected clients POOL, and a number up to ${ADMIN_CLIENTS}`;
    throw new RingwayError('RINGWAY_USAGE', expected);
  }
  const { pools } = reloader.current;
  if (!pools.some(({ name }) => name === pool)) {
    throw new RingwayError('RINGWAY_USAGE', `no pool '${pool}'; ${alternatives(pools)}`);
  }
  return { pool, clients: await serving.clients(pool, Number(count)) };
}

/** @returns the level that holds now, and the one before */
function logLevel(control: ProgramControl, [word, ...more]: readonly string[]): object {
  const before = control.level;
  if (word === undefined) return { level: before };
  if (!/^[0-9]{1,2}$/.test(word) || Number(word) > LEVEL_MAX || more.length > 0) {
    throw new RingwayError('RINGWAY_USAGE', `expected loglevel, or a number up to ${LEVEL_MAX}`);
  }
  control.level = Number(word);
  return { level: control.level, before };
}

/** Has a sentinel replace a master by a replica. */
function failover({ topology }: Program, words: readonly string[]): Promise<object> {
  const [pool, server] = words;
  if (pool === undefined || server === undefined || words.length > 2) {
    throw new RingwayError('RINGWAY_USAGE', 'expected failover POOL SERVER');
  }
  return topology.failover(pool, server);
}

/** Where masters are; frozen, servers stay where they are. */
function topology({ topology: keeper, orders }: Program, words: readonly string[]): object {
  const [word, name] = words;
  const isAccept = word === 'accept';
  const isWord = isAccept || ['freeze', 'resume', undefined].includes(word);
  if (!isWord || words.length > (isAccept ? 2 : 1) || (isAccept && name === undefined)) {
    const expected = 'expected topology, topology freeze or resume, or topology accept NAME';
    throw new RingwayError('RINGWAY_USAGE', expected);
  }
  if (isAccept) keeper.acceptMembers(name as string);
  else if (word !== undefined) keeper.frozen = word === 'freeze';
  return { ...keeper.view, ordersAway: orders.away };
}

/** Shares as per cent, to be read by people as well. */
function described({ pool, change, differences, moved }: PoolChange): object {
  const percent = (share: number): number => Math.round(share * 10_000) / 100;
  if (moved === null) return { pool, change };
  const servers = moved.servers.map(({ name, before, after, ...rest }) => ({
    name,
    beforePercent: percent(before),
    afterPercent: percent(after),
    movesAwayPercent: percent(rest.out),
    comesInPercent: percent(rest.in),
  }));
  return { pool, change, differences, movedPercent: percent(moved.share), servers };
}

/** Workers are replaced one by one; without workers, the process is. */
async function restart(control: ProgramControl): Promise<object> {
  const { serving, reloader } = control.program();
  if (!(serving instanceof Workers)) return upgrade(control, []);
  await reloader.exclusively(() => serving.restart(HAND_OVER_MS));
  return { pids: serving.pids };
}

async function upgrade(control: ProgramControl, words: readonly string[]): Promise<object> {
  const [node, script, ...more] = words;
  if (more.length > 0) {
    throw new RingwayError('RINGWAY_USAGE', 'expected upgrade, and the paths NODE and CLI at most');
  }
  return { pid: await control.upgrade({ node, script }) };
}
