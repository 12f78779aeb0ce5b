import type { Op } from '../cases/case.ts';
import type { Dialect, Replies } from './dialect.ts';
import type { Reply } from './reply-stream.ts';
import { keyName, valueText } from './values.ts';

// How clients of memcached speak: the text protocol. Replies are told in the words of Redis, so that
// the same checks serve both.

function requestOf(op: Op, client: number): string {
  const register = (key: number): string => keyName('register', key);
  switch (op.op) {
    case 'set': {
      const value = valueText(register(op.key), 0, client, op.id, op.size);
      return `set ${register(op.key)} 0 0 ${value.length}\r\n${value}\r\n`;
    }
    case 'get':
      return `get ${register(op.key)}\r\n`;
    case 'mget':
      return `get ${op.keys.map(register).join(' ')}\r\n`;
    case 'del':
      return `delete ${register(op.keys[0])}\r\n`;
    case 'incr':
      return `incr ${keyName('counter', op.key)} 1\r\n`;
    case 'add':
      return `add ${keyName('counter', op.key)} 0 0 1\r\n0\r\n`;
    case 'ping':
      return 'version\r\n';
    case 'unknown':
      return 'nonsuch a\r\n';
    case 'arity':
      return 'get\r\n';
    default:
      throw new Error(`memcached has no ${op.op}`);
  }
}

interface Item {
  readonly key: string;
  readonly bytes: Buffer;
}

/** The items of a retrieval and the line that ends it, or a line alone. */
interface Answer {
  readonly items: readonly Item[];
  readonly line: string;
}

const ITEM = /^VALUE (\S+) \d+ (\d+)$/;

class MemcacheReplies implements Replies {
  #bytes: Buffer = Buffer.alloc(0);

  add(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  get partial(): boolean {
    return this.#bytes.length > 0;
  }

  next(op: Op | undefined): Reply | null {
    const answer = this.#take();
    return answer === null ? null : replyOf(answer, op);
  }

  #take(): Answer | null {
    const bytes = this.#bytes;
    const items: Item[] = [];
    for (let at = 0; ; ) {
      const end = bytes.indexOf('\r\n', at);
      if (end < 0) return null;
      const line = bytes.toString('latin1', at, end);
      const [, key, size] = ITEM.exec(line) ?? [];
      if (key === undefined) {
        this.#bytes = bytes.subarray(end + 2);
        return { items, line };
      }
      const from = end + 2;
      at = from + Number(size) + 2;
      if (bytes.length < at) return null;
      if (bytes.toString('latin1', at - 2, at) !== '\r\n') {
        throw new Error(`an item of ${size} bytes does not end where it should`);
      }
      items.push({ key, bytes: Buffer.from(bytes.subarray(from, at - 2)) });
    }
  }
}

const LINES: Readonly<Record<string, Reply>> = {
  STORED: { kind: 'status', text: 'OK' },
  DELETED: { kind: 'integer', value: 1 },
  NOT_FOUND: { kind: 'integer', value: 0 },
  NOT_STORED: { kind: 'integer', value: 0 },
};

function errorOf(line: string, op: Op | undefined): Reply | null {
  if (line.startsWith('SERVER_ERROR ')) return { kind: 'error', text: `ERR ${line.slice(13)}` };
  if (line !== 'ERROR' && !line.startsWith('CLIENT_ERROR ')) return null;
  if (line !== 'ERROR') return { kind: 'error', text: line };
  if (op?.op === 'unknown') return { kind: 'error', text: "ERR unknown command 'NONSUCH'" };
  return { kind: 'error', text: 'ERR wrong number of arguments' };
}

/** @throws Error when it answers something else */
function replyOf({ items, line }: Answer, op: Op | undefined): Reply {
  const error = errorOf(line, op);
  const valueAt = (key: number): Reply => {
    const item = items.find((each) => each.key === keyName('register', key));
    if (item !== undefined) return { kind: 'bulk', bytes: item.bytes };
    return error ?? { kind: 'null' };
  };
  const keys = op?.op === 'mget' ? op.keys : op?.op === 'get' ? [op.key] : [];
  const foreign = items.find(({ key }) => !keys.some((own) => keyName('register', own) === key));
  if (foreign !== undefined) throw new Error(`gets ${foreign.key}, which it has not asked for`);
  if (error !== null && items.length === 0) return error;
  if (op?.op === 'mget') return { kind: 'array', items: op.keys.map(valueAt) };
  if (op?.op === 'get' && (line === 'END' || items.length > 0)) return valueAt(op.key);
  if (op?.op === 'incr' && line === 'NOT_FOUND') return { kind: 'null' };
  if (op?.op === 'add' && line === 'STORED') return { kind: 'integer', value: 1 };
  if (line in LINES) return LINES[line];
  if (/^\d+$/.test(line)) return { kind: 'integer', value: Number(line) };
  if (line.startsWith('VERSION ')) return { kind: 'status', text: 'PONG' };
  throw new Error(`no reply begins with ${JSON.stringify(line.slice(0, 60))}`);
}

export const MEMCACHE: Dialect = {
  encode: (op, { client }) => Buffer.from(requestOf(op, client), 'latin1'),
  large: (bytes) => Buffer.from(`set r0 0 0 ${bytes}\r\n${'x'.repeat(bytes)}\r\n`),
  replies: () => new MemcacheReplies(),
};
