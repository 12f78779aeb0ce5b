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

/** Answers the next request with a reply that is in pieces. */
export function answerInPieces(client: ClientConnection, pieces: readonly Buffer[]): void {
  if (client.session.muted) return;
  const reply = new PiecesReply(pieces);
  client.pipeline.hold(reply.bytes);
  client.pipeline.storeObject(client.pipeline.open(), reply);
  client.pool.engine.turn.markClient(client);
}
