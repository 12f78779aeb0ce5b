import type { RealServer } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { delay } from '../../support/wait.ts';
import { INNOCENT_PREFIX } from './words.ts';

// A flood of APPEND and LPUSH fills any real server: that is no fault of the proxy. What hostile
// clients stored is deleted before it comes to that. Resident bytes count, because Redis takes memory
// for a whole argument when only its length has come, and refuses everybody's writes if there is a
// `maxmemory`.

const EACH_MS = 200;
/** Per server. */
const ROOM_BYTES = 512 * 2 ** 20;
const DATABASES = 16;
const SCAN_COUNT = 1000;

export class Janitor {
  readonly #clients: RespClient[] = [];
  #over = false;
  #work: Promise<void> = Promise.resolve();

  /** @param password of `server`, or null */
  async add(server: RealServer, password: string | null): Promise<void> {
    const client = await RespClient.open({ port: server.port, timeoutMs: 20_000 });
    if (password !== null) await client.command('AUTH', password);
    this.#clients.push(client);
  }

  start(): void {
    this.#work = this.#run();
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#work;
    for (const client of this.#clients) client.close();
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      for (const client of this.#clients) {
        const info = String(await client.text('INFO', 'memory'));
        if (Number(/^used_memory_rss:(\d+)/m.exec(info)?.[1]) > ROOM_BYTES) await clear(client);
      }
      await delay(EACH_MS);
    }
  }
}

async function clear(client: RespClient): Promise<void> {
  for (let db = 0; db < DATABASES; db++) {
    await client.command('SELECT', db);
    let cursor = '0';
    do {
      const reply = (await client.command('SCAN', cursor, 'COUNT', SCAN_COUNT)) as [
        Buffer,
        Buffer[],
      ];
      cursor = reply[0].toString();
      const theirs = reply[1].filter((key) => !key.toString('latin1').startsWith(INNOCENT_PREFIX));
      if (theirs.length > 0) await client.command('UNLINK', ...theirs);
    } while (cursor !== '0');
  }
}
