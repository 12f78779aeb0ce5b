import {
  CLUSTER_REPLY_BYTES,
  CLUSTER_WORD_BYTES,
  CONTROL_RETRY_MAX_MS,
  REASON_TEXT,
} from '../../limits.ts';
import type { DialTarget } from '../../net/dial.ts';
import type { Clock } from '../clock.ts';
import { ControlLink } from '../control-link.ts';
import type { Reply } from '../reply-reader.ts';

/** Who wants to know what a node says. */
export interface NodeListener {
  onAnswer(nodes: Reply, slots: Reply): void;
  /** What it says of the state of the cluster. */
  onState(info: Reply): void;
  /** The link is lost for good. */
  onDown(reason: string): void;
}

/** A connection to one node of a cluster, to ask it who has which slots. Lost once, it is over. */
export class NodeLink {
  readonly #link: ControlLink;
  readonly #listener: NodeListener;
  /** It is to be asked as soon as it is up. */
  #wanted = false;
  #stateWanted = false;
  /** It has not answered yet. */
  #looking = false;
  #closed = false;

  constructor(
    target: DialTarget,
    login: () => readonly string[] | null,
    clock: Clock,
    listener: NodeListener,
  ) {
    this.#listener = listener;
    this.#link = new ControlLink({
      target,
      clock,
      login,
      retryMs: CONTROL_RETRY_MAX_MS,
      limits: { word: CLUSTER_WORD_BYTES, reply: CLUSTER_REPLY_BYTES },
      onUp: () => {
        if (this.#wanted) this.ask();
        if (this.#stateWanted) this.look();
      },
      onDown: (reason) => this.#onDown(reason),
    });
  }

  #onDown(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    // It is not yet known to whoever makes it, if it cannot even be tried.
    queueMicrotask(() => {
      this.#link.close();
      this.#listener.onDown(reason.slice(0, REASON_TEXT).replace(/\p{Cc}/gu, ' '));
    });
  }

  ask(): void {
    let nodes: Reply = null;
    this.#wanted = !this.#link.ask(['CLUSTER', 'NODES'], (reply) => {
      nodes = reply;
    });
    if (this.#wanted) return;
    this.#link.ask(['CLUSTER', 'SLOTS'], (slots) => this.#listener.onAnswer(nodes, slots));
  }

  /** Asks how the cluster is: a few words, whatever its size. */
  look(): void {
    if (this.#looking) return;
    this.#looking = this.#link.ask(['CLUSTER', 'INFO'], (info) => {
      this.#looking = false;
      this.#listener.onState(info);
    });
    this.#stateWanted = !this.#looking;
  }

  close(): void {
    this.#closed = true;
    this.#link.close();
  }
}
