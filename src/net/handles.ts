import { type Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * What the system knows a socket by. Node passes it between processes as it is; a net.Socket sent
 * the documented way arrives as one that is being read and closes when its client half-closes.
 */
export interface NativeHandle {
  close(): void;
}

interface Reading extends NativeHandle {
  reading: boolean;
  readStart(): number;
  readStop(): number;
}

type WithHandle = { readonly _handle: Reading | null };

/** The handle of a listener or socket; null once it is closed. */
export function handleOf(owner: Server | Socket): NativeHandle | null {
  return (owner as unknown as WithHandle)._handle;
}

/** A socket for a client's handle that came from another process. */
export function socketOf(handle: NativeHandle): Socket {
  const options = { handle, allowHalfOpen: true, readable: true, writable: true };
  return new Socket(options as ConstructorParameters<typeof Socket>[0]);
}

/** Stops reading outside of onRead(): what arrives stays in the kernel. */
export function stopReading(socket: Socket): void {
  const handle = (socket as unknown as WithHandle)._handle;
  if (handle === null) return;
  handle.reading = false;
  handle.readStop();
}

/** Goes on after stopReading(). */
export function startReading(socket: Socket): void {
  const handle = (socket as unknown as WithHandle)._handle;
  if (handle === null) return;
  handle.reading = true;
  handle.readStart();
}

/** The name (CN) in the certificate that a client has shown, if that is good; else null. */
export function certificateName(socket: Socket): string | null {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : null;
}

/** Whether a socket encrypts: what it holds besides its handle is known to this process alone. */
export function isEncrypted(socket: Socket): boolean {
  return socket instanceof TLSSocket;
}
