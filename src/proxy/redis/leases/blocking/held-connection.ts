import type { BackendConnection, ConnectionHolder } from '../../../backend/backend-connection.ts';
import type { Server } from '../../../pool/server.ts';
import { ServerId } from './server-id.ts';
import type { BlockedConnection } from './unblock-order.ts';

/** The leased connection on which a server lets a request wait, as long as somebody wants it. */
export class HeldConnection {
  readonly #server: Server;
  #connection: BackendConnection | null = null;
  /** Orders to unblock it that are under way. */
  #orders = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Null before it is leased, and behind release(). */
  get current(): BackendConnection | null {
    return this.#connection;
  }

  /** @param patience milliseconds that the server may be silent */
  take(connection: BackendConnection, holder: ConnectionHolder, patience: number): void {
    this.#connection = connection;
    connection.holder = holder;
    connection.patience = patience;
    ServerId.of(connection);
  }

  /** Null when the server has not said under which number it knows the connection. */
  get blockedAt(): BlockedConnection | null {
    const id = ServerId.known(this.#connection);
    return id === null ? null : { server: this.#server, id };
  }

  /** An order to unblock it goes out. @returns to be called when it is carried out */
  onUnblocking(): () => void {
    this.#orders++;
    return () => {
      this.#orders--;
    };
  }

  /** Nothing of it is wanted any more. */
  release(): BackendConnection | null {
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return null;
    connection.holder = null;
    connection.patience = 0;
    return connection;
  }

  /** Somebody else may have it, unless he might be unblocked in the place of who had it. */
  giveBack(): void {
    const connection = this.release();
    if (this.#orders > 0) connection?.close();
    else connection?.owner.onIdle(connection);
  }
}
