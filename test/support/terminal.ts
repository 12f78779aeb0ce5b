import { spawn } from 'node:child_process';
import { CLI } from './command.ts';
import { endOf } from './ending.ts';
import { waitFor } from './wait.ts';

/** Of the environment of the tests. CI, NO_COLOR and the like would say what is shown. */
const KEPT = ['PATH', 'HOME', 'TMPDIR', 'NODE_OPTIONS'];

/** A terminal with a command of ringway in it, by `script` of Debian's essential packages. */
export class Terminal {
  /** All that was printed since the start, or since clear(); an escape character is a ␛. */
  text = '';
  /** Waits for the end of the command, see `endOf`. */
  readonly gone: () => Promise<number | null>;
  readonly #child;
  #isOver = false;

  constructor(
    args: readonly string[],
    { columns, rows }: { readonly columns: number; readonly rows: number },
    env: NodeJS.ProcessEnv = {},
  ) {
    const words = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ');
    const command = `stty cols ${columns} rows ${rows} -echo; exec ${words}`;
    const kept = Object.fromEntries(KEPT.map((name) => [name, process.env[name]]));
    this.#child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...kept, TERM: 'xterm', ...env },
    });
    this.#child.stdout.setEncoding('utf8');
    this.#child.stdout.on('data', (text: string) => {
      this.text += text.replaceAll('\x1b', '␛');
    });
    // Keys that are pressed behind its end go nowhere.
    this.#child.stdin.on('error', () => {});
    this.#child.once('close', () => {
      this.#isOver = true;
    });
    this.gone = endOf(this.#child);
  }

  press(keys: string): void {
    this.#child.stdin.write(keys);
  }

  clear(): void {
    this.text = '';
  }

  /** Waits until something has been printed; fails at once when the command has ended without. */
  async sees(pattern: RegExp): Promise<void> {
    const isSeen = (): boolean => pattern.test(this.text);
    await waitFor(String(pattern), () => isSeen() || this.#isOver).catch((error: Error) => {
      throw new Error(`${error.message}; the terminal shows ${JSON.stringify(this.text)}`);
    });
    if (!isSeen()) throw new Error(`no ${pattern} to the end of ${JSON.stringify(this.text)}`);
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.gone();
  }
}
