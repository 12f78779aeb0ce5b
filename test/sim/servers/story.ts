import { type Asker, askOf } from './askers.ts';

// What happens to three servers that may follow each other, real ones and simulated ones, and what
// each of them says of it.

export interface Trio {
  open(server: number): Asker;
  /** Host and port, as the others call it. */
  place(server: number): readonly [host: string, port: string];
  kill(server: number, keepsData: boolean): Promise<void>;
  restart(server: number): Promise<void>;
  /** It stands still, or goes on. */
  still(server: number, isStill: boolean): void;
  /** Time goes by. */
  pause(): Promise<void>;
}

export type Step =
  /** Both answer the same. `@1` stands for host and port of that server. */
  | { readonly do: 'ask'; readonly server: number; readonly words: string }
  /** Asks until this is the answer. */
  | { readonly do: 'await'; readonly server: number; readonly words: string; reply: string }
  /** Each comes to say this of itself; null: it is not asked. @see partOf */
  | { readonly do: 'until'; readonly parts: readonly (string | null)[] }
  /** Another client asks, and waits. */
  | { readonly do: 'begin'; readonly server: number; readonly words: string }
  /** What that one is answered, or that it is closed. */
  | { readonly do: 'end' }
  /** Of which history the data of each are, and of which that is the continuation. */
  | { readonly do: 'histories'; readonly of: readonly number[] }
  | { readonly do: 'kill'; readonly server: number; readonly keepsData: boolean }
  | { readonly do: 'restart' | 'still' | 'goOn'; readonly server: number };

/** Looks at a server before it is given up that it comes to say something. */
const LOOKS = 1_200;
const SERVERS = [0, 1, 2];

/** Carries a story out. @returns what was answered, in turn */
export async function transcriptOf(trio: Trio, story: readonly Step[]): Promise<string[]> {
  const telling = new Telling(trio);
  try {
    for (const step of story) await telling.take(step);
    return telling.transcript;
  } finally {
    telling.close();
  }
}

class Telling {
  readonly transcript: string[] = [];
  readonly #trio: Trio;
  readonly #askers: Map<number, Asker> = new Map();
  #other: Asker | null = null;
  /** In the order in which they were seen. */
  readonly #histories: string[] = [];

  constructor(trio: Trio) {
    this.#trio = trio;
  }

  async take(step: Step): Promise<void> {
    const trio = this.#trio;
    switch (step.do) {
      case 'ask': {
        const reply = await this.#ask(step.server, step.words);
        this.transcript.push(`${step.server}: ${step.words} -> ${reply}`);
        return;
      }
      case 'await':
        await this.#until(`${step.words} at ${step.server}`, step.reply, () => {
          return this.#ask(step.server, step.words);
        });
        return;
      case 'until':
        for (const [server, part] of step.parts.entries()) {
          if (part === null) continue;
          await this.#until(`server ${server}`, part, async () => {
            return partOf(await this.#ask(server, 'INFO replication'), (place) => {
              return SERVERS.findIndex((each) => trio.place(each).join(' ') === place);
            });
          });
        }
        return;
      case 'begin':
        this.#other?.close();
        this.#other = trio.open(step.server);
        this.#other.send(...this.#wordsOf(step.words));
        await trio.pause();
        return;
      case 'end':
        this.transcript.push(`the other: ${await this.#other?.next()}`);
        return;
      case 'restart':
        await trio.restart(step.server);
        return;
      case 'kill':
        await trio.kill(step.server, step.keepsData);
        return;
      case 'histories':
        for (const server of step.of) this.transcript.push(await this.#historyOf(server));
        return;
      default:
        trio.still(step.server, step.do === 'still');
    }
  }

  async #historyOf(server: number): Promise<string> {
    const info = await this.#ask(server, 'INFO replication');
    const [own, before] = ['master_replid', 'master_replid2'].map((name) => {
      const id = new RegExp(`${name}:([0-9a-f]{40})`).exec(info)?.[1] ?? '';
      if (/^0*$/.test(id)) return 'none';
      if (!this.#histories.includes(id)) this.#histories.push(id);
      return `history ${this.#histories.indexOf(id)}`;
    });
    return `${server}: ${own}, behind ${before}`;
  }

  #wordsOf(words: string): string[] {
    return words.split(' ').flatMap((word) => {
      const server = /^@(\d)$/.exec(word)?.[1];
      return server === undefined ? word : this.#trio.place(Number(server));
    });
  }

  async #ask(server: number, words: string): Promise<string> {
    let asker = this.#askers.get(server);
    if (asker === undefined || asker.closed) {
      asker = this.#trio.open(server);
      this.#askers.set(server, asker);
    }
    return askOf(asker, ...this.#wordsOf(words));
  }

  async #until(what: string, wanted: string, look: () => Promise<string>): Promise<void> {
    let seen = '';
    for (let i = 0; i < LOOKS; i++) {
      seen = await look();
      if (seen === wanted) return;
      await this.#trio.pause();
    }
    throw new Error(`${what}: ${seen} instead of ${wanted}`);
  }

  close(): void {
    for (const asker of this.#askers.values()) asker.close();
    this.#other?.close();
  }
}

/** What a server says of its part: 'master of 1 2', 'replica of 0, up', 'replica of 0, down'. */
export function partOf(info: string, numberOf: (place: string) => number): string {
  const fields = new Map(info.split('\r\n').map((line) => line.split(/:(.*)/) as [string, string]));
  if (fields.get('role') === 'master') {
    const places = [...fields.values()].flatMap((value) => {
      const [, ip, port] = /^ip=([^,]+),port=(\d+),state=online/.exec(value ?? '') ?? [];
      return ip === undefined ? [] : numberOf(`${ip} ${port}`);
    });
    return `master of ${places.sort().join(' ') || 'none'}`;
  }
  const master = numberOf(`${fields.get('master_host')} ${fields.get('master_port')}`);
  const isUp = fields.get('master_link_status') === 'up';
  const silent = Number(fields.get('master_last_io_seconds_ago'));
  const since = fields.get('master_link_down_since_seconds');
  const isConsistent = isUp ? silent >= 0 && since === undefined : Number(since) >= -1;
  return `replica of ${master}, ${isUp ? 'up' : 'down'}${isConsistent ? '' : ', oddly'}`;
}
