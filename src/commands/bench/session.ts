import type { Socket } from 'node:net';
import { visible } from '../../log.ts';
import { type DialTarget, dialPlain } from '../../net/dial.ts';
import { onOpen } from '../../net/tls-client.ts';
import { loginRefusal, passwordOf } from '../../protocol/redis/replies/login-refusal.ts';
import { replyCounter } from './reply-counter.ts';

const ANSWER_MS = 5_000;
const BATCH = 500;
/** Of what a server says, in a message: to PING, and of an error. */
const SHOWN = 120;
const SHOWN_ERROR = 200;
const CLOSES = 'it closes the connection before it has answered: does it want TLS (--tls)?';
const NOTHING = Buffer.alloc(0);

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

/** What begins an alert of TLS: whoever sends it has not understood a byte of what is not TLS. */
const TLS_ALERT = 0x15;

/** Says something and waits for the first bytes of the answer. */
export function ask(socket: Socket, question: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const end = (error: Error | null, bytes: Buffer): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('error', onError).off('close', onClose);
      if (error === null) resolve(bytes);
      else reject(error);
    };
    const onData = (bytes: Buffer): void => {
      if (bytes[0] !== TLS_ALERT) end(null, bytes);
      else end(new Error('it answers in TLS: --tls'), bytes);
    };
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'ECONNRESET') onClose();
      else end(error, NOTHING);
    };
    const onClose = (): void => end(new Error(CLOSES), NOTHING);
    const timer = setTimeout(() => end(new Error('it answers nothing'), NOTHING), ANSWER_MS);
    socket.on('data', onData).on('error', onError).on('close', onClose);
    socket.write(question);
  });
}

/** Why a login is refused; some servers repeat the password in what they say. */
export function refusedLogin(said: Buffer, login: Buffer): Error {
  const text = loginRefusal(said.toString('latin1').trim().replace(/^-/, ''), passwordOf(login));
  return new Error(`the login is refused: ${visible(text.slice(0, SHOWN_ERROR))}`);
}

/**
 * Whether a Redis listens there, or something that speaks like one; else it is a memcached.
 * @throws as a rejection, when it is neither
 */
export async function speaksRedis(target: DialTarget): Promise<boolean> {
  const socket = await connectTo(target);
  try {
    const said = (await ask(socket, Buffer.from('PING\r\n'))).toString('latin1');
    if (/^[+-]/.test(said)) return true;
    if (said.startsWith('ERROR')) return false;
    const [line] = said.slice(0, SHOWN).split('\r\n');
    throw new Error(`to PING it says ${visible(line)}: that is neither a Redis nor a memcached`);
  } finally {
    socket.destroy();
  }
}

/** How a long series of requests goes on. */
export interface Progress {
  /** Requests were sent. */
  hasBegun: boolean;
  /** Whether the rest is left out. */
  isOver: boolean;
  /** An error reply does not end it: the first one is thrown behind all requests. */
  readonly goesOn: boolean;
}

/**
 * Sends requests and waits for their replies, so many at a time.
 * @param progress told, and looked at, after each part
 * @throws at the first part with an error reply, when all of it is answered
 */
export async function sendAll(
  target: DialTarget,
  isRedis: boolean,
  login: Buffer,
  requests: Iterable<Buffer>,
  progress: Progress,
): Promise<void> {
  const socket = await connectTo(target);
  const batches = new Batches(socket, isRedis);
  try {
    if (login.length > 0) await batches.logIn(login);
    let refused: Error | null = null;
    for (const batch of inParts(requests)) {
      if (progress.isOver) return;
      progress.hasBegun = true;
      refused ??= await batches.send(batch);
      if (refused !== null && !progress.goesOn) break;
    }
    if (refused !== null) throw refused;
  } finally {
    socket.destroy();
  }
}

function* inParts(requests: Iterable<Buffer>): Iterable<Buffer[]> {
  let part: Buffer[] = [];
  for (const request of requests) {
    part.push(request);
    if (part.length < BATCH) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

/** Requests that are sent together, the next when all are answered. */
class Batches {
  readonly #socket: Socket;
  #left = 0;
  #refused: Error | null = null;
  /** What is being sent logs in; empty = it does not. */
  #login: Buffer = NOTHING;
  #settle: (error: Error | null) => void = () => {};

  constructor(socket: Socket, isRedis: boolean) {
    this.#socket = socket;
    const counter = replyCounter(isRedis);
    socket.on('error', (error) => this.#settle(error));
    socket.on('close', () => this.#settle(new Error('the connection was closed')));
    socket.on('data', (bytes: Buffer) => {
      try {
        counter.take(bytes, (isError) => {
          if (isError) this.#refused ??= this.#errorOf(bytes);
          if (--this.#left === 0) this.#settle(null);
        });
      } catch (error) {
        this.#settle(error as Error);
      }
    });
  }

  #errorOf(said: Buffer): Error {
    if (this.#login.length > 0) return refusedLogin(said, this.#login);
    const lines = said.toString('latin1').split('\r\n');
    const line = lines.find((each) => /^(?:-|[A-Z_]*ERROR)/.test(each)) ?? lines[0];
    return new Error(`an error: ${visible(line.slice(0, SHOWN_ERROR))}`);
  }

  /** @throws as send() */
  async logIn(login: Buffer): Promise<void> {
    this.#login = login;
    const refused = await this.send([login]);
    this.#login = NOTHING;
    if (refused !== null) throw refused;
  }

  /**
   * @returns the first error reply, when all are there
   * @throws as a rejection, when one does not come in time
   */
  send(batch: readonly Buffer[]): Promise<Error | null> {
    this.#left = batch.length;
    this.#refused = null;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer in time')), ANSWER_MS);
      this.#settle = (error) => {
        clearTimeout(timer);
        if (error === null) resolve(this.#refused);
        else reject(error);
      };
      this.#socket.write(Buffer.concat(batch));
    });
  }
}
