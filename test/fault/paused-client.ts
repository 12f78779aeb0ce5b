import { connect, type Socket } from 'node:net';
import { delay, waitFor } from '../support/wait.ts';

/** A client that takes nothing for a while. */
export class PausedClient {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  length = 0;
  closed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.pause();
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
    });
    this.socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.length += chunk.length;
    });
    this.socket.pause();
  }

  /** Asks for something and takes its reply, before the pause. */
  async gets(request: Buffer, bytes: number): Promise<void> {
    this.socket.write(request);
    this.socket.resume();
    await waitFor('its reply', () => this.length >= bytes);
    this.socket.pause();
    this.chunks.length = 0;
    this.length = 0;
  }

  async readsAfter(ms: number, bytes: number): Promise<Buffer> {
    await delay(ms);
    this.socket.resume();
    await waitFor('all of it', () => this.length >= bytes || this.closed, 30_000);
    this.socket.destroy();
    return Buffer.concat(this.chunks);
  }
}
