import { type ChildProcess, spawn } from 'node:child_process';
import type { Members } from '../../config/index.ts';
import { RingwayError } from '../../errors.ts';
import {
  HAND_OVER_MS,
  NUMBERED_WORKERS,
  SPARE_NUMBERED_WORKERS,
  TAKE_OVER_READY_MS,
} from '../../limits.ts';
import type { NativeHandle } from '../../net/handles.ts';
import type { FileId } from '../../net/socket-file.ts';
import type { GivenListener } from '../../proxy/listeners.ts';
import type { ServerOrder } from '../../proxy/pool/connections/order.ts';
import type { Known } from '../../topology/known.ts';
import type { Program, Wishes } from '../program.ts';
import type { KnownAddresses } from '../serving.ts';
import { heirAt, onClient, onExpected } from './client-message.ts';
import { type Channel, Peer } from './peer.ts';

/** Set for the process that takes over from another one. */
const MARK = 'RINGWAY_TAKES_OVER';

/** The program that is started to take over; what is absent is as it is here. */
export interface NextProgram {
  /** Path of the Node.js binary. */
  readonly node?: string | undefined;
  /** Path of ringway's cli.js. */
  readonly script?: string | undefined;
}

interface ListenerMessage {
  readonly listen: string;
  readonly file: FileId | null;
}

/** What the next process begins with. */
export interface Inheritance extends Wishes {
  readonly handles: ReadonlyMap<string, GivenListener>;
  /** Where masters are. */
  readonly known: readonly Known[];
  /** What rings are made of, by names of SRV records. */
  readonly members: Members;
  /** Where names of servers lead. */
  readonly addresses: KnownAddresses;
  /** Null from a process that knows no TLS. */
  readonly ticketSecret: Buffer | null;
  /** Processes that have numbered clients which this one may get. */
  readonly numbered: number;
}

/** What the process before tells besides. */
interface ProgramMessage {
  readonly unready: boolean;
  /** Base64. */
  readonly ticketSecret?: string;
  readonly known?: readonly Known[];
  readonly members?: Members;
  readonly addresses?: KnownAddresses;
  readonly frozen?: boolean;
  readonly orders?: readonly ServerOrder[];
  readonly numbered?: number;
}

/** The process before this one, which hands over its listeners and then its clients. */
export class Predecessor {
  readonly #peer: Peer;
  readonly #given: Map<string, GivenListener> = new Map();

  /** @returns null when this process was started in the usual way */
  static find(env: NodeJS.ProcessEnv): Predecessor | null {
    if (env[MARK] !== '1' || process.send === undefined) return null;
    delete env[MARK];
    return new Predecessor(new Peer(process as Channel, 'the process before'));
  }

  private constructor(peer: Peer) {
    this.#peer = peer;
    peer.on('listener', ({ listen, file }: ListenerMessage, handle: NativeHandle | null) => {
      if (handle !== null) this.#given.set(listen, { handle, file });
    });
  }

  /** Its listening sockets, by `listen`, what an operator has ordered, and masters. */
  async listeners(): Promise<Inheritance> {
    const said = await this.#peer.ask<ProgramMessage>('listeners');
    const { unready, ticketSecret, known = [], frozen = false, orders = [] } = said;
    const { members = {}, addresses = [] } = said;
    // One that does not say numbered them from 1, and few of its workers will have been replaced.
    const { numbered = NUMBERED_WORKERS >> 1 } = said;
    const secret = ticketSecret === undefined ? null : Buffer.from(ticketSecret, 'base64');
    const wishes = { unready, frozen, orders };
    const handles = this.#given;
    return { handles, ticketSecret: secret, known, members, addresses, numbered, ...wishes };
  }

  /**
   * Its stats port, HTTP address and admin socket are to be opened here.
   * @returns what an operator wants by now; null from a process that tells that at first only
   */
  async closeDoors(): Promise<Wishes | null> {
    const said = await this.#peer.ask<Wishes | Record<string, never>>('doors');
    return 'orders' in said ? (said as Wishes) : null;
  }

  /** This process is ready: the clients may come. */
  takeOver(program: Program): void {
    onClient(this.#peer, (client) => program.serving.adopt(client));
    onExpected(this.#peer, (question) => program.serving.expect(question));
    this.#peer.on('known', ({ known }: { known: readonly Known[] }) => {
      program.topology.learn(known);
    });
    this.#peer.on('done', () => process.disconnect?.());
    this.#peer.tell('ready', {});
  }
}

/** Everything that is needed to start the program again. */
export interface Again extends NextProgram {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Starts the next process and hands everything over: first the listening sockets, and once it is
 * ready the clients, each when all it asked is answered. Until then this process goes on as before.
 * @returns the next process's id, and when all is handed over
 * @throws RingwayError when it does not get ready; then nothing has changed
 */
export async function handOver(
  program: Program,
  again: Again,
): Promise<{ pid: number; done: Promise<void> }> {
  const child = startNext(again);
  const peer = new Peer(child, 'the next process');
  let doorsClosed = false;
  peer.on('listeners', () => {
    for (const [listen, { handle, file }] of program.listeners.handles()) {
      peer.tell('listener', { listen, file }, handle);
    }
    const { known } = program.topology;
    const ticketSecret = program.ticketSecret.toString('base64');
    const numbered = program.serving.numbered + SPARE_NUMBERED_WORKERS;
    const { taken: members } = program.topology.members;
    const { known: addresses } = program.topology.names;
    return { ticketSecret, known, members, addresses, numbered, ...program.wishes };
  });
  peer.on('doors', () => {
    doorsClosed = true;
    program.closeDoors();
    return program.wishes;
  });
  try {
    await ready(child, peer);
  } catch (error) {
    child.kill('SIGKILL');
    if (doorsClosed) await program.openDoors();
    throw error;
  }
  // A failover may have gone on while it started; no client goes there before it knows.
  peer.tell('known', { known: program.topology.known });
  const done = program
    .handOver(heirAt(peer), HAND_OVER_MS)
    .then(() => new Promise<void>((resolve) => peer.tell('done', {}, undefined, resolve)));
  return { pid: child.pid as number, done };
}

function startNext({ node, script, argv, env }: Again): ChildProcess {
  const file = script ?? (process.argv[1] as string);
  return spawn(node ?? process.execPath, [...process.execArgv, file, ...argv], {
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...env, [MARK]: '1' },
  });
}

function ready(child: ChildProcess, peer: Peer): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new RingwayError('RINGWAY_STARTUP', `the next process ${why}; this one goes on`));
    };
    const timer = setTimeout(
      () => fail(`is not ready after ${TAKE_OVER_READY_MS} ms`),
      TAKE_OVER_READY_MS,
    );
    child.once('error', (error) => fail(`cannot be started: ${error.message}`));
    child.once('exit', (status) => fail(`ended with status ${status}: see its log`));
    peer.on('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
