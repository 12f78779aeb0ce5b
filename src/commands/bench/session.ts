import type { Socket } from 'node:net';
import { type DialTarget, dialPlain } from '../../net/dial.ts';
import { onOpen } from '../../net/tls-client.ts';
import { replyCounter } from './reply-counter.ts';

const ANSWER_MS = 5_000;
const BATCH = 500;

/** Opens a connection, and fails when that takes too long. */
export function connectTo(target: DialTarget): Promise<Socket> {
  const socket = dialPlain(target);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error('no connection in time')), ANSWER_MS);
    socket.once('error', (error) => {
      clearTimeout(timer);
      fail(error);
    });
    onOpen(socket, () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

/** Whether a Redis listens there, or something that speaks like one; else it is a memcached. */
export async function speaksRedis(target: DialTarget): Promise<boolean> {
  const socket = await connectTo(target);
  try {
    const first = await new Promise<Buffer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('it answers nothing')), ANSWER_MS);
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        settle();
      };
      socket.once('data', (bytes: Buffer) => end(() => resolve(bytes)));
      socket.once('error', (error) => end(() => reject(error)));
      socket.once('close', () => end(() => reject(new Error('it closes the connection'))));
      socket.write('PING\r\n');
    });
    return first[0] === 0x2b || first[0] === 0x2d; // '+' or '-'
  } finally {
    socket.destroy();
  }
}

/**
 * Sends requests and waits for their replies, so many at a time.
 * @throws at the first error reply
 */
export async function sendAll(
  target: DialTarget,
  isRedis: boolean,
  login: Buffer,
  requests: Iterable<Buffer>,
): Promise<void> {
  const socket = await connectTo(target);
  const batches = new Batches(socket, isRedis);
  try {
    if (login.length > 0) await batches.send([login]);
    let batch: Buffer[] = [];
    for (const request of requests) {
      batch.push(request);
      if (batch.length < BATCH) continue;
      await batches.send(batch);
      batch = [];
    }
    if (batch.length > 0) await batches.send(batch);
  } finally {
    socket.destroy();
  }
}

/** Requests that are sent together, the next when all are answered. */
class Batches {
  readonly #socket: Socket;
  #left = 0;
  #settle: (error: Error | null) => void = () => {};

  constructor(socket: Socket, isRedis: boolean) {
    this.#socket = socket;
    const counter = replyCounter(isRedis);
    socket.on('error', (error) => this.#settle(error));
    socket.on('close', () => this.#settle(new Error('the connection was closed')));
    socket.on('data', (bytes: Buffer) => {
      try {
        counter.take(bytes, (isError) => {
          if (isError) throw new Error(`an error: ${bytes.toString('latin1', 0, 200).trim()}`);
          if (--this.#left === 0) this.#settle(null);
        });
      } catch (error) {
        this.#settle(error as Error);
      }
    });
  }

  /** @throws as a rejection, at an error reply and when none comes in time */
  send(batch: readonly Buffer[]): Promise<void> {
    this.#left = batch.length;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer in time')), ANSWER_MS);
      this.#settle = (error) => {
        clearTimeout(timer);
        if (error === null) resolve();
        else reject(error);
      };
      this.#socket.write(Buffer.concat(batch));
    });
  }
}
