import { connect, type Socket } from 'node:net';
import { delay } from '../support/wait.ts';
import type { Answer, Wire } from './wire.ts';

// Pipelined load in which every value names its key and a sequence number, so that a reply that
// belongs to somebody else, an old one, or one too many is seen.

export interface LoadOptions {
  readonly port: number;
  readonly wire: Wire;
  readonly clients: number;
  /** Requests written at once. */
  readonly depth: number;
  /**
   * `strict`: a value must be the last that was acknowledged, or one whose request failed. `loose`:
   * any that was ever written to this key, or none; for caches that forget, and rings that change.
   */
  readonly values: 'strict' | 'loose';
}

export interface LoadTotals {
  sent: number;
  right: number;
  errors: number;
  wrong: number;
  /** Requests that never got a reply. */
  lost: number;
  /** Bytes or replies nobody asked for. */
  doubled: number;
  longestStallMs: number;
  readonly errorTexts: Map<string, number>;
  /** What was wrong, the first few. */
  readonly complaints: string[];
}

interface Request {
  readonly bytes: Buffer;
  readonly keys: readonly string[];
  readonly sequence: number;
  readonly kind: 'set' | 'get' | 'many' | 'count' | 'marker';
}

/** What is known of one key, which only one client uses. */
interface KeyState {
  acknowledged: number;
  /** Sequence numbers whose SET failed: they may have been executed, or may still be. */
  readonly doubtful: Set<number>;
}

const KEYS = 24;
const GIVE_UP_MS = 8_000;

export class Load {
  readonly totals: LoadTotals = {
    sent: 0,
    right: 0,
    errors: 0,
    wrong: 0,
    lost: 0,
    doubled: 0,
    longestStallMs: 0,
    errorTexts: new Map(),
    complaints: [],
  };
  readonly #clients: LoadClient[] = [];
  #running = true;
  #work: Promise<void>[] = [];

  constructor(options: LoadOptions) {
    for (let i = 0; i < options.clients; i++) {
      this.#clients.push(new LoadClient(i, options, this.totals));
    }
  }

  start(): void {
    this.#work = this.#clients.map((client) => client.run(() => this.#running));
  }

  /** Ends the load; resolves when every request has its reply or is given up. */
  async stop(): Promise<LoadTotals> {
    this.#running = false;
    await Promise.all(this.#work);
    return this.totals;
  }

  /** Reads every key once more, straight from where it must be. @returns complaints */
  async audit(read: (key: string) => Promise<string | null>): Promise<string[]> {
    const complaints: string[] = [];
    for (const client of this.#clients) complaints.push(...(await client.audit(read)));
    return complaints;
  }
}

class LoadClient {
  readonly #id: number;
  readonly #options: LoadOptions;
  readonly #totals: LoadTotals;
  readonly #keys: Map<string, KeyState> = new Map();
  readonly #counts: Map<string, { acknowledged: number; doubtful: number }> = new Map();
  #socket: Socket | null = null;
  #chunks: Buffer[] = [];
  #ended = false;
  #wake: () => void = () => {};
  #sequence = 0;

  constructor(id: number, options: LoadOptions, totals: LoadTotals) {
    this.#id = id;
    this.#options = options;
    this.#totals = totals;
    for (let i = 0; i < KEYS; i++) {
      this.#keys.set(`c${id}:k${i}`, { acknowledged: 0, doubtful: new Set() });
      this.#counts.set(`c${id}:n${i}`, { acknowledged: 0, doubtful: 0 });
    }
  }

  async run(running: () => boolean): Promise<void> {
    while (running()) {
      await this.#batch();
      await delay(3);
    }
    this.#checkLeftovers();
    this.#socket?.destroy();
  }

  async #batch(): Promise<void> {
    if (this.#socket === null && !(await this.#connect())) return;
    const requests = this.#requests();
    const socket = this.#socket as Socket;
    this.#totals.sent += requests.length;
    socket.write(Buffer.concat(requests.map(({ bytes }) => bytes)));
    let bytes: Buffer = Buffer.alloc(0);
    let at = 0;
    let answered = 0;
    let since = performance.now();
    while (answered < requests.length) {
      const request = requests[answered];
      const parsed = this.#parse(bytes, at, request);
      if (parsed !== null) {
        at = parsed[1];
        this.#judge(request, parsed[0]);
        answered++;
        const now = performance.now();
        this.#totals.longestStallMs = Math.max(this.#totals.longestStallMs, now - since);
        since = now;
        continue;
      }
      if (this.#ended || performance.now() - since > GIVE_UP_MS) {
        this.#giveUp(requests.slice(answered));
        return;
      }
      await this.#more(since);
      bytes = Buffer.concat([bytes.subarray(at), ...this.#chunks]);
      this.#chunks = [];
      at = 0;
    }
    if (at < bytes.length) this.#chunks.unshift(bytes.subarray(at));
    this.#checkLeftovers();
  }

  #parse(bytes: Buffer, at: number, request: Request): [Answer, number] | null {
    try {
      return this.#options.wire.parse(bytes, at, request.keys);
    } catch (error) {
      this.#complain(`${request.kind} ${request.keys}: ${(error as Error).message}`);
      this.#ended = true; // nothing behind it can be told apart
      return null;
    }
  }

  #connect(): Promise<boolean> {
    const socket = connect({ port: this.#options.port, host: '127.0.0.1', noDelay: true });
    this.#chunks = [];
    this.#ended = false;
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    socket.on('end', end);
    socket.on('close', end);
    return new Promise((resolve) => {
      socket.once('connect', () => {
        this.#socket = socket;
        resolve(true);
      });
      socket.on('error', () => {
        end();
        resolve(false);
      });
    });
  }

  #more(since: number): Promise<void> {
    if (this.#chunks.length > 0 || this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, GIVE_UP_MS - (performance.now() - since) + 5));
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
    });
  }

  /** The connection ended or stays silent: what is not answered is lost. */
  #giveUp(requests: readonly Request[]): void {
    this.#totals.lost += requests.filter(({ kind }) => kind !== 'marker').length;
    for (const request of requests) this.#doubt(request);
    this.#socket?.destroy();
    this.#socket = null;
  }

  #checkLeftovers(): void {
    const bytes = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (bytes === 0) return;
    this.#totals.doubled++;
    this.#complain(`${bytes} bytes that nobody asked for: ${this.#chunks[0].subarray(0, 60)}`);
    this.#chunks = [];
  }

