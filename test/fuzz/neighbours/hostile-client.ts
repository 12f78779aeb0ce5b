import { connect, type Socket } from 'node:net';
import { repliesOf } from '../../differential/raw-replies.ts';
import { delay } from '../../support/wait.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import { memcacheBytes } from './memcache-requests.ts';
import { countedRequest, inline, multibulk, redisBytes, redisRequest } from './redis-requests.ts';
import { bytes, key, number, SECRET, script, word } from './words.ts';

// Clients that do what they should not. Each lives for a few seconds at most.

export interface Target {
  readonly port: number;
  readonly redis: boolean;
  readonly password: string | null;
  /** Whether the hostile client knows it. */
  readonly member: boolean;
  /** Most words of a request. */
  readonly maxArguments: number;
}

export type Kind =
  | 'counted' // well-formed, each reply is looked at
  | 'messy' // any bytes, in pieces, with an end of any kind
  | 'flood' // one request, many times, often without replies
  | 'deaf' // asks for much and reads nothing
  | 'slow' // reads little by little
  | 'unfinished' // begins what it does not end
  | 'foreign' // another protocol
  | 'keeper'; // makes the proxy remember

export const KINDS: readonly Kind[] = [
  ...(['counted', 'counted', 'counted', 'messy', 'messy', 'flood', 'deaf', 'slow'] as const),
  ...(['unfinished', 'foreign', 'keeper'] as const),
];

/** Inputs of a client that are kept for the report, and bytes of each. */
const KEPT = 8;
const TOLD_BYTES = 150;
const ANSWER_MS = 1_500;
const LARGEST_KEPT = 2_000_000;

export class HostileClient {
  readonly number: number;
  readonly kind: Kind;
  readonly target: Target;
  readonly #random: Random;
  readonly #socket: Socket;
  /** The last inputs, newest last. */
  readonly last: string[] = [];
  readonly complaints: string[] = [];
  requests = 0;
  endedAt = 0;
  #ended = false;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #wake: () => void = () => {};

  constructor(number: number, kind: Kind, target: Target, random: Random) {
    this.number = number;
    this.kind = kind;
    this.target = target;
    this.#random = random;
    this.#socket = connect({ port: target.port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
    this.#socket.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
    if (kind !== 'deaf' && kind !== 'slow') this.#socket.on('data', (chunk) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    if (this.kind !== 'counted' && this.#receivedBytes > LARGEST_KEPT) this.#checkSecret();
    this.#wake();
  }

  /** A client that never logged in must not see what is behind the password. */
  #checkSecret(): void {
    const { password, member } = this.target;
    const all = Buffer.concat(this.#received);
    if (password !== null && !member && all.includes(SECRET)) {
      this.complaints.push(`a client without password got the secret (client ${this.number})`);
    }
    this.#received = [];
    this.#receivedBytes = 0;
  }

