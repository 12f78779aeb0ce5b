/** How bad something is that was found. */
export type Level = 'ok' | 'warning' | 'error';

/** One thing that was looked at. */
export interface Finding {
  readonly level: Level;
  /** The pool, and the server of it if it is about one. */
  readonly pool: string;
  readonly server: string | null;
  readonly text: string;
}

/** What is found about one server or pool. */
export class Findings {
  readonly #pool: string;
  readonly #server: string | null;
  readonly all: Finding[] = [];

  constructor(pool: string, server: string | null) {
    this.#pool = pool;
    this.#server = server;
  }

  ok(text: string): void {
    this.#add('ok', text);
  }

  warning(text: string): void {
    this.#add('warning', text);
  }

  error(text: string): void {
    this.#add('error', text);
  }

  #add(level: Level, text: string): void {
    this.all.push({ level, pool: this.#pool, server: this.#server, text });
  }
}
