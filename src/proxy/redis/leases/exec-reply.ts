import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { PassedReply } from '../../routing/passed-reply.ts';

const ARRAY = 0x2a; // '*'
const NIL = Buffer.from('*-1\r\n');
/** "*", "_", and "|", behind which the reply stands. */
const TYPES: ReadonlySet<number> = new Set(Buffer.from('*_|'));
/** The one error behind which there is no transaction any more, whatever the server's version. */
const ABORTED = Buffer.from('-EXECABORT');

/**
 * The reply to EXEC. Behind any but those that end a transaction the connection may still be in it,
 * and would queue what others ask for; or the reply is to something else, and so are all behind it.
 */
export class ExecReply extends PassedReply {
  readonly #memory: Buffer;
  #nil = false;

  constructor(client: ClientConnection, connection: BackendConnection, claim: Claim) {
    super(client, connection, claim);
    this.#memory = client.pool.engine.memory;
  }

  /** The transaction was carried out. */
  get carriedOut(): boolean {
    return this.type === ARRAY && !this.#nil;
  }

  protected override onWhole(reply: Buffer): void {
    this.#nil = reply.equals(NIL);
  }

  protected override fits(start: number, length: number): boolean {
    // A node that sends EXEC elsewhere ends the transaction, too.
    if (TYPES.has(this.type) || this.redirection !== null) return true;
    const word = this.#memory.subarray(start, start + Math.min(length, ABORTED.length));
    return word.equals(ABORTED);
  }
}
