// Answers every GET of the load with the same value, and keeps nothing: what a Node process with TLS costs beside
// one without, whatever it does. Run with a port, and a certificate and its key where it is to
// speak TLS.

import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { VALUE } from '../slices/loads.ts';

const REPLY = `$${VALUE.length}\r\n${VALUE}\r\n`;
const MISS = '$-1\r\n';
/** What the keys of the load begin with. */
const KEY = 'key:';
const STAR = 0x2a;
const TWO = 0x32;

const [port, cert, key] = process.argv.slice(2);
const replies: Buffer[] = [];

/** The answer to so many requests at once. */
function repliesTo(count: number): Buffer {
  replies[count] ??= Buffer.from(REPLY.repeat(count));
  return replies[count];
}

/** Requests of two words that begin in `chunk`. No key of the load holds a star. */
function requestsIn(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(STAR); at >= 0; at = chunk.indexOf(STAR, at + 1)) {
    if (chunk[at + 1] === TWO) count++;
  }
  return count;
}

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => {
    socket.write(chunk.includes(KEY) ? repliesTo(requestsIn(chunk)) : MISS);
  });
  socket.on('error', () => socket.destroy()); // a client that resets has what it wanted
}

const server =
  cert === undefined
    ? createServer(serve)
    : createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, serve);
server.listen(Number(port), '127.0.0.1');
