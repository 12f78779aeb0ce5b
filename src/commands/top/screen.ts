import { askAdmin } from '../../admin/admin-client.ts';
import { adminLine } from '../../admin/admin-line.ts';
import type { PoolStatus, Status } from '../../stats/http/status.ts';
import { KeyReader } from './keys.ts';
import type { Looker, Wish } from './look.ts';
import { cut } from './paint.ts';
import {
  chosenPool,
  chosenServer,
  renderTop,
  SORTS,
  type Sort,
  sortedPools,
  TOP_START,
  type ViewState,
} from './view.ts';

const ENTER_SCREEN = '\x1b[?1049h\x1b[?25l';
const LEAVE_SCREEN = '\x1b[?25h\x1b[?1049l';
const UP: ReadonlySet<string> = new Set(['k', '\x1b[A', '\x1bOA']);
const DOWN: ReadonlySet<string> = new Set(['j', '\x1b[B', '\x1bOB']);
const RIGHT: ReadonlySet<string> = new Set(['\r', '\x1b[C', '\x1bOC']);
const LEFT: ReadonlySet<string> = new Set(['\x1b', '\x1b[D', '\x1bOD']);
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
  readonly #looker: Looker;
  readonly #intervalMs: number;
  readonly #adminSocket: string | null;
  #state: ViewState = TOP_START;
  #status: Status | null = null;
  #trouble = '';
  #question: Question | null = null;
  #looking = false;
  /** Something else is looked at than when the last question was asked. */
  #again = false;
  #done: () => void = () => {};
  /** The terminal is ours: before and behind that it is somebody else's. */
  #hasTerminal = false;

  /** @param adminSocket where orders go; null = none can be given */
  constructor(looker: Looker, intervalMs: number, adminSocket: string | null, zoomed: boolean) {
    this.#looker = looker;
    this.#intervalMs = intervalMs;
    this.#adminSocket = adminSocket;
    // It knows NO_COLOR, and what the terminal can.
    const colors = process.stdout.hasColors() ? 'all' : 'none';
    this.#state = { ...TOP_START, colors, zoomed };
  }

  async run(): Promise<void> {
    const { stdin, stdout } = process;
    await this.#look();
    if (this.#status === null) throw new Error(this.#trouble);
    const keys = new KeyReader((key) => this.#onKey(key));
    const onText = (text: string): void => keys.push(text);
    const draw = (): void => this.#draw();
    stdin.setRawMode(true);
    stdin.setEncoding('utf8');
    stdin.on('data', onText);
    stdout.on('resize', draw);
    stdout.write(ENTER_SCREEN);
    this.#hasTerminal = true;
    const timer = setInterval(() => this.#tick(), this.#intervalMs);
    try {
      await new Promise<void>((resolve) => {
        this.#done = resolve;
        process.once('SIGTERM', resolve);
        draw();
      });
    } finally {
      this.#hasTerminal = false;
      clearInterval(timer);
      stdin.off('data', onText);
      keys.stop();
      stdin.setRawMode(false);
      stdin.pause();
      stdout.off('resize', draw);
      stdout.write(LEAVE_SCREEN);
    }
  }

  /** The usual look; one that takes long is not asked for twice. */
  #tick(): void {
    if (!this.#state.paused && !this.#looking) void this.#look();
  }

  /** A look at something else, as soon as the one that is under way is over. */
  #lookAgain(): void {
    if (this.#looking) this.#again = true;
    else void this.#look();
  }

  async #look(): Promise<void> {
    this.#looking = true;
    do {
      this.#again = false;
      try {
        this.#status = await this.#looker.look(this.#wish());
        this.#trouble = '';
      } catch (error) {
        this.#trouble = (error as Error).message;
      }
    } while (this.#again && this.#trouble === '');
    this.#looking = false;
    this.#draw();
  }

  /** As many servers as there is room for. */
  #wish(): Wish {
    const { sort, selected, server } = this.#state;
    return { sort, pool: selected, servers: process.stdout.rows, server };
  }

  #draw(): void {
    if (this.#status === null || !this.#hasTerminal) return;
    const { columns, rows } = process.stdout;
    const lines = renderTop(this.#status, this.#state, columns, rows, this.#looker.cpu);
    if (this.#trouble !== '') lines[0] = `\x1b[41m${cut(` ${this.#trouble} `, columns)}\x1b[0m`;
    process.stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}`);
  }

  get #pool(): PoolStatus | null {
    if (this.#status === null) return null;
    const pools = sortedPools(this.#status, this.#state.sort);
    return pools[chosenPool(pools, this.#state.selected)] ?? null;
  }

  /** Goes up or down: through the servers of a pool that is shown alone, else through the pools. */
  #move(by: number): void {
    const pool = this.#pool;
    if (this.#status === null || pool === null) return;
    const near = <T extends { name: string }>(items: readonly T[], at: number): string =>
      items[Math.max(0, Math.min(items.length - 1, at + by))]?.name ?? '';
    if (this.#state.zoomed) {
      const at = chosenServer(pool.servers, this.#state.server);
      this.#state = { ...this.#state, server: near(pool.servers, at) };
      // There may be more behind those that are known.
      if (at + by <= 0 || at + by >= pool.servers.length - 1) this.#lookAgain();
    } else {
      const pools = sortedPools(this.#status, this.#state.sort);
      const at = chosenPool(pools, this.#state.selected);
      this.#state = { ...this.#state, selected: near(pools, at), server: '' };
      this.#lookAgain();
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
    if (sort !== undefined) this.#sortBy(sort.label);
    else if (UP.has(key)) this.#move(-1);
    else if (DOWN.has(key)) this.#move(1);
    else if (RIGHT.has(key)) this.#state = { ...state, zoomed: true };
    else if (LEFT.has(key)) this.#state = { ...state, zoomed: false };
    else if (key === 'p') this.#state = { ...state, paused: !state.paused };
    else if (key === '?' || key === 'h') this.#state = { ...state, help: true };
  }

  #sortBy(sort: Sort): void {
    this.#state = { ...this.#state, sort };
    this.#lookAgain();
  }

  #propose(order: string): void {
    const pool = this.#pool;
    if (pool === null) return;
    const server = pool.servers[chosenServer(pool.servers, this.#state.server)]?.name ?? '';
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
    this.#lookAgain();
  }
}
