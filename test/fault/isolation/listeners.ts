import { Subscriber } from '../../support/subscriber.ts';
import { delay } from '../../support/wait.ts';
import type { Ledger } from './works.ts';

const MESSAGE = /\$4\r\nnews\r\n\$\d+\r\n(\d+):(\d+)\r\n$/;

/** Who listens to what is published, connects again when it is closed, and judges what it hears. */
export class Listener {
  heard = 0;
  connections = 0;
  readonly #ledger: Ledger;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(port: number, ledger: Ledger) {
    this.#ledger = ledger;
    this.#done = this.#run(port);
  }

  async #run(port: number): Promise<void> {
    while (!this.#stopped) {
      try {
        const subscriber = await Subscriber.open(port);
        const [reply] = await subscriber.ask(['SUBSCRIBE', 'news']);
        if (reply.startsWith('*')) await this.#listen(subscriber);
        else await delay(50);
        subscriber.close();
      } catch {
        // It was closed, as is who may miss something of a server that died: it tries again.
        await delay(50);
      }
    }
  }

  async #listen(subscriber: Subscriber): Promise<void> {
    const last: Map<string, number> = new Map();
    this.connections++;
    while (!this.#stopped && !subscriber.closed) {
      await delay(20);
      for (const frame of await subscriber.take(subscriber.frames.length)) {
        this.#judge(frame, last);
      }
    }
  }

  /** Of each publisher the next one, while the connection lasts. */
  #judge(frame: string, last: Map<string, number>): void {
    const [, publisher, text] = MESSAGE.exec(frame) ?? [];
    this.#ledger.mind(publisher !== undefined, `a listener hears ${JSON.stringify(frame)}`);
    if (publisher === undefined) return;
    const [number, before] = [Number(text), last.get(publisher) ?? -1];
    this.#ledger.mind(number > before, `message ${publisher}:${text} comes behind ${before}`);
    last.set(publisher, number);
    this.heard++;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }
}
