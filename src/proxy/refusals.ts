import type { Socket } from 'node:net';
import { REFUSAL_LOG_INTERVAL_MS } from '../limits.ts';
import { LOG_WARN } from '../log.ts';
import { CLIENTS_REFUSED } from '../stats/counters.ts';
import { SparingOfEach } from './engine/sparing.ts';
import type { Pool } from './pool/pool.ts';

/** Counts the clients that a limit keeps out, and tells of them, pool by pool, now and then. */
export class Refusals {
  readonly #telling: SparingOfEach = new SparingOfEach(REFUSAL_LOG_INTERVAL_MS);

  /** @param client its address @param why the limit that leaves no room for it */
  add(pool: Pool, client: string, why: string): void {
    pool.counters[CLIENTS_REFUSED]++;
    const untold = this.#telling.happens(pool);
    if (untold < 0) return;
    const { name } = pool.config;
    const more = untold === 0 ? '' : `, and ${untold} others before`;
    const line = `pool ${name} refuses client ${client}${more}: ${why}`;
    pool.engine.log.write(LOG_WARN, line, { pool: name, client });
  }

  /** Closes a client unread. */
  turnAway(pool: Pool, socket: Socket, why: string): null {
    this.add(pool, addressOf(socket), why);
    return drop(socket);
  }

  /** Tells a client why it is not let in. */
  tell(pool: Pool, socket: Socket, why: string, reply: Buffer): null {
    this.add(pool, addressOf(socket), why);
    socket.on('error', () => socket.destroy());
    socket.end(reply, () => socket.destroy());
    return null;
  }
}

/** Closes a socket that is nobody's yet. */
export function drop(socket: Socket): null {
  socket.on('error', () => {});
  socket.destroy();
  return null;
}

/** Where a socket comes from, for the log. */
export function addressOf({ remoteAddress, remotePort }: Socket): string {
  return remoteAddress === undefined ? 'without an address' : `${remoteAddress}:${remotePort}`;
}
