import { connect } from 'node:net';
import { ADMIN_ANSWER_BYTES, ADMIN_ANSWER_MS } from '../limits.ts';

/**
 * Sends one command to an admin socket. @param command a line, as adminLine() makes it
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
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('none in time')));
    socket.on('error', ({ message }) => reject(new Error(`no answer from ${path}: ${message}`)));
    socket.on('connect', () => socket.write(`${command}\n`));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (!chunk.endsWith('\n') && text.length <= ADMIN_ANSWER_BYTES) return;
      socket.destroy();
      const answer = answerIn(text);
      if (answer?.['ok'] === true) resolve(answer);
      else reject(new Error(String(answer?.['error'] ?? `${path} is no admin socket of ringway`)));
    });
    socket.on('close', () => reject(new Error(`${path} closed without an answer`)));
  });
}

/** Null for what ringway would not say: somebody else may listen there. */
function answerIn(text: string): Record<string, unknown> | null {
  if (text.length > ADMIN_ANSWER_BYTES) return null;
  try {
    return JSON.parse(text) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}
