import type { Reply, Word } from '../../support/resp-client.ts';
import { RespClient } from '../../support/resp-client.ts';
import { encodeSequence } from '../../support/sequences.ts';
import { delay } from '../../support/wait.ts';

// What clients do that needs a connection of their own, or all of a block or nothing of it. Each
// client does one kind of work, over one connection after the other; most leave in the middle.

export const TAGS: readonly string[] = Array.from({ length: 8 }, (_, i) => `{t${i}}`);

export function random(below: number): number {
  return Math.floor(Math.random() * below);
}

/** An element that was pushed, or was not: its server has not said so. */
export interface Pushed {
  readonly id: string;
  readonly acknowledged: boolean;
}

/** What all clients have seen together. */
export class Ledger {
  /** Work that was carried out, by its kind. */
  readonly done: Map<string, number> = new Map();
  /** Error replies, by their first words. */
  readonly errors: Map<string, number> = new Map();
  /** Connections that ended while somebody waited for a reply. */
  ends = 0;
  readonly pushed: Pushed[] = [];
  readonly popped: string[] = [];
  /** Requests that pop, and were not answered, or with an error: an element may be gone with them. */
  unanswered = 0;
  readonly wrong: string[] = [];

  count(kind: string): void {
    this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
  }

  /** @returns whether none is an error */
  note(replies: readonly Reply[]): boolean {
    let good = true;
    for (const reply of replies) {
      if (!(reply instanceof Error)) continue;
      good = false;
      const text = reply.message.split(' ').slice(0, 4).join(' ');
      this.errors.set(text, (this.errors.get(text) ?? 0) + 1);
    }
    return good;
  }

  /** Something that must be so. */
  mind(isTrue: boolean, what: string): void {
    if (!isTrue) this.wrong.push(what);
  }
}

type Work = (client: RespClient, tag: string, ledger: Ledger) => Promise<void>;

async function transfer(client: RespClient, tag: string, ledger: Ledger): Promise<void> {
  const amount = 1 + random(9);
  const large: Word[][] = random(10) === 0 ? [['SET', `${tag}pad`, 'x'.repeat(300_000)]] : [];
  const selects: Word[][] = random(6) === 0 ? [['SELECT', 0]] : [];
  const block: Word[][] = [
    ['MULTI'],
    ['INCRBY', `${tag}from`, -amount],
    ...large,
    ...selects,
    ['INCRBY', `${tag}to`, amount],
    ['EXEC'],
  ];
  const replies = await client.pipeline([...block, ['ECHO', tag]]);
  ledger.mind(String(replies.at(-1)) === tag, `a transfer hears ${replies.at(-1)}`);
  if (ledger.note(replies)) ledger.count('transfers');
}

async function count(client: RespClient, tag: string, ledger: Ledger): Promise<void> {
  const seen = await client.pipeline([
    ['WATCH', `${tag}n`],
    ['GET', `${tag}n`],
  ]);
  if (!ledger.note(seen)) return void (await client.command('UNWATCH'));
  const next = Number(seen[1] ?? 0) + 1;
  const replies = await client.pipeline([
    ['MULTI'],
    ['SET', `${tag}n`, next],
    ['INCR', `${tag}counted`],
    ['EXEC'],
  ]);
  if (ledger.note(replies) && Array.isArray(replies[3])) ledger.count('counts under WATCH');
}

let lastElement = 0;

async function push(client: RespClient, tag: string, ledger: Ledger): Promise<void> {
  const id = `${tag}${++lastElement}`;
  const list = `${tag}${random(2) === 0 ? 'popped' : 'moved'}`;
  let acknowledged = false;
  try {
    const reply = await client.command('RPUSH', list, id);
    acknowledged = ledger.note([reply]);
  } finally {
    ledger.pushed.push({ id, acknowledged });
  }
  if (acknowledged) ledger.count('elements pushed');
  await delay(random(8));
}

async function pop(client: RespClient, tag: string, ledger: Ledger): Promise<void> {
  let reply: Reply | undefined;
  try {
    reply = await client.command('BLPOP', `${tag}none`, `${tag}popped`, random(3) === 0 ? 0.2 : 2);
  } finally {
    if (reply === undefined || reply instanceof Error) ledger.unanswered++;
  }
  if (!ledger.note([reply]) || !Array.isArray(reply)) return;
  ledger.mind(String(reply[0]) === `${tag}popped`, `a pop hears ${reply}`);
  ledger.popped.push(String(reply[1]));
  ledger.count('elements popped');
}

async function move(client: RespClient, tag: string, ledger: Ledger): Promise<void> {
  const words = ['BLMOVE', `${tag}moved`, `${tag}done`, 'LEFT', 'RIGHT', '1'];
  const reply = await client.command(...words);
  if (!ledger.note([reply]) || reply === null) return;
  ledger.mind(String(reply).startsWith(tag), `a move hears ${reply}`);
  ledger.count('elements moved');
}

let publishers = 0;
const numbers: WeakMap<RespClient, [publisher: number, next: number]> = new WeakMap();

async function publish(client: RespClient, tag: string, ledger: Ledger): Promise<void> {
  const [publisher, next] = numbers.get(client) ?? [++publishers, 0];
  numbers.set(client, [publisher, next + 1]);
  const reply = await client.command('PUBLISH', 'news', `${publisher}:${next}`);
  if (ledger.note([reply])) ledger.count('messages published');
  await delay(random(20));
  // Between two messages, so that the connection has other work.
  ledger.note(await client.pipeline([['GET', `${tag}n`]]));
}

const WORKS: readonly Work[] = [transfer, count, push, pop, move, publish];

/** Leaves after some bytes of all that binds a connection to a client. */
export async function vanish(client: RespClient, tag: string): Promise<void> {
  const bytes = encodeSequence([
    ['WATCH', `${tag}x`],
    ['MULTI'],
    ['INCRBY', `${tag}from`, 1],
    ['INCRBY', `${tag}to`, -1],
    ['SELECT', 1],
    ['SELECT', 0],
    ['EXEC'],
    ['BLPOP', `${tag}never`, 0],
  ]);
  client.socket.write(bytes.subarray(0, random(bytes.length + 1)));
  await delay(random(4));
  if (random(2) === 0) client.reset();
  else client.halfClose();
}

/** One client after the other, until `isOver`. @param number decides on the work */
export async function busy(
  port: number,
  number: number,
  ledger: Ledger,
  isOver: () => boolean,
): Promise<void> {
  const work = WORKS[number % WORKS.length];
  while (!isOver()) {
    let client: RespClient | null = null;
    try {
      client = await RespClient.open({ port, timeoutMs: 20_000 });
      for (let left = 3 + random(20); left > 0 && !isOver(); left--) {
        await work(client, TAGS[random(TAGS.length)], ledger);
      }
      await vanish(client, TAGS[random(TAGS.length)]);
    } catch (error) {
      ledger.ends++;
      const { message } = error as Error;
      if (/silent|timed out|in time/i.test(message)) ledger.wrong.push(`no answer: ${message}`);
      await delay(20);
    }
    client?.close();
  }
}
