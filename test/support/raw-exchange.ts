import { connect } from 'node:net';
import { repliesOf } from '../differential/raw-replies.ts';
import { encodeRequest } from './resp-client.ts';
import { waitFor } from './wait.ts';

/** Sends all in one write, RESP2 or RESP3. @returns the bytes of each reply */
export async function raw(
  port: number,
  requests: readonly (string | number)[][],
): Promise<string[]> {
  const socket = connect(port, '127.0.0.1');
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  socket.write(Buffer.concat(requests.map((words) => encodeRequest(...words))));
  await waitFor('the replies', () => repliesOf(bytes).length >= requests.length);
  socket.destroy();
  return repliesOf(bytes);
}
