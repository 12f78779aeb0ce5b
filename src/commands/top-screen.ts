import { askAdmin } from '../admin/admin-client.ts';
import { adminLine } from '../admin/admin-line.ts';
import type { PoolStatus, Status } from '../stats/http/status.ts';
import type { StatusClient } from './status-client.ts';
import {
  chosenPool,
  chosenServer,
  Rates,
  renderTop,
  SORTS,
  sortedPools,
  sortedServers,
  TOP_START,
  type ViewState,
} from './top-view.ts';

const ENTER_SCREEN = '\x1b[?1049h\x1b[?25l';
const LEAVE_SCREEN = '\x1b[?25h\x1b[?1049l';
/** What a key does to the chosen server, in the words of `ringway ctl server`. */
const ORDERS: ReadonlyMap<string, string> = new Map([
  ['E', 'eject'],
  ['D', 'drain'],
  ['U', 'enable'],
]);

/** An order that is given when somebody says y. */
interface Question {
  readonly pool: string;
  readonly server: string;
  readonly order: string;
}

/** The terminal while `top` has it. */
export class TopScreen {
  readonly #ask: StatusClient;
  readonly #intervalMs: number;
  readonly #adminSocket: string | null;
  readonly #rates: Rates = new Rates();
  #state: ViewState = TOP_START;
  #status: Status | null = null;
  #trouble = '';
  #question: Question | null = null;
  #done: () => void = () => {};

  /** @param adminSocket where orders go; null = none can be given */
  constructor(ask: StatusClient, intervalMs: number, adminSocket: string | null, zoomed: boolean) {
    this.#ask = ask;
    this.#intervalMs = intervalMs;
    this.#adminSocket = adminSocket;
    this.#state = { ...TOP_START, zoomed };
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

  get #pool(): PoolStatus | null {
    if (this.#status === null) return null;
    const pools = sortedPools(this.#status, this.#state.sort, this.#rates);
    return pools[chosenPool(pools, this.#state.selected)] ?? null;
  }

  /** Goes up or down: through the servers of a pool that is shown alone, else through the pools. */
  #move(by: number): void {
    const pool = this.#pool;
    if (this.#status === null || pool === null) return;
    const near = <T extends { name: string }>(items: readonly T[], at: number): string =>
      items[Math.max(0, Math.min(items.length - 1, at + by))]?.name ?? '';
    if (this.#state.zoomed) {
      const servers = sortedServers(pool, this.#state.sort, this.#rates);
      const at = chosenServer(servers, this.#state.server);
      this.#state = { ...this.#state, server: near(servers, at) };
    } else {
      const pools = sortedPools(this.#status, this.#state.sort, this.#rates);
      const at = chosenPool(pools, this.#state.selected);
      this.#state = { ...this.#state, selected: near(pools, at), server: '' };
    }
  }

  #onKey(key: string): void {
    if (this.#question !== null) this.#answer(key);
    else if (key === 'q' || key === '\x03') this.#done();
    else if (this.#state.help) this.#state = { ...this.#state, help: false };
    else if (ORDERS.has(key)) this.#propose(ORDERS.get(key) as string);
    else this.#view(key);
    this.#draw();
  }

  #view(key: string): void {
    const state = { ...this.#state, notice: '' };
    this.#state = state;
    const sort = SORTS.find((candidate) => candidate.key === key);
    if (sort !== undefined) this.#state = { ...state, sort: sort.label };
    else if (key === '\x1b[A' || key === 'k') this.#move(-1);
    else if (key === '\x1b[B' || key === 'j') this.#move(1);
    else if (key === '\r' || key === '\x1b[C') this.#state = { ...state, zoomed: true };
    else if (key === '\x1b' || key === '\x1b[D') this.#state = { ...state, zoomed: false };
    else if (key === 'p') this.#state = { ...state, paused: !state.paused };
    else if (key === '?' || key === 'h') this.#state = { ...state, help: true };
  }

  #propose(order: string): void {
    const pool = this.#pool;
    if (pool === null) return;
    const servers = sortedServers(pool, this.#state.sort, this.#rates);
    const server = servers[chosenServer(servers, this.#state.server)]?.name ?? '';
    let notice = `${order} server ${server} of pool ${pool.name}? y yes, any other key no`;
    if (!this.#state.zoomed) notice = 'Enter shows a pool alone: then a server can be chosen';
    else if (this.#adminSocket === null) notice = 'orders need --admin-socket=PATH';
    else this.#question = { pool: pool.name, server, order };
    this.#state = { ...this.#state, notice };
  }

  #answer(key: string): void {
    const question = this.#question as Question;
    this.#question = null;
    this.#state = { ...this.#state, notice: '' };
    if (key === 'y') void this.#give(question);
  }

  async #give({ pool, server, order }: Question): Promise<void> {
    let notice = `${order} ${server}: done`;
    try {
      const line = adminLine(['server', pool, server, order]);
      await askAdmin(this.#adminSocket as string, line);
    } catch (error) {
      notice = `${order} ${server}: ${(error as Error).message}`;
    }
    this.#state = { ...this.#state, notice };
    await this.#look();
  }
}
