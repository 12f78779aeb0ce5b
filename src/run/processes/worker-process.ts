import { type ChildProcess, fork } from 'node:child_process';
import type { Log, LogFields } from '../../log.ts';
import { unpackSnapshot } from '../../stats/merge.ts';
import type { Snapshot } from '../../stats/snapshot.ts';
import { Peer } from './peer.ts';

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
  codec = '';
  reader = '';
  /** Its end is wanted. */
  leaving = false;
  /** What it had counted when it was asked last. */
  last: Snapshot | null = null;
  /** That has been added to what is gone. */
  counted = false;

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

  async snapshot(): Promise<Snapshot | null> {
    try {
      const snapshot = unpackSnapshot(await this.peer.ask<object>('snapshot'));
      // An answer may come behind the worker's last word: that was counted for good.
      if (!this.counted) this.last = snapshot;
    } catch {
      // It is gone; what it said last stands.
    }
    return this.last;
  }
}