  #requests(): Request[] {
    const { wire, depth } = this.#options;
    const requests: Request[] = [];
    const names = [...this.#keys.keys()];
    for (let i = 0; i < depth; i++) {
      const key = names[(this.#sequence * 7 + i) % KEYS];
      const sequence = ++this.#sequence;
      const padding = sequence % 50 === 0 ? 20_000 : sequence % 5 === 0 ? 500 : 0;
      const value = `${key}#${sequence}#${'.'.repeat(padding)}`;
      requests.push({ kind: 'set', keys: [key], sequence, bytes: wire.set(key, value) });
      requests.push({ kind: 'get', keys: [key], sequence: 0, bytes: wire.get(key) });
      if (i % 4 === 1) {
        const keys = [0, 1, 2, 3, 4].map((n) => names[(this.#sequence * 3 + n) % KEYS]);
        requests.push({ kind: 'many', keys, sequence: 0, bytes: wire.getMany(keys) });
      }
      const counter = `c${this.#id}:n${(this.#sequence * 5 + i) % KEYS}`;
      const bytes = wire.increment(counter);
      if (bytes !== null) requests.push({ kind: 'count', keys: [counter], sequence: 0, bytes });
    }
    const marker = wire.marker();
    if (marker.length > 0) requests.push({ kind: 'marker', keys: [], sequence: 0, bytes: marker });
    return requests;
  }

  #judge(request: Request, answer: Answer): void {
    if (answer.kind === 'error') {
      this.#totals.errors++;
      const { errorTexts } = this.#totals;
      errorTexts.set(answer.text, (errorTexts.get(answer.text) ?? 0) + 1);
      this.#doubt(request);
      return;
    }
    const wrong = this.#isWrong(request, answer);
    if (wrong === null) this.#totals.right++;
    else this.#complain(wrong);
  }

  #doubt(request: Request): void {
    if (request.kind === 'set') this.#keys.get(request.keys[0])?.doubtful.add(request.sequence);
    const count = this.#counts.get(request.keys[0]);
    if (request.kind === 'count' && count !== undefined) count.doubtful++;
  }

  /** @returns what is wrong with an answer, or null */
  #isWrong(request: Request, answer: Answer): string | null {
    const [key] = request.keys;
    switch (request.kind) {
      case 'set': {
        if (answer.kind !== 'ok') return `set ${key}: ${answer.kind}`;
        const state = this.#keys.get(key) as KeyState;
        state.acknowledged = request.sequence;
        return null;
      }
      case 'get':
        if (answer.kind === 'miss') return this.#badValue(key, null);
        return answer.kind === 'value' ? this.#badValue(key, answer.text) : `get: ${answer.kind}`;
      case 'many': {
        if (answer.kind !== 'values' || answer.texts.length !== request.keys.length) {
          return `getMany: ${answer.kind}`;
        }
        const bad = answer.texts.map((text, i) => this.#badValue(request.keys[i], text));
        return bad.find((each) => each !== null) ?? null;
      }
      case 'count': {
        const count = this.#counts.get(key);
        if (answer.kind !== 'number' || count === undefined) return `count ${key}: ${answer.kind}`;
        count.acknowledged++;
        return this.#badCount(key, answer.number);
      }
      default:
        return answer.kind === 'marker' ? null : `marker: ${answer.kind}`;
    }
  }

  #badCount(key: string, value: number): string | null {
    if (this.#options.values === 'loose') return null;
    const { acknowledged, doubtful } = this.#counts.get(key) as never;
    if (value >= acknowledged && value <= acknowledged + doubtful) return null;
    return `${key} is ${value}: ${acknowledged} were acknowledged, ${doubtful} failed`;
  }

  #badValue(key: string, text: string | null): string | null {
    const state = this.#keys.get(key) as KeyState;
    const loose = this.#options.values === 'loose';
    if (text === null) {
      return loose || state.acknowledged === 0 ? null : `${key}: gone, was ${state.acknowledged}`;
    }
    const [named, number] = text.split('#', 2);
    if (named !== key) return `${key}: got the value of ${named}`;
    const sequence = Number(number);
    if (loose && sequence <= this.#sequence) return null;
    if (sequence === state.acknowledged || state.doubtful.has(sequence)) return null;
    return `${key}: got ${sequence}, acknowledged was ${state.acknowledged}`;
  }

  #complain(what: string): void {
    this.#totals.wrong++;
    if (this.#totals.complaints.length < 10) this.#totals.complaints.push(what);
  }

  async audit(read: (key: string) => Promise<string | null>): Promise<string[]> {
    const bad: (string | null)[] = [];
    for (const key of this.#keys.keys()) bad.push(this.#badValue(key, await read(key)));
    for (const [key, { acknowledged }] of this.#counts) {
      if (acknowledged === 0) continue;
      bad.push(this.#badCount(key, Number(await read(key))));
    }
    return bad.filter((each) => each !== null);
  }
}
