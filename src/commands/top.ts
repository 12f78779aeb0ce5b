import type { Status } from '../stats/http/status.ts';
import { runCommand } from './arguments.ts';
import type { Command, Out } from './index.ts';
import { SOURCE_HELP, SOURCE_OPTIONS, type StatusClient, statusClient } from './status-client.ts';
import { chosenPool, Rates, renderTop, SORTS, sortedPools, type ViewState } from './top-view.ts';

const HELP = `Usage: ringway top [--once] [--interval=SECONDS]

Watches a running proxy: requests, errors, latencies, queues and ejected servers.

  --once             print one view and exit; so it does when the output is no terminal
  --interval=N       seconds between two looks (default: 1)
${SOURCE_HELP}
Keys: arrows or j k choose a pool, Enter shows it alone, Esc goes back; n r e l i sort by name,
requests, errors, latency, in flight; p pauses; q quits.
`;

const ENTER_SCREEN = '\x1b[?1049h\x1b[?25l';
const LEAVE_SCREEN = '\x1b[?25h\x1b[?1049l';
const DEFAULT_COLUMNS = 100;

/** `ringway top`: a live view in the terminal. */
export const top: Command = (argv, out, err) => {
  const options = ['once', 'interval=', ...SOURCE_OPTIONS];
  return runCommand(argv, { out, err, help: HELP, options }, async (given) => {
    const ask = statusClient(given);
    const live = !given.has('once') && process.stdout.isTTY && process.stdin.isTTY;
    if (!live) return once(ask, out);
    const seconds = Number(given.text('interval') ?? 1);
    await new Screen(ask, Math.max(0.1, seconds) * 1000).run();
    return 0;
  });
};

async function once(ask: StatusClient, out: Out): Promise<number> {
  const rates = new Rates();
  const status = await ask();
  rates.take(status);
  const state = { ...START, color: false };
  out.write(`${renderTop(status, state, DEFAULT_COLUMNS, 0, rates).slice(0, -1).join('\n')}\n`);
  return 0;
}

const START: ViewState = {
  sort: 'req/s',
  selected: '',
  zoomed: false,
  paused: false,
  color: true,
};

/** The terminal while `top` has it. */
class Screen {
  readonly #ask: StatusClient;
  readonly #intervalMs: number;
  readonly #rates: Rates = new Rates();
  #state: ViewState = START;
  #status: Status | null = null;
  #trouble = '';
  #done: () => void = () => {};

  constructor(ask: StatusClient, intervalMs: number) {
    this.#ask = ask;
    this.#intervalMs = intervalMs;
  }

  async run(): Promise<void> {
    const { stdin, stdout } = process;
    await this.#look();
    if (this.#status === null) throw new Error(this.#trouble);
    const onKey = (text: string): void => this.#onKey(text);
    const draw = (): void => this.#draw();
    stdin.setRawMode(true);
    stdin.setEncoding('utf8');
    stdin.on('data', onKey);
    stdout.on('resize', draw);
    stdout.write(ENTER_SCREEN);
    const timer = setInterval(() => void this.#look(), this.#intervalMs);
    try {
      await new Promise<void>((resolve) => {
        this.#done = resolve;
        process.once('SIGTERM', resolve);
        draw();
      });
    } finally {
      clearInterval(timer);
      stdin.off('data', onKey);
      stdin.setRawMode(false);
      stdin.pause();
      stdout.off('resize', draw);
      stdout.write(LEAVE_SCREEN);
    }
  }

  async #look(): Promise<void> {
    if (this.#state.paused) return;
    try {
      const status = await this.#ask();
      this.#rates.take(status);
      this.#status = status;
      this.#trouble = '';
    } catch (error) {
      this.#trouble = (error as Error).message;
    }
    this.#draw();
  }

  #draw(): void {
    if (this.#status === null) return;
    const { columns, rows } = process.stdout;
    const lines = renderTop(this.#status, this.#state, columns, rows, this.#rates);
    if (this.#trouble !== '') lines[0] = `\x1b[41m ${this.#trouble} \x1b[0m`;
    process.stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}`);
  }

  /** Name of the pool above or below the chosen one. */
  #neighbour(by: number): string {
    if (this.#status === null) return '';
    const pools = sortedPools(this.#status, this.#state.sort, this.#rates);
    const at = chosenPool(pools, this.#state.selected) + by;
    return pools[Math.max(0, Math.min(pools.length - 1, at))]?.name ?? '';
  }

  #onKey(key: string): void {
    const state = this.#state;
    const sort = SORTS.find((candidate) => candidate.key === key);
    if (key === 'q' || key === '\x03') this.#done();
    else if (sort !== undefined) this.#state = { ...state, sort: sort.label };
    else if (key === '\x1b[A' || key === 'k')
      this.#state = { ...state, selected: this.#neighbour(-1) };
    else if (key === '\x1b[B' || key === 'j')
      this.#state = { ...state, selected: this.#neighbour(1) };
    else if (key === '\r' || key === '\x1b[C') this.#state = { ...state, zoomed: true };
    else if (key === '\x1b' || key === '\x1b[D') this.#state = { ...state, zoomed: false };
    else if (key === 'p') this.#state = { ...state, paused: !state.paused };
    this.#draw();
  }
}
