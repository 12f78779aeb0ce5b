import { connect } from 'node:net';

/**
 * Sends pieces, each after the one before has arrived, and reads until the other side ends.
 * @returns what came, latin1; fails when the end does not come
 */
export function readToEnd(
  port: number,
  pieces: readonly (Buffer | string)[],
  timeoutMs = 30_000,
): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.setTimeout(timeoutMs, () => {
      socket.destroy();
      const got = JSON.stringify(Buffer.concat(chunks).toString('latin1').slice(0, 300));
      reject(new Error(`no end after ${timeoutMs} ms; so far ${got}`));
    });
    socket.on('end', () => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    });
    const write = (i: number): void => {
      if (i < pieces.length) socket.write(pieces[i], () => setTimeout(write, 5, i + 1));
    };
    socket.on('connect', () => write(0));
  });
}
