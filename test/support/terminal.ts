import { spawn } from 'node:child_process';
import { CLI } from './command.ts';
import { waitFor } from './wait.ts';

/** A terminal with a command of ringway in it, by `script` of Debian's essential packages. */
export class Terminal {
  /** All that was printed since the start, or since clear(); an escape character is a ␛. */
  text = '';
  readonly gone: Promise<number | null>;
  readonly #child;

  constructor(
    args: readonly string[],
    { columns, rows }: { readonly columns: number; readonly rows: number },
    env: NodeJS.ProcessEnv = {},
  ) {
    const words = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ');
    const command = `stty cols ${columns} rows ${rows} -echo; exec ${words}`;
    this.#child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', ...env },
    });
    this.#child.stdout.setEncoding('utf8');
    this.#child.stdout.on('data', (text: string) => {
      this.text += text.replaceAll('\x1b', '␛');
    });
    this.gone = new Promise((resolve) => this.#child.once('close', resolve));
  }

  press(keys: string): void {
    this.#child.stdin.write(keys);
  }

  clear(): void {
    this.text = '';
  }

  /** Waits until something has been printed. */
  async sees(pattern: RegExp): Promise<void> {
    await waitFor(String(pattern), () => pattern.test(this.text)).catch((error: Error) => {
      throw new Error(`${error.message}; the terminal shows ${JSON.stringify(this.text)}`);
    });
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.gone;
  }
}
