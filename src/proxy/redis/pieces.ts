import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { ClientPipeline } from '../client/client-pipeline.ts';
import type { StoredReply } from '../client/stored-reply.ts';

/** A complete reply of ringway's own that is too large to be one buffer. */
class PiecesReply implements StoredReply {
  readonly #pieces: readonly Buffer[];
  readonly bytes: number;

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces;
    this.bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  writeTo(pipeline: ClientPipeline): boolean {
    for (const piece of this.#pieces) pipeline.out.append(piece);
    pipeline.free(this.bytes);
    return true;
  }

  drop(): void {}
}

/** Answers a request with a reply that is in pieces. @param claim of that request */
export function deliverInPieces(
  client: ClientConnection,
  claim: Claim,
  pieces: readonly Buffer[],
): void {
  const reply = new PiecesReply(pieces);
  if (!claim.unheard) client.pipeline.hold(reply.bytes);
  claim.store(reply);
}
