import { HUB_IDLE_BYTES, HUB_LINGER_MS } from '../../../../limits.ts';
import type { Topic } from './topic.ts';

/** Topics without users, that are kept for a while: many come back at once. */
export class IdleTopics {
  /** The longest without users first. */
  readonly #topics: Set<Topic> = new Set();
  #bytes = 0;

  add(topic: Topic, now: number): void {
    topic.until = now + HUB_LINGER_MS;
    this.#topics.add(topic);
    this.#bytes += topic.bytes;
  }

  delete(topic: Topic): void {
    topic.until = 0;
    if (this.#topics.delete(topic)) this.#bytes -= topic.bytes;
  }

  /** When the first is to be given up; 0 = there is none. */
  get due(): number {
    const [first] = this.#topics;
    return first?.until ?? 0;
  }

  /** Those whose time is over, and the oldest as long as all are too large; each is deleted. */
  *over(now: number): Iterable<Topic> {
    for (const topic of this.#topics) {
      if (topic.until > now && this.#bytes <= HUB_IDLE_BYTES) return;
      this.delete(topic);
      yield topic;
    }
  }

  clear(): void {
    this.#topics.clear();
    this.#bytes = 0;
  }
}
