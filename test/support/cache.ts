import assert from 'node:assert/strict';
import type { RespClient, Word } from './resp-client.ts';
import { Subscriber } from './subscriber.ts';

/** The keys that a push tells of, null = all. */
function keyOf(text: string): string[] | null {
  if (!text.includes('$10\r\ninvalidate\r\n')) return [];
  if (text.endsWith('invalidate\r\n_\r\n')) return null;
  return [...text.slice(text.indexOf('invalidate') + 10).matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(
    ([, key]) => key,
  );
}

/** A client with a cache: what a reply says is kept, what it is told of is not any more. */
export class Cache {
  readonly #client: Subscriber;
  readonly kept: Map<string, string> = new Map();
  /** Keys that were asked for, in order. */
  readonly #asked: string[] = [];

  private constructor(client: Subscriber) {
    this.#client = client;
  }

  static async open(port: number, ...options: Word[]): Promise<Cache> {
    const client = await Subscriber.open(port);
    await client.ask(['HELLO', '3']);
    assert.deepEqual(await client.ask(['CLIENT', 'TRACKING', 'ON', ...options]), ['+OK\r\n']);
    return new Cache(client);
  }

  read(key: string): void {
    this.#asked.push(key);
    this.#client.send(['GET', key]);
  }

  /** Takes what has come. @returns whether all replies are there */
  settle(): boolean {
    for (const frame of this.#client.frames.slice()) {
      if (frame.startsWith('>')) {
        const keys = keyOf(frame);
        if (keys === null) this.kept.clear();
        else for (const key of keys) this.kept.delete(key);
      } else {
        const key = this.#asked.shift() as string;
        if (frame.startsWith('-')) this.kept.delete(key);
        else this.kept.set(key, frame);
      }
    }
    void this.#client.take(this.#client.frames.length);
    return this.#asked.length === 0;
  }

  /** Whether nothing is kept that a server would not say. */
  async isTrue(truth: RespClient): Promise<boolean> {
    for (const [key, value] of this.kept) {
      const now = await truth.command('GET', key);
      const text = now === null ? '_\r\n' : `$${String(now).length}\r\n${now}\r\n`;
      if (text !== value) return false;
    }
    return true;
  }

  close(): void {
    this.#client.close();
  }
}
