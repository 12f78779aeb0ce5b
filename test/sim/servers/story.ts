import { type Reply, ReplyStream } from '../clients/reply-stream.ts';
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
  /** Both answer the same. `@1` stands for host and port of that server, `#9` for nine bytes. */
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
  /** It comes to say that a replica is so many KiB behind. */
  | { readonly do: 'behind'; readonly server: number; readonly replica: number; kib: number }
  /** What each answers to ROLE, offsets by how many KiB they are from those of INFO. */
  | { readonly do: 'roles'; readonly of: readonly number[] }
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
            const info = await this.#ask(server, 'INFO replication');
            return partOf(info, (place) => this.#numberOf(place));
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
      case 'behind': {
        const { server, replica, kib } = step;
        const what = `how far ${replica} is behind ${server}`;
        await this.#until(what, String(kib), () => this.#kibBehind(server, replica));
        return;
      }
      case 'roles':
        for (const server of step.of) this.transcript.push(await this.#roleOf(server));
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

  /** By what a server says of one of its replicas. */
  async #kibBehind(server: number, replica: number): Promise<string> {
    const info = await this.#ask(server, 'INFO replication');
    const [host, port] = this.#trio.place(replica);
    const line = info.split('\r\n').find((each) => each.includes(`ip=${host},port=${port},`));
    const has = Number(/,offset=(\d+),lag=\d+$/.exec(line ?? '')?.[1]);
    return String(kib(offsetOf(info, 'master_repl_offset') - has));
  }

  async #roleOf(server: number): Promise<string> {
    const info = await this.#ask(server, 'INFO replication');
    const [kind, ...more] = itemsOf(await this.#ask(server, 'ROLE'));
    if (textOf(kind) === 'master') {
      const [offset, replicas] = more;
      const apart = kib(Number(textOf(offset)) - offsetOf(info, 'master_repl_offset'));
      const each = itemsOf(replicas).map((replica) => {
        const [host, port, has] = itemsOf(replica).map(textOf);
        const behind = kib(Number(textOf(offset)) - Number(has));
        return `${this.#numberOf(`${host} ${port}`)} (${behind})`;
      });
      return `${server}: master (${apart}) of ${each.sort().join(' ')}`;
    }
    const [host, port, state, offset] = more.map(textOf);
    const apart = kib(Number(offset) - offsetOf(info, 'slave_repl_offset'));
    return `${server}: ${textOf(kind)} (${apart}) of ${this.#numberOf(`${host} ${port}`)}, ${state}`;
  }

  #numberOf(place: string): number {
    return SERVERS.findIndex((each) => this.#trio.place(each).join(' ') === place);
  }

  #wordsOf(words: string): string[] {
    return words.split(' ').flatMap((word) => {
      const bytes = /^#(\d+)$/.exec(word)?.[1];
      if (bytes !== undefined) return 'x'.repeat(Number(bytes));
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

function kib(bytes: number): number {
  return Math.round(bytes / 1024);
}

function offsetOf(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)\r$`, 'm').exec(info)?.[1]);
}

function itemsOf(reply: Reply | string): readonly Reply[] {
  if (typeof reply !== 'string') return 'items' in reply ? reply.items : [];
  const stream = new ReplyStream();
  stream.add(Buffer.from(reply, 'latin1'));
  const parsed = stream.next();
  return parsed === null ? [] : itemsOf(parsed);
}

function textOf(reply: Reply): string {
  if (reply.kind === 'bulk') return reply.bytes.toString('latin1');
  return reply.kind === 'integer' ? String(reply.value) : reply.kind;
}

/**
 * What a server says of its part: 'master of 1 2', 'replica of 0, up', 'replica of 0, down', and who
 * follows a replica.
 */
export function partOf(info: string, numberOf: (place: string) => number): string {
  const fields = new Map(info.split('\r\n').map((line) => line.split(/:(.*)/) as [string, string]));
  const places = [...fields.values()].flatMap((value) => {
    const [, ip, port] = /^ip=([^,]+),port=(\d+),state=online/.exec(value ?? '') ?? [];
    return ip === undefined ? [] : numberOf(`${ip} ${port}`);
  });
  const followers = places.sort().join(' ');
  if (fields.get('role') === 'master') return `master of ${followers || 'none'}`;
  const master = numberOf(`${fields.get('master_host')} ${fields.get('master_port')}`);
  const isUp = fields.get('master_link_status') === 'up';
  const silent = Number(fields.get('master_last_io_seconds_ago'));
  const since = fields.get('master_link_down_since_seconds');
  const isConsistent = isUp ? silent >= 0 && since === undefined : Number(since) >= -1;
  const more = followers === '' ? '' : `, followed by ${followers}`;
  return `replica of ${master}, ${isUp ? 'up' : 'down'}${isConsistent ? '' : ', oddly'}${more}`;
}
