import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { usageOf } from '../macro/process-usage.ts';

const AT_ONCE = 20;

/** What a handshake costs the process that is connected to. */
export interface HandshakeCost {
  readonly cpuMs: number;
  /** Of these clients so many took up a session. */
  readonly resumed: number;
}

/** Connects `count` clients, some at a time; each says PING, and goes when it is answered. */
export async function measureHandshakes(
  port: number,
  pid: number,
  count: number,
  tls: ConnectionOptions,
): Promise<HandshakeCost> {
  const before = usageOf(pid).cpuMs;
  let resumed = 0;
  let left = count;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const socket = connect({ port, host: '127.0.0.1', ...tls });
      await once(socket, 'secureConnect');
      if (socket.isSessionReused()) resumed++;
      socket.write('*1\r\n$4\r\nPING\r\n');
      await once(socket, 'data');
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return { cpuMs: (usageOf(pid).cpuMs - before) / count, resumed };
}

/** A session that clients can take up. */
export async function sessionOf(port: number, tls: ConnectionOptions): Promise<Buffer> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', ...tls });
  const session = once(socket, 'session') as Promise<[Buffer]>;
  socket.write('*1\r\n$4\r\nPING\r\n');
  const [ticket] = await session;
  socket.destroy();
  return ticket;
}