  async run(): Promise<void> {
    const { password, member, redis } = this.target;
    if (redis && password !== null && member) this.#send(multibulk(['AUTH', password]));
    const work: Record<Kind, () => Promise<void>> = {
      counted: () => (redis && (password === null || member) ? this.#counted() : this.#messy()),
      messy: () => this.#messy(),
      flood: () => this.#flood(),
      deaf: () => this.#deaf(),
      slow: () => this.#slow(),
      unfinished: () => this.#unfinished(),
      foreign: () => this.#foreign(),
      keeper: () => this.#keeper(),
    };
    await work[this.kind]();
    this.#checkSecret();
    this.#end();
    this.endedAt = performance.now();
  }

  #end(): void {
    if (this.#random.once(3)) this.#socket.resetAndDestroy();
    else if (this.#random.once(2)) {
      this.#socket.end();
      this.#socket.resume();
      setTimeout(() => this.#socket.destroy(), 200);
    } else this.#socket.destroy();
  }

  #send(bytes: Buffer): void {
    this.requests++;
    const shown = JSON.stringify(bytes.toString('latin1', 0, TOLD_BYTES));
    const input = bytes.length > TOLD_BYTES ? `${shown}… ${bytes.length} bytes` : shown;
    if (input !== this.last.at(-1)) this.last.push(input);
    if (this.last.length > KEPT) this.last.shift();
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Waits for bytes, the end, or `ms`. */
  #more(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#ended) this.#wake();
    });
  }

  #any(): Buffer {
    return this.target.redis ? redisBytes(this.#random) : memcacheBytes(this.#random);
  }

  /** Between the requests it asks for echoes of its own: each must come back in its place. */
  async #counted(): Promise<void> {
    const random = this.#random;
    for (let batch = random.below(4); batch >= 0 && !this.#ended; batch--) {
      const asked: string[] = [];
      const nonces: string[] = [];
      const all: Buffer[] = [];
      for (let i = random.below(12); i >= 0; i--) {
        const words = countedRequest(random);
        const request = random.once(4) ? inline(words) : multibulk(words);
        if (request.length > 60_000) continue;
        const nonce = `~echo${this.number}.${batch}.${i}~`;
        all.push(request, multibulk(['ECHO', nonce]));
        asked.push(JSON.stringify(request.toString('latin1', 0, 300)));
        nonces.push(`$${nonce.length}\r\n${nonce}\r\n`);
      }
      if (all.length === 0) continue;
      this.#send(Buffer.concat(all));
      this.requests += all.length - 1;
      const login = this.target.password !== null && batch >= 0 && this.#first();
      const found = await this.#echoes(asked, nonces, login ? 1 : 0);
      if (found !== null) {
        if (found !== '') this.complaints.push(`hostile client ${this.number}: ${found}`);
        return;
      }
    }
  }

  #wasFirst = true;

  #first(): boolean {
    const first = this.#wasFirst;
    this.#wasFirst = false;
    return first;
  }

  /** @returns null: all is well; '' when it cannot be told; or what is wrong */
  async #echoes(asked: string[], nonces: string[], before: number): Promise<string | null> {
    const until = performance.now() + ANSWER_MS;
    const last = Buffer.from(nonces[nonces.length - 1]);
    while (!this.#ended && performance.now() < until) {
      const tail = Buffer.concat(this.#received.slice(-3));
      if (tail.subarray(-last.length).equals(last)) break;
      await this.#more(300);
    }
    const all = Buffer.concat(this.#received);
    this.#received = [];
    let replies: string[];
    try {
      replies = repliesOf(all);
    } catch (error) {
      return `replies that cannot be read (${(error as Error).message}) to ${asked.join(' ')}`;
    }
    replies = replies.slice(before);
    for (const [i, nonce] of nonces.entries()) {
      const reply = replies[2 * i + 1];
      if (reply === nonce) continue;
      if (reply === undefined) return this.#ended ? this.#closed(asked[i], all) : '';
      const got = JSON.stringify(replies.slice(2 * i, 2 * i + 3).map((each) => each.slice(0, 200)));
      return `${asked[i]} shifted the replies: ${got}`;
    }
    return null;
  }

  #closed(asked: string, all: Buffer): string {
    const tail = all.toString('latin1', Math.max(0, all.length - 200));
    // Redis closes behind a protocol error, too; and a reply that its server cut off stays cut off.
    if (/-ERR Protocol error[^\r\n]*\r\n$/.test(tail)) return '';
    if (repliesOf(all).reduce((sum, each) => sum + each.length, 0) < all.length) return '';
    return `closed at ${asked}, behind ${JSON.stringify(tail)}`;
  }

  async #messy(): Promise<void> {
    const random = this.#random;
    for (let i = 2 + random.below(20); i > 0 && !this.#ended; i--) {
      const bytes = random.once(3) ? mutate(random, this.#any()) : this.#any();
      if (!random.once(4)) {
        this.#send(bytes);
      } else {
        const size = 1 + random.below(random.pick([2, 40, Math.max(1, bytes.length)]));
        for (let at = 0, n = 0; at < bytes.length && n < 60; at += size, n++) {
          this.#send(bytes.subarray(at, at + size));
          if (random.once(3)) await delay(0);
        }
      }
      if (random.once(5)) await delay(random.below(10));
      if (random.once(12)) break;
    }
    if (random.once(2)) await this.#more(50 + random.below(300));
  }

  async #flood(): Promise<void> {
    const random = this.#random;
    const { redis } = this.target;
    const muted = redis && random.once(2);
    if (muted) this.#send(multibulk(['CLIENT', 'REPLY', 'OFF']));
    const own = [
      ['WAIT', '9', '0'],
      ['WAIT', '9', '0'],
      ['WAIT', String(random.below(5)), number(random)],
      ['SELECT', number(random)],
      ['DBSIZE'],
      ['CLIENT', 'LIST'],
      ['INFO'],
      ['PING'],
      ['SCAN', '0'],
      ['MGET', ...Array.from({ length: 30 }, () => key(random))],
      ['EVAL', script(random), '0'],
    ];
    const request = !redis
      ? this.#any()
      : multibulk(random.once(2) ? random.pick(own) : redisRequest(random));
    const most = Math.min(16_000, Math.ceil(1_000_000 / request.length));
    const times = 1 + random.below(most);
    for (let left = times; left > 0 && !this.#ended; left -= 500) {
      this.#send(Buffer.concat(new Array<Buffer>(Math.min(500, left)).fill(request)));
      this.requests += Math.min(500, left) - 1;
      if (this.#socket.writableNeedDrain) await this.#more(30);
    }
    await this.#more(200);
    await delay(muted ? 1_000 : 100);
  }

  async #deaf(): Promise<void> {
    const random = this.#random;
    this.#large();
    for (let i = random.below(30); i > 0; i--) this.#send(this.#any());
    await delay(300 + random.below(1_500));
  }

  /** Stores something large and asks for it often. */
  #large(): void {
    const random = this.#random;
    const size = random.pick([1_000, 60_000, 300_000]);
    const times = 1 + random.below(Math.ceil(4_000_000 / size) % 400);
    const name = `x:large${random.below(4)}`;
    if (this.target.redis) {
      this.#send(multibulk(['SET', name, 'L'.repeat(size)]));
      const get = random.once(3) ? ['MGET', name, name, 'x:large0'] : ['GET', name];
      this.#send(Buffer.concat(new Array<Buffer>(times).fill(multibulk(get))));
    } else {
      this.#send(Buffer.from(`set ${name} 0 0 ${size}\r\n${'L'.repeat(size)}\r\n`));
      this.#send(Buffer.from(`get ${name}\r\n`.repeat(times)));
    }
    this.requests += times;
  }

  async #slow(): Promise<void> {
    const random = this.#random;
    this.#large();
    for (let i = 0; i < 30 && !this.#ended; i++) {
      if (i === 5) this.#send(this.#any());
      this.#socket.read(1 + random.below(4_000));
      await delay(20 + random.below(60));
    }
  }

  async #unfinished(): Promise<void> {
    const random = this.#random;
    const size = random.pick(['100000', '2000000', '4194305', '536870912']);
    const name = key(random)
      .slice(0, 250)
      .replace(/[\r\n ]/g, '.');
    const head = this.target.redis
      ? random.pick([
          `*3\r\n$3\r\nSET\r\n$${name.length}\r\n${name}\r\n$${size}\r\n`,
          `*2\r\n$3\r\nGET\r\n$${size}\r\n`,
          `*100000\r\n$4\r\nMGET\r\n`,
          `*3\r\n$4\r\nEVAL\r\n$${size}\r\n`,
          `*2\r\n$4\r\nAUTH\r\n$${size}\r\n`,
        ])
      : `set ${name} 0 0 ${size}\r\n`;
    this.#send(Buffer.from(head, 'latin1'));
    const most = random.pick([10, 90_000, 2_000_000]);
    for (let sent = 0; sent < most && !this.#ended; sent += 64 * 1024) {
      const piece = Buffer.alloc(
        Math.min(64 * 1024, most - sent),
        head.startsWith('*1') ? '$1\r\na\r\n' : 'u',
      );
      if (this.#socket.writable) this.#socket.write(piece);
      if (this.#socket.writableNeedDrain) await this.#more(50);
    }
    await delay(300 + random.below(1_000));
  }

  async #foreign(): Promise<void> {
    const random = this.#random;
    const { redis, maxArguments } = this.target;
    const text = word(random);
    const choices = [
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nSET x:0 1\r\n`,
      `GET /${text} HTTP/1.0\r\n\r\n`,
      redis ? memcacheBytes(random).toString('latin1') : redisBytes(random).toString('latin1'),
      `*${number(random)}\r\n$${number(random)}\r\n${text}\r\n`,
      `*1\r\n$4294967300\r\nPING\r\n`,
      'a'.repeat(random.pick([65_535, 65_536, 65_537, 70_000])),
      `PING ${'x '.repeat(random.pick([1_000, 32_000]))}\r\n`,
      `"${bytes(random, 300)}`,
      '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
      '\r\n'.repeat(20_000),
      '*0\r\n'.repeat(20_000),
    ];
    if (!redis) choices.push(`get ${'x:k '.repeat(random.pick([1_000, 20_000]))}\r\n`);
    this.#send(Buffer.from(random.pick(choices), 'latin1'));
    // More words than a request may have, on one line, of what must not be reached.
    if (redis) {
      const words = !random.once(3) ? ['EVAL', script(random), '0'] : [...redisRequest(random)];
      const count = maxArguments + random.below(3) - words.length;
      if (count < 25_000) while (words.length < maxArguments + 1) words.push('x');
      this.#send(inline(words));
    }
    await this.#more(300);
    this.#send(this.#any());
    await this.#more(200);
  }

  async #keeper(): Promise<void> {
    const random = this.#random;
    const large = 'N'.repeat(random.pick([10, 257, 100_000, 1_000_000, 4_000_000, 4_000_000]));
    for (let i = 1 + random.below(3); i > 0; i--) {
      if (!this.target.redis) this.#send(this.#any());
      else {
        const kept = [
          ['CLIENT', 'SETNAME', large],
          ['CLIENT', 'SETNAME', large],
          ['CLIENT', 'SETINFO', 'LIB-NAME', large],
          ['HELLO', '3', 'SETNAME', large],
          ['SELECT', String(random.below(16))],
          ['FUNCTION', 'LOAD', large.slice(0, 1_000)],
          ['COMMAND', 'INFO', large.slice(0, 1_000)],
        ];
        this.#send(multibulk(random.pick(kept)));
      }
      await this.#more(100);
    }
    await delay(300 + random.below(1_000));
    if (this.target.redis) {
      this.#send(multibulk(random.pick([['CLIENT', 'LIST'], ['CLIENT', 'INFO'], ['INFO']])));
    }
    await this.#more(300);
  }
}
