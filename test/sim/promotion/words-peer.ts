import type { Endpoint } from '../net/connection.ts';
import { failure, RequestStream } from '../servers/redis/resp.ts';
import { Peer, type ServerProcess } from '../servers/server-process.ts';

/** A client of a server that answers each request by a function. */
export class WordsPeer extends Peer {
  readonly #stream: RequestStream = new RequestStream();
  readonly #answer: (peer: WordsPeer, words: readonly string[]) => Buffer;
  /** Between MULTI and EXEC. */
  queue: (readonly string[])[] | null = null;

  constructor(
    server: ServerProcess,
    endpoint: Endpoint,
    id: number,
    answer: (peer: WordsPeer, words: readonly string[]) => Buffer,
  ) {
    super(server, endpoint, id);
    this.#answer = answer;
  }

  protected take(bytes: Uint8Array): void {
    this.#stream.add(bytes);
  }

  serve(): Buffer | null {
    const parsed = this.#stream.next();
    if (parsed === null) return null;
    if ('error' in parsed) {
      this.closing = true;
      return failure(parsed.error);
    }
    return this.#answer(
      this,
      parsed.words.map((word) => word.toString('latin1')),
    );
  }
}
