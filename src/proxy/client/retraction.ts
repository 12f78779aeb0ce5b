import type { Engine } from '../engine/engine.ts';
import type { ClientInput } from './input/client-input.ts';
import type { InputOwner } from './input/input-owner.ts';
import { mayTakeAlone, mayTakeBack, takeAlone, takeBack } from './input/taken-back.ts';
import type { StreamedReply } from './streamed-reply.ts';

/** What of a client's requests is taken back at the end of a turn, when the window is nobody's. */
export class Retraction {
  readonly #engine: Engine;
  readonly #client: InputOwner;
  readonly #input: ClientInput;
  #newest = false;
  #alone: StreamedReply | null = null;

  constructor(engine: Engine, client: InputOwner, input: ClientInput) {
    this.#engine = engine;
    this.#client = client;
    this.#input = input;
  }

  /** @returns whether its newest reads will be taken back */
  takesBack(): boolean {
    if (!mayTakeBack(this.#client, this.#input)) return false;
    this.#newest = true;
    this.#engine.turn.markClient(this.#client);
    return true;
  }

  /** Whether the read of `slot` could be made again over a connection of its own. */
  mayReadAlone(slot: number): boolean {
    return mayTakeAlone(this.#client, this.#input, slot);
  }

  /** The reply to a read is too large to be kept back any longer. */
  readAlone(reply: StreamedReply): void {
    this.#alone = reply;
    this.#engine.turn.markClient(this.#client);
  }

  run(): void {
    if (this.#newest || this.#alone !== null) this.#run();
  }

  #run(): void {
    const alone = this.#alone;
    this.#alone = null;
    if (alone?.isHeldBack) this.#readAlone(alone);
    if (this.#newest) takeBack(this.#engine, this.#client, this.#input);
    this.#newest = false;
  }

  #readAlone(reply: StreamedReply): void {
    const client = this.#client;
    const read = takeAlone(this.#engine, client, this.#input, reply.slot);
    if (read === null) reply.release();
    else client.protocol.readAlone(client, read.request, read.source);
  }
}
