import { type ChildProcess, fork } from 'node:child_process';
import type { ConfigText } from '../../config/index.ts';
import {
  SIBLING_ANSWER_MS,
  WORKER_ANSWER_MS,
  WORKER_CHANGE_MS,
  WORKER_START_MS,
} from '../../limits.ts';
import type { Log, LogFields } from '../../log.ts';
import { unpackSnapshot } from '../../stats/merge.ts';
import type { Snapshot } from '../../stats/snapshot.ts';
import type { PreparedChange } from '../serving.ts';
import { Peer } from './peer.ts';
import { messageOf } from './text-message.ts';
import type { StartAnswer, WorkerStart } from './worker.ts';

interface LogMessage {
  readonly level: number;
  readonly message: string;
  readonly fields?: LogFields;
}

/** One worker process, as the first process sees it. */
export class Worker {
  /** From 1: it goes with the place, not with the process. */
  readonly number: number;
  readonly child: ChildProcess;
  readonly peer: Peer;
  /** What it serves by. */
  config: ConfigText | null = null;
  codec = '';
  reader = '';
  /** Its end is wanted. */
  leaving = false;
  /** What it had counted when it was asked last. */
  last: Snapshot | null = null;
  /** That has been added to what is gone. */
  counted = false;
  /** It has left a question unanswered for long. */
  #isSilent = false;
  /** Until the last change of its configuration is taken over or called off. */
  #changed: Promise<void> = Promise.resolve();

  constructor(number: number, log: Log, onExit: (worker: Worker, how: string) => void) {
    this.number = number;
    this.child = fork(new URL('./worker.js', import.meta.url), [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.peer = new Peer(this.child, `worker ${number}`);
    this.peer.on('log', ({ level, message, fields }: LogMessage) => {
      log.write(level, `worker ${number}: ${message}`, { ...fields, worker: number });
    });
    this.child.once('exit', (status, signal) => {
      this.peer.end();
      onExit(this, signal === null ? `status ${status}` : signal);
    });
    this.child.once('error', () => {});
  }

  async start(message: WorkerStart): Promise<void> {
    const said = this.peer.ask<StartAnswer>('start', { ...message }, WORKER_START_MS);
    const { codec, reader } = await said;
    this.codec = codec;
    this.reader = reader;
  }

  /**
   * Makes another configuration ready there. The next one waits until this one is taken over or
   * called off: a worker has one at a time.
   * @throws RingwayError when it cannot be had; then nothing has changed
   */
  async prepare(config: ConfigText): Promise<PreparedChange> {
    const before = this.#changed;
    let over = (): void => {};
    this.#changed = new Promise((resolve) => {
      over = resolve;
    });
    await before;
    let isOver = false;
    const abort = (): void => {
      if (isOver) return;
      isOver = true;
      this.peer.tell('abort', {});
      over();
    };
    try {
      await this.peer.ask('prepare', { ...messageOf(config) }, WORKER_CHANGE_MS);
    } catch (error) {
      abort();
      throw error;
    }
    return {
      commit: async (drainMs) => {
        isOver = true;
        try {
          await this.peer.ask('commit', { drainMs }, WORKER_CHANGE_MS);
          this.config = config;
        } finally {
          over();
        }
      },
      abort,
    };
  }

  /** It goes on by another configuration. */
  async follow(config: ConfigText): Promise<void> {
    const change = await this.prepare(config);
    await change.commit(0);
  }

  /** What it says to a question of another worker, which has given up by the time this one does. */
  answer(question: object): Promise<object> {
    return this.peer.ask<object>('sibling', { question }, SIBLING_ANSWER_MS);
  }

  /** What it has counted; of one that stands still, what it said last. */
  async snapshot(): Promise<Snapshot | null> {
    if (this.#isSilent) return this.last;
    try {
      this.#take(await this.peer.ask<object>('snapshot', {}, WORKER_ANSWER_MS));
    } catch {
      // It is gone, or late; what it said last stands.
      if (!this.#isSilent) void this.#awaitAnswer();
    }
    return this.last;
  }

  /** Asks once more, and nothing else of the kind until that is answered. */
  async #awaitAnswer(): Promise<void> {
    this.#isSilent = true;
    try {
      this.#take(await this.peer.ask<object>('snapshot'));
    } catch {
      // It has ended: nobody asks any more.
    }
    this.#isSilent = false;
  }

  #take(packed: object): void {
    // An answer may come behind the worker's last word: that was counted for good.
    if (!this.counted) this.last = unpackSnapshot(packed);
  }
}
