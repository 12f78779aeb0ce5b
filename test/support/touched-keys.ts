import { NAMES } from './request-templates.ts';
import { type Reply, ReplyError, RespClient, toText, type Word } from './resp-client.ts';

// Finds the keys of a request by executing it on a real server: every name that a request may hold
// is a key there, and afterwards it shows which ones were read or changed.

/**
 * Of the servers: every look at a key then adds one to its frequency. The limit, never reached, is
 * there because small integers are shared by all keys without one.
 */
export const COUNTS_EVERY_LOOK: readonly string[] = [
  ...['--maxmemory', '1gb'],
  ...['--maxmemory-policy', 'allkeys-lfu', '--lfu-log-factor', '0', '--lfu-decay-time', '0'],
];

/** The frequency of the keys; one that a command creates begins with another. */
const UNTOUCHED = 9;

/** What all names hold while a request is tried. */
export type Content = keyof typeof CONTENTS;

const CONTENTS = {
  string: [['SET', 'made', 'value of a string']],
  integer: [['SET', 'made', '5']],
  hash: [['HSET', 'made', ...NAMES.flatMap((name) => [name, '7'])]],
  list: [['RPUSH', 'made', '103', '101', '102', '101']],
  set: [['SADD', 'made', ...NAMES]],
  zset: [['GEOADD', 'made', ...NAMES.flatMap((name) => ['1.5', '2.5', name])]],
  stream: [
    ['XADD', 'made', '1-1', 'f', 'v'],
    ['XADD', 'made', '2-1', 'f', 'v'],
    ...NAMES.map((name) => ['XGROUP', 'CREATE', 'made', name, '0']),
  ],
  'bare-stream': [['XADD', 'made', '1-1', 'f', 'v']],
  hll: [['PFADD', 'made', 'a', 'b']],
} satisfies Record<string, string[][]>;

export interface Tried {
  readonly reply: Reply;
  readonly touched: ReadonlySet<string>;
}

/** Words are latin1, one character per byte. */
export function wordsOf(words: readonly string[]): Word[] {
  return words.map((word) => Buffer.from(word, 'latin1'));
}

/** What a name holds, as RESTORE takes it. */
export async function payloadOf(client: RespClient, content: Content): Promise<Buffer> {
  await client.command('FLUSHALL');
  for (const words of CONTENTS[content]) await client.text(...words);
  const payload = await client.command('DUMP', 'made');
  await client.command('FLUSHALL');
  return payload as Buffer;
}

export function restoring(name: string, payload: Buffer): Word[] {
  return ['RESTORE', name, 0, payload, 'REPLACE', 'FREQ', UNTOUCHED];
}

export class TouchedKeys {
  readonly client: RespClient;
  #payload: Buffer = Buffer.alloc(0);

  private constructor(client: RespClient) {
    this.client = client;
  }

  /** @param port of a server with the arguments COUNTS_EVERY_LOOK */
  static async open(port: number): Promise<TouchedKeys> {
    return new TouchedKeys(await RespClient.open(port));
  }

  close(): void {
    this.client.close();
  }

  get payload(): Buffer {
    return this.#payload;
  }

  async fill(content: Content): Promise<void> {
    this.#payload = await payloadOf(this.client, content);
    await this.#restore(NAMES);
  }

  /** Executes a request where all names are keys. */
  async run(words: readonly string[]): Promise<Tried> {
    const looks = NAMES.map((name) => ['OBJECT', 'FREQ', name]);
    const [reply, ...counts] = await this.client.pipeline([wordsOf(words), ...looks]);
    const touched = new Set(NAMES.filter((_, i) => counts[i] !== UNTOUCHED));
    await this.#restore([...touched]);
    return { reply, touched };
  }

  /**
   * Executes it once for each of its words, where that one alone is a key: which ones make a
   * difference? For commands that stop at the first key they find, or look without a trace.
   */
  async runAlone(words: readonly string[]): Promise<Tried> {
    const request = wordsOf(words);
    const [, without] = await this.client.pipeline([['FLUSHALL'], request]);
    const touched = new Set<string>();
    for (const name of new Set(words.slice(1).filter((word) => NAMES.includes(word)))) {
      const look = ['OBJECT', 'FREQ', name];
      const steps = [['FLUSHALL'], restoring(name, this.#payload), request, look];
      const [, , reply, count] = await this.client.pipeline(steps);
      if (count !== UNTOUCHED || textOf(reply) !== textOf(without)) touched.add(name);
    }
    await this.client.command('FLUSHALL');
    await this.#restore(NAMES);
    return { reply: without, touched };
  }

  async #restore(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const elsewhere = [['SELECT', 1], ['FLUSHDB'], ['SELECT', 0]]; // where MOVE took a key
    const requests = [...elsewhere, ...names.map((name) => restoring(name, this.#payload))];
    for (const reply of await this.client.pipeline(requests)) {
      if (reply instanceof ReplyError) throw reply;
    }
  }
}

/** A reply as text, errors with their words. */
export function textOf(reply: Reply): string {
  return JSON.stringify(toText(reply), (_, value) => {
    if (value instanceof ReplyError) return `error ${value.message}`;
    return typeof value === 'bigint' ? String(value) : value;
  });
}
