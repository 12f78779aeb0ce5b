import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Loop } from '../world/loop.ts';
import type { Listener, Network } from './network.ts';
import { SimSocket, systemError } from './sim-socket.ts';

/** What net.createServer() is given. */
export interface ServerOptions {
  readonly pauseOnConnect?: boolean;
}

interface ListenAddress {
  readonly host?: string;
  readonly port?: number;
  readonly backlog?: number;
}

/** A net.Server of the simulated network. */
export class SimServer extends EventEmitter {
  readonly #network: Network;
  readonly #loop: Loop;
  readonly #paused: boolean;
  #at: { readonly host: string; readonly port: number } | null = null;

  constructor(network: Network, loop: Loop, options: ServerOptions) {
    super();
    this.#network = network;
    this.#loop = loop;
    this.#paused = options.pauseOnConnect ?? false;
  }

  get listening(): boolean {
    return this.#at !== null;
  }

  address(): AddressInfo | null {
    if (this.#at === null) return null;
    const { host: address, port } = this.#at;
    return { address, port, family: 'IPv4' };
  }

  listen({ host = '0.0.0.0', port = 0, backlog = 511 }: ListenAddress, done: () => void): this {
    const listener: Listener = {
      loop: this.#loop,
      waiting: 0,
      backlog: Math.max(1, backlog),
      onConnection: (endpoint) => {
        if (this.#at === null) endpoint.abort();
        else this.emit('connection', SimSocket.accepted(endpoint, this.#paused));
      },
    };
    if (!this.#network.listen(host, port, listener)) {
      process.nextTick(() => this.emit('error', systemError('listen', 'EADDRINUSE')));
      return this;
    }
    this.#at = { host, port };
    process.nextTick(done);
    return this;
  }

  close(done?: () => void): this {
    if (this.#at !== null) this.#network.close(this.#at.host, this.#at.port);
    this.#at = null;
    if (done !== undefined) process.nextTick(done);
    return this;
  }

  unref(): this {
    return this;
  }
}
