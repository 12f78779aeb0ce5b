import { connect } from 'node:net';
import { encodeRequest } from '../support/resp-client.ts';

// A process of its own that asks for one large reply and takes it as fast as it comes: prints how
// many bytes that were. Arguments: port, bytes to wait for, words of the request.

const [port, least, ...words] = process.argv.slice(2);
const socket = connect({ port: Number(port), host: '127.0.0.1' });
let bytes = 0;
socket.on('data', (chunk: Buffer) => {
  bytes += chunk.length;
  if (bytes < Number(least)) return;
  console.log(bytes);
  socket.destroy();
});
socket.on('error', (error) => {
  throw error;
});
socket.on('close', () => process.exit(bytes >= Number(least) ? 0 : 1));
socket.write(encodeRequest(...words));
