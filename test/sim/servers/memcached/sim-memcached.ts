import type { Endpoint } from '../../net/connection.ts';
import { Peer, ServerProcess } from '../server-process.ts';
import { execute, type MemcachedContext, type MemcachedRequest, STORAGE } from './execute.ts';

const NO_REPLY = Buffer.alloc(0);
const BUSY = Buffer.from('SERVER_ERROR out of memory storing object\r\n');
const BUSY_GET = Buffer.from('SERVER_ERROR out of memory writing get response\r\n');

/** Takes the bytes of one client and gives its requests. */
export class LineStream {
  #bytes: Buffer = Buffer.alloc(0);
  #needed = 1;

  add(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  /** @returns null when no request is complete */
  next(): MemcachedRequest | null {
    const bytes = this.#bytes;
    if (bytes.length < this.#needed) return null;
    const end = bytes.indexOf('\n');
    if (end < 0) return null;
    const text = bytes.toString('latin1', 0, end).replace(/\r$/, '');
    const words = text.split(' ').filter(Boolean);
    if (!STORAGE.includes(words[0])) {
      this.#taken(end + 1);
      return { words, data: null };
    }
    const size = Number(words[4]);
    this.#needed = end + 1 + size + 2;
    if (bytes.length < this.#needed) return null;
    const data = Buffer.from(bytes.subarray(end + 1, end + 1 + size));
    this.#taken(this.#needed);
    return { words, data };
  }

  #taken(count: number): void {
    this.#bytes = this.#bytes.subarray(count);
    this.#needed = 1;
  }
}

class MemcachedPeer extends Peer {
  readonly #stream: LineStream = new LineStream();
  readonly #context: () => MemcachedContext;

  constructor(server: ServerProcess, endpoint: Endpoint, id: number, of: () => MemcachedContext) {
    super(server, endpoint, id);
    this.#context = of;
  }

  protected take(bytes: Uint8Array): void {
    this.#stream.add(bytes);
  }

  serve(): Buffer | null {
    const request = this.#stream.next();
    if (request === null) return null;
    const { words } = request;
    const { server } = this;
    if (server.loading && !['version', 'mn'].includes(words[0])) {
      return words[0].startsWith('get') ? BUSY_GET : BUSY;
    }
    const { reply, asRedis } = execute(this.#context(), request);
    for (const [asked, answer] of asRedis) {
      server.executed(this, asked, Buffer.from(answer));
    }
    return words.at(-1) === 'noreply' ? NO_REPLY : reply;
  }
}

/** A simulated memcached. */
export class SimMemcached extends ServerProcess {
  readonly #cas: Map<string, number> = new Map();
  #lastCas = 0;

  protected newPeer(endpoint: Endpoint, id: number): Peer {
    return new MemcachedPeer(this, endpoint, id, () => this.context);
  }

  get context(): MemcachedContext {
    const { data, now } = this;
    return { data, now, cas: this.#cas, nextCas: () => ++this.#lastCas };
  }
}
