import { createHmac, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { PASSWORD_BYTES } from '../limits.ts';
import { readAttached } from './attached-files.ts';

const HIDDEN = '[secret]';
/** Of this process alone: a digest tells whether two secrets are the same, and nothing else. */
const DIGEST_KEY = randomBytes(32);

/** What a file with a password holds: all but the line end that an editor puts behind it. */
export function secretOf(bytes: Uint8Array, exposed: boolean): Secret {
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replace(/\r?\n$/, '');
  return new Secret(Buffer.from(text, 'latin1'), exposed);
}

/** Why nobody can log in with it; null when that can be. */
export function passwordProblem({ bytes: { length } }: Secret): string | null {
  if (length === 0) return 'the password is empty; expected some text';
  if (length <= PASSWORD_BYTES) return null;
  const most = `expected at most ${PASSWORD_BYTES}, the room for a login`;
  return `the password has ${length} bytes; ${most}`;
}

/** The password that a file holds now, or why it is of no use. */
export function readPassword(path: string): Secret | { readonly problem: string } {
  const result = readAttached(path);
  if ('problem' in result) return { problem: `the file ${result.problem}` };
  const secret = secretOf(result.bytes, result.exposed);
  const problem = passwordProblem(secret);
  return problem === null ? secret : { problem };
}

/**
 * Bytes of a configuration that nothing prints: neither a template, nor JSON, nor an inspector.
 * Nobody may write to them.
 */
export class Secret {
  readonly #bytes: Buffer;
  /** Everybody on this machine may read the file that it comes from. */
  readonly exposed: boolean;
  #digest: string | null = null;

  constructor(bytes: Uint8Array, exposed = false) {
    this.#bytes = Buffer.from(bytes);
    this.exposed = exposed;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** The same for the same bytes, in this process; the bytes cannot be found out from it. */
  toJSON(): string {
    this.#digest ??= createHmac('sha256', DIGEST_KEY).update(this.#bytes).digest('base64');
    return this.#digest;
  }

  toString(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
