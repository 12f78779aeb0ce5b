import { connect } from 'node:net';
import { ADMIN_ANSWER_MS } from '../limits.ts';

/**
 * Sends one command to an admin socket.
 * @returns the answer @throws when there is none, or it is an error
 */
export function askAdmin(
  path: string,
  command: string,
  timeoutMs: number = ADMIN_ANSWER_MS,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer from ${path}`)));
    socket.on('error', reject);
    socket.on('connect', () => socket.write(`${command}\n`));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (!text.endsWith('\n')) return;
      socket.end();
      const answer = JSON.parse(text) as Record<string, unknown>;
      if (answer['ok'] === true) resolve(answer);
      else reject(new Error(String(answer['error'])));
    });
    socket.on('close', () => reject(new Error(`${path} closed without an answer`)));
  });
}
