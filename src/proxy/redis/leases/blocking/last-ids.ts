import { LAST_IDS } from '../../../../limits.ts';
import { FLAG_LAST } from '../../../../protocol/frame-table.ts';
import { encodeRequest } from '../../../../protocol/redis/replies/encode.ts';
import type { CommandSpec } from '../../../../protocol/redis/table/commands.ts';
import { keyWords } from '../../../../protocol/redis/table/key-words.ts';
import type { BackendConnection } from '../../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../../backend/in-flight.ts';
import type { Server } from '../../../pool/server.ts';
import { wordsOfKept } from './block-time.ts';

/** What stands for the last entry of a stream, whatever that is when a server reads it. */
const NEWEST = Buffer.from('$');
/** The last entry; of a large one only the beginning is looked at. */
const LAST_ENTRY = ['+', '-', 'COUNT', '1'].map((word) => Buffer.from(word));
const COMMAND = Buffer.from('XREVRANGE');
const HEAD_BYTES = 64;
const ENTRY = /^\*1\r\n\*2\r\n\$[0-9]{1,2}\r\n([0-9]{1,20}-[0-9]{1,20})\r\n/;
const NO_ENTRY = /^\*0\r\n/;
const BEFORE_ALL = '0-0';

/** Takes the last entry of a stream. */
class LastEntry implements ReplyTarget {
  readonly claim = null;
  readonly distrusts = false;
  readonly #memory: Buffer;
  readonly #onId: (id: string) => void;
  #head = '';

  /** @param onId is not told when the server says anything else */
  constructor(memory: Buffer, onId: (id: string) => void) {
    this.#memory = memory;
    this.#onId = onId;
  }

  onReply(start: number, length: number, info: number): void {
    const end = start + Math.min(length, HEAD_BYTES - this.#head.length);
    this.#head += this.#memory.toString('latin1', start, end);
    if ((info & FLAG_LAST) === 0) return;
    const id = NO_ENTRY.test(this.#head) ? BEFORE_ALL : ENTRY.exec(this.#head)?.[1];
    if (id !== undefined) this.#onId(id);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(): void {}
}

interface LastId {
  readonly server: Server;
  readonly id: string;
}

/**
 * What `$` of XREAD stands for. When it goes on elsewhere it must not miss what has come in the
 * meantime: so the ids are asked for in front of it, over the same connection.
 */
export class LastIds {
  readonly #spec: CommandSpec;
  /** By stream, latin1. */
  readonly #known: Map<string, LastId> = new Map();

  /** @returns null for commands that know no `$` */
  static of(spec: CommandSpec): LastIds | null {
    return spec.keys === 'streams' ? new LastIds(spec) : null;
  }

  private constructor(spec: CommandSpec) {
    this.#spec = spec;
  }

  /** @param words of XREAD @returns positions of the ids that are `$` and of their streams */
  #newest(words: readonly Buffer[]): (readonly [id: number, stream: number])[] {
    const { keys } = keyWords(this.#spec, words.length, (i) => words[i].toString('latin1'));
    const pairs = keys.map((key) => [key + keys.length, key] as const);
    return pairs.filter(([id]) => words[id].equals(NEWEST));
  }

  /**
   * Asks for them, unless they are too many.
   * @param prefix what goes in front of each request
   */
  ask(connection: BackendConnection, server: Server, request: Buffer, prefix: () => void): void {
    const words = wordsOfKept(request);
    const names = new Set(this.#newest(words).map(([, at]) => words[at].toString('latin1')));
    if (names.size > LAST_IDS) return;
    const { memory } = connection.owner.pool.engine;
    for (const name of names) {
      const question = encodeRequest([COMMAND, Buffer.from(name, 'latin1'), ...LAST_ENTRY]);
      const target = new LastEntry(memory, (id) => void this.#known.set(name, { server, id }));
      prefix();
      connection.out.append(question);
      connection.sentUnmeasured(target, question.length);
    }
  }

  /**
   * @param serverOf where a stream is asked for next: elsewhere its ids may be others
   * @returns the request, with the ids that are known
   */
  in(request: Buffer, serverOf: (stream: Buffer) => unknown): Buffer {
    if (this.#known.size === 0) return request;
    const words: Buffer[] = wordsOfKept(request);
    for (const [id, at] of this.#newest(words)) {
      const known = this.#known.get(words[at].toString('latin1'));
      if (known !== undefined && known.server === serverOf(words[at])) {
        words[id] = Buffer.from(known.id);
      }
    }
    return encodeRequest(words);
  }
}
