import { createServer, type Socket } from 'node:net';
import { delay } from '../support/wait.ts';
import type { Random } from './random.ts';

// Scripted servers for the fuzzing of a whole proxy. They answer every request with the key it
// names, and say so when the bytes they get are not a request that a real server would take.

export interface FuzzServer {
  readonly port: number;
  /** What arrived and should not have: a proxy sends whole, valid requests only. */
  readonly complaints: string[];
  /** One reply in this many is spoilt; 0 = none. */
  spoilEvery: number;
  /** One reply in this many ends the connection instead; 0 = none. */
  dropEvery: number;
  /** Ends all connections: after spoilt replies nobody knows whose the next one is. */
  hangUp(): void;
  stop(): Promise<void>;
}

interface Parsed {
  readonly reply: Buffer;
  readonly end: number;
}

type Parse = (bytes: Buffer, at: number) => Parsed | null | 'invalid';

const HEADER = /^\*([1-9]\d{0,6})\r\n/;
const WORD = /^\$(0|[1-9]\d{0,8})\r\n/;

/** A request and its reply, which names the key. */
export function parseRedis(bytes: Buffer, at: number): Parsed | null | 'invalid' {
  const header = HEADER.exec(bytes.toString('latin1', at, at + 12));
  if (header === null)
    return bytes.indexOf('\r\n', at) < 0 && bytes.length - at < 12 ? null : 'invalid';
  let end = at + header[0].length;
  const words: string[] = [];
  for (let i = Number(header[1]); i > 0; i--) {
    const word = WORD.exec(bytes.toString('latin1', end, end + 14));
    if (word === null) {
      return bytes.indexOf('\r\n', end) < 0 && bytes.length - end < 14 ? null : 'invalid';
    }
    const from = end + word[0].length;
    end = from + Number(word[1]) + 2;
    if (end > bytes.length) return null;
    if (bytes[end - 2] !== 13 || bytes[end - 1] !== 10) return 'invalid';
    words.push(bytes.toString('latin1', from, end - 2));
  }
  return { reply: redisReply(words), end };
}

function redisReply(words: readonly string[]): Buffer {
  const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
  switch (words[0].toUpperCase()) {
    case 'MGET': {
      const items = words.slice(1).map(bulk).join('');
      return Buffer.from(`*${words.length - 1}\r\n${items}`, 'latin1');
    }
    case 'MSET':
      return Buffer.from('+OK\r\n');
    case 'DEL':
    case 'UNLINK':
    case 'EXISTS':
    case 'TOUCH':
      return Buffer.from(`:${words.length - 1}\r\n`);
    default:
      return Buffer.from(bulk(words[1] ?? ''), 'latin1');
  }
}

/** Which word holds the size of the block. */
const SIZE_WORD: Readonly<Record<string, number>> = {
  ...{ set: 4, add: 4, replace: 4, append: 4, prepend: 4, cas: 4, ms: 2 },
};
/** Words from which on a last `noreply` means it, as memcached counts. */
const MAY_BE_SILENT: Readonly<Record<string, number>> = {
  ...{ set: 5, add: 5, replace: 5, append: 5, prepend: 5, cas: 6, incr: 3, decr: 3, touch: 3 },
  ...{ delete: 3, flush_all: 2, verbosity: 2 },
};

/** A line of memcached with its block, and its reply. */
export function parseMemcached(bytes: Buffer, at: number): Parsed | null | 'invalid' {
  const lineEnd = bytes.indexOf(10, at);
  if (lineEnd < 0) return null;
  const line = bytes.toString('latin1', at, lineEnd).replace(/\r$/, '');
  const words = line.split(/ +/).filter((word) => word !== '');
  if (words.length === 0) return 'invalid';
  let end = lineEnd + 1;
  const [name] = words;
  if (Object.hasOwn(SIZE_WORD, name)) {
    // As strtol reads it: blanks and a sign before the number, a blank behind it.
    const size = /^\s*([+-]?\d+)(\s|$)/.exec(words[SIZE_WORD[name]] ?? '');
    if (size === null) return 'invalid';
    end += Number(size[1]) + 2;
  }
  if (end > bytes.length) return null;
  const silent = words.at(-1) === 'noreply' && words.length >= (MAY_BE_SILENT[name] ?? Infinity);
  const items = words.slice(1).map((key) => `VALUE ${key} 0 ${key.length}\r\n${key}\r\n`);
  const isGet = name === 'get' || name === 'gets';
  const text = isGet ? `${items.join('')}END\r\n` : name === 'mn' ? 'MN\r\n' : 'OK\r\n';
  return { reply: Buffer.from(silent ? '' : text, 'latin1'), end };
}

/** @param spoil makes a good reply a bad one */
export async function startFuzzServer(
  parse: Parse,
  random: Random,
  spoil: (random: Random, reply: Buffer) => Buffer,
): Promise<FuzzServer> {
  const open = new Set<Socket>();
  const complaints: string[] = [];
  const state = { spoilEvery: 0, dropEvery: 0 };
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    void answer(socket);
  });

  async function answer(socket: Socket): Promise<void> {
    let bytes: Buffer = Buffer.alloc(0);
    for await (const chunk of chunksOf(socket)) {
      bytes = Buffer.concat([bytes, chunk]);
      const replies: Buffer[] = [];
      let at = 0;
      for (let parsed = parse(bytes, at); parsed !== null; parsed = parse(bytes, at)) {
        if (parsed === 'invalid') {
          complaints.push(JSON.stringify(bytes.toString('latin1', at, at + 300)));
          socket.destroy();
          return;
        }
        at = parsed.end;
        if (state.dropEvery > 0 && random.once(state.dropEvery)) {
          if (random.once(2)) socket.resetAndDestroy();
          else socket.end(Buffer.concat(replies));
          return;
        }
        const spoilt = state.spoilEvery > 0 && random.once(state.spoilEvery);
        replies.push(spoilt ? spoil(random, parsed.reply) : parsed.reply);
      }
      bytes = bytes.subarray(at);
      await sendSplit(socket, Buffer.concat(replies));
    }
  }

  async function sendSplit(socket: Socket, all: Buffer): Promise<void> {
    if (!random.once(4)) {
      socket.write(all);
      return;
    }
    const at = random.below(all.length + 1);
    socket.write(all.subarray(0, at));
    await delay(random.below(3));
    socket.write(all.subarray(at));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    port: (server.address() as { port: number }).port,
    complaints,
    hangUp: () => {
      for (const socket of open) socket.destroy();
    },
    stop: () => {
      for (const socket of open) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

/** A socket's chunks; the end, also a sudden one, ends them. */
async function* chunksOf(socket: Socket): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of socket) yield chunk as Buffer;
  } catch {
    // Reset by the other side.
  }
}
