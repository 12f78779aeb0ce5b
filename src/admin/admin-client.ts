import { connect } from 'node:net';
import { ADMIN_ANSWER_BYTES, ADMIN_ANSWER_MS } from '../limits.ts';

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
    socket.setTimeout(timeoutMs, () => fail('none came in time'));
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Error(`no answer from ${path}: ${why}`));
    };
    socket.on('error', ({ message }) => fail(message));
    socket.on('connect', () => socket.write(`${command}\n`));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > ADMIN_ANSWER_BYTES) return fail('it does not end');
      if (!text.endsWith('\n')) return;
      socket.end();
      const answer = parsed(text);
      if (answer === null) fail('what it says is not of ringway');
      else if (answer['ok'] === true) resolve(answer);
      else reject(new Error(String(answer['error'])));
    });
    socket.on('close', () => fail('it closed without one'));
  });
}

/** @returns null for what no admin socket sends */
function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null; // such as a Redis that listens there
  }
}
