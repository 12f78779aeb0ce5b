import { createServer, type Socket } from 'node:net';
import { delay } from '../../support/wait.ts';
import { frames, SEEDS } from '../grammar.ts';
import { mutate } from '../mutate.ts';
import { Random } from '../random.ts';
import { parseMemcached, parseRedis } from '../servers.ts';

// Servers that answer with anything: well-formed or not, of the wrong type, deep, huge, late, in
// pieces, one too many or too few, or not at all. What they get must be whole, valid requests.

export interface HostileServer {
  readonly port: number;
  /** What arrived and is no request. */
  readonly complaints: string[];
  /** Begins anew, well-behaved: connections of a round are told apart by their number. */
  restart(seed: number): void;
  /** From now on it behaves as it likes. */
  misbehave(): void;
  stop(): Promise<void>;
}

/** How a connection behaves; most answer something to everything. */
const MOODS = ['any', 'any', 'any', 'type', 'type', 'good', 'silent', 'extra', 'missing', 'cut'];

const REDIS_REPLIES: readonly string[] = [
  ...['+OK\r\n', ':1\r\n', ':99999999999999999999\r\n', ':\r\n', ':x\r\n', '$-1\r\n', '*-1\r\n'],
  ...[
    '*0\r\n',
    '$0\r\n\r\n',
    '_\r\n',
    '#t\r\n',
    '#x\r\n',
    ',nan\r\n',
    ',1e\r\n',
    '(1\r\n',
    '%0\r\n',
  ],
  ...[
    '~1\r\n+a\r\n',
    '>2\r\n+message\r\n+x\r\n',
    '>0\r\n',
    '|1\r\n+a\r\n+b\r\n:1\r\n',
    '!3\r\nERR\r\n',
  ],
  ...[
    '*2\r\n$1\r\n0\r\n*0\r\n',
    '*2\r\n$1\r\n7\r\n*1\r\n$1\r\na\r\n',
    '*2\r\n:0\r\n+x\r\n',
    '*1\r\n*0\r\n',
  ],
  ...[
    '*2\r\n$-1\r\n$-1\r\n',
    '*2\r\n$20\r\n99999999999999999999\r\n*0\r\n',
    '*2\r\n*0\r\n$1\r\n0\r\n',
  ],
  ...[
    '-MOVED 1 192.0.2.1:6379\r\n',
    '-ASK 1 [::1]:0\r\n',
    '-NOAUTH x\r\n',
    '-LOADING\r\n',
    '-\r\n',
    '+\r\n',
  ],
  ...[
    '-WRONGPASS a\rb\x1b[2J\r\n',
    '-ERR \x80\x9b\xff\r\n',
    '-NOPROTO x\r\n',
    '-BUSY\r\n',
    '-OOM x\r\n',
  ],
  ...[
    '$536870913\r\n',
    '$536870912\r\nx',
    '*2147483647\r\n',
    '*2147483647\r\n*2147483647\r\n*2147483647\r\n',
  ],
  ...[
    '*4294967297\r\n',
    '$4294967297\r\n',
    '%2147483648\r\n',
    '$?\r\n',
    '*?\r\n',
    '$-2\r\n',
    '*1',
    '$5\r\nab',
  ],
  ...[
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    'END\r\n',
    '\r\n',
    '\0',
    '*1048577\r\n:1\r\n',
    '$01\r\na\r\n',
  ],
  `${'*1\r\n'.repeat(33)}:1\r\n`,
  `${'*1\r\n'.repeat(9_000)}:1\r\n`,
  `${'|1\r\n+a\r\n'.repeat(40)}:1\r\n`,
  `+${'s'.repeat(70_000)}\r\n`,
  `-${'E'.repeat(70_000)}`,
  `$100000\r\n${'b'.repeat(100_000)}\r\n`,
  `*20000\r\n${':1\r\n'.repeat(20_000)}`,
  `*3000\r\n${'$-1\r\n'.repeat(3_000)}`,
];

const MEMCACHED_REPLIES: readonly string[] = [
  ...[
    'END\r\n',
    'STORED\r\n',
    'NOT_FOUND\r\n',
    'ERROR\r\n',
    'HD\r\n',
    'EN\r\n',
    'NF\r\n',
    'OK\r\n',
    'MN\r\n',
  ],
  ...[
    'SERVER_ERROR \x1b[2J\x9b\r\n',
    'CLIENT_ERROR\r\n',
    'VALUE x:1 0 3\r\nabc\r\nEND\r\n',
    '7\r\n',
    '-1\r\n',
  ],
  ...[
    'VALUE x:1 0 4294967297\r\nabc',
    'VALUE x:1 0 -1\r\nEND\r\n',
    'VALUE x:1\r\n',
    'VALUE in:1 0 1\r\nf\r\nEND\r\n',
  ],
  ...[
    'VA 1048577\r\nx',
    'VA 2 k Oq\r\nab\r\n',
    'VA -1\r\n',
    'STAT a b\r\n',
    'STAT a b\r\nEND\r\n',
    'STAT \r\nEND\r\n',
  ],
  ...[
    'VERSION \r\n',
    'RESET\r\n',
    'VALUE x:2 0 1 99999999999999999999\r\na\r\nEND\r\n',
    '\r\n',
    '+OK\r\n',
    '\x81\0',
  ],
  `VALUE ${'k'.repeat(3_000)} 0 1\r\na\r\nEND\r\n`,
  `VALUE x:1 0 100000\r\n${'v'.repeat(100_000)}\r\nEND\r\n`,
  `${'STAT name value\r\n'.repeat(5_000)}END\r\n`,
  `SERVER_ERROR ${'e'.repeat(70_000)}`,
];

