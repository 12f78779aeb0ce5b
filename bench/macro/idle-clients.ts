import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { connectionsAllowed } from '../../src/net/descriptor-limit.ts';
import { delay } from '../../test/support/wait.ts';
import { usageOf } from './process-usage.ts';

const CLIENTS = 10_000;
/** For all else that this process and a proxy have open. */
const SPARE_DESCRIPTORS = 300;
const AT_ONCE = 100;
const SETTLE_MS = 1000;
const REQUEST = '*2\r\n$3\r\nGET\r\n$1\r\na\r\n';

export interface IdleCost {
  readonly clients: number;
  readonly rssBeforeKib: number;
  readonly rssAfterKib: number;
}

/** 10,000, or what the limit on open files leaves; a proxy inherits the limit from this process. */
export function idleClients(): number {
  const allowed = connectionsAllowed();
  return allowed === 0 ? CLIENTS : Math.min(CLIENTS, allowed - SPARE_DESCRIPTORS);
}

/**
 * Connects clients that have asked once and then stay silent, as those of connection pools do.
 * @param tls options of TLS; without them it is not spoken
 */
export async function measureIdleClients(
  port: number,
  pid: number,
  clients: number,
  tls?: ConnectionOptions,
): Promise<IdleCost> {
  await delay(SETTLE_MS);
  const rssBeforeKib = usageOf(pid).rssKib;
  const sockets: Socket[] = [];
  try {
    while (sockets.length < clients) {
      const count = Math.min(AT_ONCE, clients - sockets.length);
      const group = Array.from({ length: count }, (): Socket => {
        const target = { port, host: '127.0.0.1' };
        return tls === undefined ? connect(target) : connectTls({ ...target, ...tls });
      });
      // The reason of a disconnection says less than that there was one, which is looked at below.
      for (const socket of group) socket.on('error', () => socket.destroy());
      sockets.push(...group);
      await Promise.all(group.map(askOnce));
    }
    await delay(SETTLE_MS);
    const open = sockets.filter(({ readyState }) => readyState === 'open').length;
    if (open < clients) throw new Error(`${clients - open} idle clients were disconnected`);
    return { clients, rssBeforeKib, rssAfterKib: usageOf(pid).rssKib };
  } finally {
    // A reset leaves no port in TIME_WAIT, which the next proxy would lack; Node has none over TLS.
    for (const socket of sockets) {
      if (tls === undefined) socket.resetAndDestroy();
      else socket.destroy();
    }
  }
}

async function askOnce(socket: Socket): Promise<void> {
  socket.write(REQUEST);
  await once(socket, 'data');
}
