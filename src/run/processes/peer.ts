import type { SendHandle } from 'node:child_process';
import { ERROR_CODES, type ErrorCode, RingwayError } from '../../errors.ts';
import type { NativeHandle } from '../../net/handles.ts';

/** Either end of Node's channel between two processes. */
export interface Channel {
  send?(
    message: object,
    handle: SendHandle | undefined,
    options: { keepOpen?: boolean },
    onSent: (error: Error | null) => void,
  ): boolean;
  on(event: 'message', listener: (message: unknown, handle: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

type Body = Readonly<Record<string, unknown>>;
/** What it returns is the answer, when the other side asked. */
export type Handler = (body: never, handle: NativeHandle | null) => unknown;

interface Envelope {
  readonly type: string;
  readonly body: Body;
  /** Set in a question, and in its answer. */
  readonly id?: number;
  readonly error?: { readonly code: string | null; readonly message: string };
}

interface Asked {
  resolve(answer: never): void;
  reject(error: Error): void;
  /** Until it has taken too long. */
  readonly timer: NodeJS.Timeout | undefined;
}

const ANSWER = 'answer';
/** Nobody reads any more at the other end; that it is closed is heard later. */
const LOST_CODES = ['EPIPE', 'ECONNRESET', 'ERR_IPC_CHANNEL_CLOSED'];

/** The other process: is told things and asked questions, in order, over Node's channel. */
export class Peer {
  readonly #channel: Channel;
  readonly #name: string;
  readonly #handlers: Map<string, Handler> = new Map();
  readonly #asked: Map<number, Asked> = new Map();
  #lastId = 0;
  #gone = false;

  /** @param name for errors */
  constructor(channel: Channel, name: string) {
    this.#channel = channel;
    this.#name = name;
    channel.on('message', (message, handle) => {
      this.#onMessage(message as Envelope, (handle as NativeHandle | undefined) ?? null);
    });
    channel.on('disconnect', () => this.end());
  }

  /** The other process has ended, or its end of the channel is closed. */
  get isGone(): boolean {
    return this.#gone;
  }

  on(type: string, handler: Handler): void {
    this.#handlers.set(type, handler);
  }

  /** @param onSent called when the other side has it, or never will */
  tell(type: string, body: Body, handle?: NativeHandle, onSent?: () => void): void {
    this.#send({ type, body }, handle, () => onSent?.());
  }

  /** @param limitMs how long an answer may take, or the question fails; 0 = for ever */
  ask<T>(type: string, body: Body = {}, limitMs = 0): Promise<T> {
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      const onLate = (): void => this.#takeAsked(id)?.reject(this.#late(limitMs));
      const timer = limitMs === 0 ? undefined : setTimeout(onLate, limitMs);
      this.#asked.set(id, { resolve, reject, timer });
      this.#send({ type, body, id }, undefined, (error) => {
        if (error === null) return;
        if (LOST_CODES.includes((error as NodeJS.ErrnoException).code ?? '')) this.#gone = true;
        this.#takeAsked(id)?.reject(error);
      });
    });
  }

  #takeAsked(id: number): Asked | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    clearTimeout(asked?.timer);
    return asked;
  }

  /** The other process is gone: nobody answers any more. */
  end(): void {
    this.#gone = true;
    for (const id of [...this.#asked.keys()]) this.#takeAsked(id)?.reject(this.#lost());
  }

  #late(limitMs: number): Error {
    const message = `${this.#name} has not answered within ${limitMs} ms`;
    return new RingwayError('RINGWAY_INTERNAL', message);
  }

  #lost(): Error {
    return new RingwayError('RINGWAY_INTERNAL', `${this.#name} is gone`);
  }

  #send(
    envelope: Envelope,
    handle: NativeHandle | undefined,
    onSent: (error: Error | null) => void,
  ): void {
    const { send } = this.#channel;
    if (this.#gone || send === undefined) {
      onSent(this.#lost());
      return;
    }
    try {
      send.call(this.#channel, envelope, handle as SendHandle | undefined, {}, onSent);
    } catch (error) {
      onSent(error as Error);
    }
  }

  #onMessage(envelope: Envelope, handle: NativeHandle | null): void {
    const { type, body, id, error } = envelope;
    if (type === ANSWER) {
      const asked = this.#takeAsked(id as number);
      if (error === undefined) asked?.resolve(body as never);
      else asked?.reject(thrown(error));
      return;
    }
    const handler = this.#handlers.get(type);
    if (id === undefined) handler?.(body as never, handle);
    else void this.#answer(id, () => handler?.(body as never, handle));
  }

  async #answer(id: number, work: () => unknown): Promise<void> {
    try {
      const body = ((await work()) ?? {}) as Body;
      this.#send({ type: ANSWER, id, body }, undefined, () => {});
    } catch (caught) {
      const { code = null, message } = caught as { code?: string; message: string };
      this.#send({ type: ANSWER, id, body: {}, error: { code, message } }, undefined, () => {});
    }
  }
}

function thrown({ code, message }: { code: string | null; message: string }): RingwayError {
  const known = ERROR_CODES.find((one) => one === code);
  return new RingwayError((known ?? 'RINGWAY_INTERNAL') as ErrorCode, message);
}

/** What those say that say something. */
export async function answersOf<T>(asked: readonly Promise<T>[]): Promise<T[]> {
  const said = await Promise.allSettled(asked);
  return said.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}