function anyReply(random: Random, redis: boolean): Buffer {
  const direction = redis ? 'replies' : 'memcache replies';
  switch (random.below(5)) {
    case 0:
      return frames(random, direction, 1);
    case 1:
      return mutate(random, random.pick(SEEDS[direction]));
    default:
      return Buffer.from(random.pick(redis ? REDIS_REPLIES : MEMCACHED_REPLIES), 'latin1');
  }
}

/** A reply that is well-formed, whatever was asked. */
function wrongType(random: Random, redis: boolean): Buffer {
  const list = redis ? REDIS_REPLIES.slice(0, 7) : MEMCACHED_REPLIES.slice(0, 9);
  return Buffer.from(random.pick(list), 'latin1');
}

/** What a proxy asks before it sends anything of its clients. */
const GREETING = /^\*\d+\r\n\$\d+\r\n(?:SELECT|AUTH|HELLO|CLIENT|PING)\r\n/i;
const HELLO3 = '%1\r\n$5\r\nproto\r\n:3\r\n';

class Connection {
  readonly #socket: Socket;
  readonly #random: Random;
  readonly #redis: boolean;
  readonly #complaints: string[];
  readonly #mood: string;
  readonly #behaves: () => boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #out: Promise<void> = Promise.resolve();

  constructor(
    socket: Socket,
    random: Random,
    redis: boolean,
    complaints: string[],
    behaves: () => boolean,
  ) {
    this.#behaves = behaves;
    this.#socket = socket;
    this.#random = random;
    this.#redis = redis;
    this.#complaints = complaints;
    this.#mood = random.pick(MOODS);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => this.#read(chunk));
  }

  #read(chunk: Buffer): void {
    if (this.#mood === 'silent' && !this.#behaves()) return;
    const bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const parse = this.#redis ? parseRedis : parseMemcached;
    let at = 0;
    for (let parsed = parse(bytes, at); parsed !== null; parsed = parse(bytes, at)) {
      if (parsed === 'invalid') {
        this.#complaints.push(JSON.stringify(bytes.toString('latin1', at, at + 300)));
        this.#socket.destroy();
        return;
      }
      const request = bytes.toString('latin1', at, Math.min(parsed.end, at + 60));
      at = parsed.end;
      this.#send(this.#replyTo(request, parsed.reply));
      if (this.#socket.destroyed) return;
    }
    this.#bytes = bytes.subarray(at);
  }

  #replyTo(request: string, good: Buffer): Buffer {
    const random = this.#random;
    if (this.#redis && GREETING.test(request) && (this.#behaves() || !random.once(8))) {
      return Buffer.from(/HELLO\r\n\$1\r\n3/i.test(request) ? HELLO3 : '+OK\r\n');
    }
    if (this.#behaves()) return good;
    switch (this.#mood) {
      case 'good':
        return good;
      case 'type':
        return random.once(6) ? good : wrongType(random, this.#redis);
      case 'extra':
        return random.once(4) ? Buffer.concat([good, anyReply(random, this.#redis)]) : good;
      case 'missing':
        return random.once(4) ? Buffer.alloc(0) : good;
      default:
        return random.once(3) ? good : anyReply(random, this.#redis);
    }
  }

  #send(reply: Buffer): void {
    const random = this.#random;
    if (this.#mood === 'cut' && !this.#behaves() && random.once(10)) {
      this.#socket.write(reply.subarray(0, random.below(reply.length + 1)));
      if (random.once(2)) this.#socket.resetAndDestroy();
      else this.#socket.end();
      return;
    }
    if (!random.once(6)) {
      this.#out = this.#out.then(() => void this.#write(reply));
      return;
    }
    const at = random.below(reply.length + 1);
    const late = random.once(20) ? 300 : random.below(4);
    this.#out = this.#out.then(async () => {
      this.#write(reply.subarray(0, at));
      await delay(late);
      this.#write(reply.subarray(at));
    });
  }

  #write(bytes: Buffer): void {
    if (this.#socket.writable && this.#socket.writableLength < 4_000_000) this.#socket.write(bytes);
  }
}

export async function startHostileServer(redis: boolean): Promise<HostileServer> {
  const open = new Set<Socket>();
  const complaints: string[] = [];
  let seed = 0;
  let connections = 0;
  let behaves = true;
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    const random = new Random(seed + connections * 7_919);
    connections++;
    if (!behaves && random.once(25)) socket.resetAndDestroy();
    else new Connection(socket, random, redis, complaints, () => behaves);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    complaints,
    restart: (next) => {
      for (const socket of open) socket.destroy();
      complaints.length = 0;
      seed = next;
      connections = 0;
      behaves = true;
    },
    misbehave: () => {
      behaves = false;
    },
    stop: () => {
      for (const socket of open) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
