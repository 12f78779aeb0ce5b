import type { Socket } from 'node:net';
import { type DialTarget, dialPlain } from '../../net/dial.ts';
import { onOpen } from '../../net/tls-client.ts';

/** A server says no more than this to what it is asked here. */
const ANSWER_BYTES = 1024 * 1024;

/** What begins an alert of TLS: whoever sends it has not understood a byte of what is not TLS. */
const TLS_ALERT = 0x15;

const CLOSES = 'it closes the connection before it has answered: does it want TLS (server_tls)?';

const NO_TLS = 'no end of the TLS handshake (does it speak TLS?)';

/** A few questions to one server, one after the other. */
export class Conversation {
  readonly #socket: Socket;
  readonly #ms: number;
  #received: Buffer = Buffer.alloc(0);
  #onChange: () => void = () => {};
  #failure: Error | null = null;

  private constructor(socket: Socket, ms: number) {
    this.#socket = socket;
    this.#ms = ms;
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      if (this.#received.length > ANSWER_BYTES) this.#fail(new Error('it does not stop talking'));
      this.#onChange();
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('it closes the connection')));
  }

  #fail(error: NodeJS.ErrnoException): void {
    const isAlert = this.#received[0] === TLS_ALERT;
    const isReset = error.code === 'ECONNRESET' && this.#received.length === 0;
    this.#failure ??= isAlert || isReset ? new Error(CLOSES) : error;
    this.#socket.destroy();
    this.#onChange();
  }

  /** @param ms that the connection, and later each answer, may take */
  static async open(target: DialTarget, ms: number): Promise<Conversation> {
    const socket = dialPlain(target);
    const conversation = new Conversation(socket, ms);
    let open = false;
    onOpen(socket, () => {
      open = true;
      conversation.#onChange();
    });
    await conversation.#until(() => open, target.tls === null ? 'no connection' : NO_TLS);
    return conversation;
  }

  #until(done: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      let settled = false;
      const giveUp = (): void => {
        if (settled) return;
        this.#onChange = () => {};
        this.#socket.destroy();
        reject(new Error(`${what} within ${this.#ms} ms`));
      };
      // What lies in the socket by then is heard first: a busy machine is not the server's fault.
      const timer = setTimeout(() => setImmediate(giveUp), this.#ms);
      this.#onChange = () => {
        if (this.#failure === null && !done()) return;
        clearTimeout(timer);
        settled = true;
        this.#onChange = () => {};
        if (done()) resolve();
        else reject(this.#failure);
      };
      this.#onChange();
    });
  }

  /**
   * @param end how many of the bytes are the answer; -1 = it is not complete
   * @returns the answer
   */
  async ask(question: Buffer, end: (bytes: Buffer) => number): Promise<Buffer> {
    this.#socket.write(question);
    let length = -1;
    const done = (): boolean => {
      length = end(this.#received);
      return length >= 0;
    };
    await this.#until(done, 'no answer');
    const answer = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return answer;
  }

  close(): void {
    this.#socket.destroy();
  }
}
