import { connect, type Socket } from 'node:net';
import { repliesOf } from '../../differential/raw-replies.ts';
import { encodeRequest } from '../../support/resp-client.ts';
import { waitFor } from '../../support/wait.ts';
import type { Endpoint, EndpointOwner } from '../net/connection.ts';
import type { Network } from '../net/network.ts';
import type { Loop } from '../world/loop.ts';
import type { World } from '../world/world.ts';
import type { Address } from './ask-link.ts';

// Clients of tests that ask a real server and a simulated one the same.

/** One connection to a server. */
export interface Asker {
  /** The server, or somebody else, has closed it. */
  readonly closed: boolean;
  /** Sends a request. Its reply is to be waited for. */
  send(...words: readonly string[]): void;
  /** @returns the next reply as latin1 text; '' when the connection is closed instead */
  next(): Promise<string>;
  close(): void;
}

export async function askOf(asker: Asker, ...words: readonly string[]): Promise<string> {
  asker.send(...words);
  return asker.next();
}

abstract class Listening {
  #bytes: Buffer = Buffer.alloc(0);
  closed = false;

  protected add(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  /** @returns null when none is complete */
  protected take(): string | null {
    const [reply] = repliesOf(this.#bytes);
    if (reply === undefined) return this.closed ? '' : null;
    this.#bytes = this.#bytes.subarray(reply.length);
    return reply;
  }
}

export class RealAsker extends Listening implements Asker {
  readonly #socket: Socket;

  constructor(port: number) {
    super();
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk) => this.add(chunk));
    const onClosed = (): void => {
      this.closed = true;
    };
    this.#socket.on('close', onClosed);
    this.#socket.on('error', onClosed);
  }

  send(...words: readonly string[]): void {
    this.#socket.write(encodeRequest(...words));
  }

  async next(): Promise<string> {
    let reply: string | null = null;
    await waitFor('a reply', () => {
      reply = this.take();
      return reply !== null;
    });
    return reply ?? '';
  }

  close(): void {
    this.#socket.destroy();
  }
}

const MOST_MICROS = 30_000_000;

export class SimAsker extends Listening implements Asker, EndpointOwner {
  readonly #world: World;
  #endpoint: Endpoint | null = null;
  #unsent: Buffer[] = [];

  constructor(world: World, network: Network, loop: Loop, { host, port }: Address) {
    super();
    this.#world = world;
    network.connect(loop, host, port, {
      cancelled: false,
      onConnected: (endpoint) => {
        this.#endpoint = endpoint;
        endpoint.owner = this;
        endpoint.startReading();
        for (const bytes of this.#unsent) endpoint.write(bytes, () => {});
      },
      onFailed: () => {
        this.closed = true;
      },
    });
  }

  send(...words: readonly string[]): void {
    const bytes = encodeRequest(...words);
    if (this.#endpoint === null) this.#unsent.push(bytes);
    else this.#endpoint.write(bytes, () => {});
  }

  async next(): Promise<string> {
    let reply: string | null = null;
    await this.#world.run(this.#world.micros + MOST_MICROS, () => {
      reply ??= this.take();
      return reply !== null;
    });
    if (reply === null) throw new Error('no reply');
    return reply;
  }

  onData(bytes: Uint8Array): void {
    this.add(bytes);
  }

  onEnd(): void {
    this.close();
  }

  onError(): void {
    this.close();
  }

  close(): void {
    this.closed = true;
    this.#endpoint?.close();
  }
}
