import { createHmac, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

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
