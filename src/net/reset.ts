import type { Socket } from 'node:net';

/** A socket of Node, by what its resetAndDestroy() says to destroy(). */
interface Resettable {
  resetAndClosing: boolean;
}

/**
 * Closes a connection by a reset: what the other side's system has not got it never gets.
 * resetAndDestroy() of Node would wait until all is written, and end the stream first. Where TLS is
 * spoken, or it is not connected yet, it is only closed.
 */
export function resetSocket(socket: Socket): void {
  const isPlain = !socket.connecting && !('encrypted' in socket);
  if (isPlain) (socket as unknown as Resettable).resetAndClosing = true;
  socket.destroy();
}
