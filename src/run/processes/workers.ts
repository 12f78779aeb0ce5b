import type { ConfigText } from '../../config/index.ts';
import { WORKER_ANSWER_MS, WORKER_END_MS, WORKER_WAIT_MS } from '../../limits.ts';
import { LOG_ERROR, LOG_NOTICE, LOG_WARN } from '../../log.ts';
import { byWeight, type ClientView } from '../../proxy/client/client-list.ts';
import type { TakenTraces } from '../../proxy/engine/request-traces.ts';
import type { ServerOrder } from '../../proxy/pool/connections/order.ts';
import { unpackSnapshot } from '../../stats/merge.ts';
import type { Snapshot } from '../../stats/snapshot.ts';
import { type AnyStep, stepsTo } from '../../topology/known.ts';
import type { Heir, MovingClient, NameAddresses, PreparedChange, Serving } from '../serving.ts';
import { heirAt, onClient, onExpected, sendClient, worstOf } from './client-message.ts';
import { CrashPace } from './crash-pace.ts';
import { EndedCounts } from './ended-counts.ts';
import { answersOf } from './peer.ts';
import { messageOf } from './text-message.ts';
import { UnplacedClients } from './unplaced-clients.ts';
import type { OrdersMessage, SiblingsAnswer, WorkerStart } from './worker.ts';
import { Worker } from './worker-process.ts';
import type { WorkersOptions } from './workers-options.ts';

/** Requests of a worker's clients wait for a server, or it redirects them. */
interface TroubleMessage {
  readonly pool: string;
  readonly server: string;
  readonly isHint: boolean;
}

const NOT_LEFT = 'did not leave well';

/**
 * Worker processes that share the clients: the first process accepts connections and gives them to
 * the workers in turn, adds up what they count, and replaces one that ends.
 */
export class Workers implements Serving {
  readonly #options: WorkersOptions;
  /** Base64; what session tickets are made with, so that each worker takes those of the others. */
  #ticketSecret = '';
  /** What an operator wants of single servers. */
  #orders: readonly ServerOrder[];
  #config: ConfigText;
  /** By place; null while a worker is missing. */
  readonly #workers: (Worker | null)[];
  /** Workers that hand their clients over. */
  readonly #leaving: Set<Worker> = new Set();
  readonly #ended: EndedCounts = new EndedCounts();
  #next = 0;
  numbered: number;
  #stopping = false;
  readonly #crashes: CrashPace = new CrashPace();
  readonly #unplaced: UnplacedClients;
  /** Where clients of leaving workers go, when it is another program. */
  #heir: Heir | null = null;

  /** @throws RingwayError when one worker cannot start */
  static async start(config: ConfigText, options: WorkersOptions): Promise<Workers> {
    const workers = new Workers(config, options);
    const places = Array.from({ length: options.workers }, (_, i) => i);
    const begun = await Promise.allSettled(
      places.map(async (i) => workers.#place(await workers.#spawn(i + 1))),
    );
    const failed = begun.find(({ status }) => status === 'rejected');
    if (failed === undefined) return workers;
    await workers.stop(0);
    throw (failed as PromiseRejectedResult).reason;
  }

  private constructor(config: ConfigText, options: WorkersOptions) {
    this.#config = config;
    this.#options = options;
    this.#orders = options.orders;
    this.numbered = options.numbered;
    this.#unplaced = new UnplacedClients(options.log);
    this.#workers = new Array(options.workers).fill(null);
  }

  get codec(): string {
    return this.#live[0]?.codec ?? '';
  }

  get reader(): string {
    return this.#live[0]?.reader ?? '';
  }

  get #live(): Worker[] {
    return this.#workers.filter((worker) => worker !== null);
  }

  /** Process ids of the workers that serve. */
  get pids(): number[] {
    return this.#live.map(({ child }) => child.pid as number);
  }

  async #spawn(number: number): Promise<Worker> {
    const { log, onTrouble, known, addresses, ...start } = this.#options;
    const worker = new Worker(number, log, (ended, how) => this.#onExit(ended, how));
    onClient(worker.peer, (client) => this.#onMoved(worker, client));
    onExpected(worker.peer, (question) => this.#onExpected(worker, question));
    worker.peer.on('trouble', ({ pool, server, isHint }: TroubleMessage) => {
      onTrouble(pool, server, isHint);
    });
    worker.peer.on('siblings', ({ question }: { question: object }) => {
      return this.#askSiblings(worker, question);
    });
    const message: WorkerStart = {
      ...start,
      ...messageOf(this.#config),
      level: log.level,
      numbered: this.numbered++,
      known: known(),
      orders: this.#orders,
    };
    try {
      worker.config = this.#config;
      await worker.start(message);
      this.#tellTickets(worker);
    } catch (error) {
      worker.leaving = true;
      worker.child.kill('SIGKILL');
      throw error;
    }
    return worker;
  }

  /**
   * What all workers but one say to its question; who ends meanwhile has no clients any more, and
   * who stands still says nothing.
   */
  async #askSiblings(asks: Worker, question: object): Promise<SiblingsAnswer> {
    const others = [...this.#live, ...this.#leaving].filter((worker) => worker !== asks);
    return { answers: await answersOf(others.map((worker) => worker.answer(question))) };
  }

  /** Clients of a worker that leaves go to the one in its place. */
  #onMoved(from: Worker, client: MovingClient): void {
    const heir = this.#workers[from.number - 1];
    if (this.#heir !== null) this.#heir.give(client);
    else if (heir !== null && heir !== from) sendClient(heir.peer, client);
    else this.adopt(client);
  }

  /** Such clients need something there. */
  #onExpected(from: Worker, question: object): Promise<object> {
    const heir = this.#workers[from.number - 1];
    if (this.#heir !== null) return this.#heir.ask(question);
    return heir !== null && heir !== from ? heirAt(heir.peer).ask(question) : this.expect(question);
  }

  /** Nobody knows which of them a client will come to. */
  async expect(question: object): Promise<object> {
    const workers = this.#live.filter(({ leaving }) => !leaving);
    return worstOf(await Promise.all(workers.map(({ peer }) => heirAt(peer).ask(question))));
  }

  /** @returns whose place it takes */
  #place(worker: Worker): Worker | null {
    const { number, child } = worker;
    const before = this.#workers[number - 1];
    this.#workers[number - 1] = worker;
    this.#options.log.write(LOG_NOTICE, `worker ${number} serves, pid ${child.pid}`);
    // What has moved while it started.
    for (const step of stepsTo(this.#options.known())) worker.peer.tell('steer', { step });
    worker.peer.tell('addresses', { addresses: this.#options.addresses() });
    worker.peer.tell('orders', { orders: this.#orders, enabled: null });
    worker.peer.tell('level', { level: this.#options.log.level });
    if (worker.config !== this.#config) void this.#bringUpToDate(worker);
    this.#unplaced.giveAll((client) => this.adopt(client));
    return before;
  }

  /** It has started, and nobody needs it any more: it has no clients. */
  #dismiss(worker: Worker): void {
    worker.leaving = true;
    worker.peer.tell('exit', {});
  }

  #onExit(worker: Worker, how: string): void {
    this.#ended.add(worker);
    this.#leaving.delete(worker);
    if (this.#workers[worker.number - 1] !== worker) return;
    this.#workers[worker.number - 1] = null;
    if (worker.leaving || this.#stopping) return;
    const wait = this.#crashes.next();
    const when = wait === 0 ? 'now' : `in ${wait} ms`;
    const { log } = this.#options;
    log.write(LOG_ERROR, `worker ${worker.number} ended with ${how}; replaced ${when}`);
    setTimeout(() => void this.#replace(worker.number), wait).unref();
  }

  async #replace(number: number): Promise<void> {
    const isWanted = (): boolean => !this.#stopping && this.#workers[number - 1] === null;
    if (!isWanted()) return;
    try {
      const fresh = await this.#spawn(number);
      // A restart may have been quicker.
      if (isWanted()) this.#place(fresh);
      else this.#dismiss(fresh);
    } catch (error) {
      if (this.#stopping) return;
      const { log } = this.#options;
      const wait = Math.max(WORKER_WAIT_MS, this.#crashes.next());
      log.write(LOG_ERROR, `worker ${number} cannot start: ${(error as Error).message}`);
      setTimeout(() => void this.#replace(number), wait).unref();
    }
  }

  adopt(client: MovingClient): void {
    const { length } = this.#workers;
    for (let i = 0; i < length; i++) {
      const worker = this.#workers[this.#next];
      this.#next = (this.#next + 1) % length;
      if (worker === null) continue;
      sendClient(worker.peer, client);
      return;
    }
    if (this.#stopping) client.release();
    else this.#unplaced.add(client);
  }

  async snapshot(): Promise<Snapshot> {
    const asked = await Promise.all(
      [...this.#live, ...this.#leaving].map(async (worker) => {
        const snapshot = await worker.snapshot();
        // One that has ended meanwhile is counted among those already.
        return worker.last === null ? null : snapshot;
      }),
    );
    const known = asked.filter((snapshot) => snapshot !== null);
    return this.#ended.with(known);
  }

  async takeTraces(): Promise<TakenTraces> {
    const taken = await answersOf(
      [...this.#live, ...this.#leaving].map(({ peer }) =>
        peer.ask<TakenTraces>('traces', {}, WORKER_END_MS),
      ),
    );
    return {
      traces: taken.flatMap(({ traces }) => traces),
      lost: taken.reduce((sum, { lost }) => sum + lost, 0),
    };
  }

  #tellAll(kind: string, message: object): void {
    for (const { peer } of [...this.#live, ...this.#leaving]) peer.tell(kind, { ...message });
  }

  steer(step: AnyStep): void {
    this.#tellAll('steer', { step });
  }

  setAddresses(addresses: NameAddresses): void {
    this.#tellAll('addresses', { addresses });
  }

  setOrders(orders: readonly ServerOrder[], enabled: ServerOrder | null): void {
    this.#orders = orders;
    const message: OrdersMessage = { orders, enabled };
    this.#tellAll('orders', message);
  }

  async clients(pool: string, count: number): Promise<readonly ClientView[]> {
    const all = await answersOf(
      [...this.#live, ...this.#leaving].map(async ({ number, peer }) => {
        const question = { pool, count };
        const { clients } = await peer.ask<{ clients: ClientView[] }>(
          'clients',
          question,
          WORKER_ANSWER_MS,
        );
        return clients.map((client) => ({ ...client, worker: number }));
      }),
    );
    return all.flat().sort(byWeight).slice(0, count);
  }

  setTicketSecret(secret: Buffer): void {
    this.#ticketSecret = secret.toString('base64');
    for (const worker of this.#live) this.#tellTickets(worker);
  }

  #tellTickets({ peer }: Worker): void {
    if (this.#ticketSecret !== '') peer.tell('tickets', { secret: this.#ticketSecret });
  }

  setLevel(level: number): void {
    for (const { peer } of this.#live) peer.tell('level', { level });
  }

  async prepare(next: ConfigText): Promise<PreparedChange> {
    const workers = this.#live;
    const answers = await Promise.allSettled(workers.map((worker) => worker.prepare(next)));
    const changes = answers.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const abort = (): void => {
      for (const change of changes) change.abort();
    };
    const failed = answers.find(({ status }) => status === 'rejected');
    if (failed !== undefined) {
      abort();
      throw (failed as PromiseRejectedResult).reason;
    }
    return {
      commit: async (drainMs) => {
        // A worker that starts from now on begins with this one.
        this.#config = next;
        await Promise.all([
          ...workers.map((worker, i) => this.#orEnd(worker, changes[i].commit(drainMs))),
          // They were placed while the others prepared.
          ...this.#live
            .filter((each) => !workers.includes(each))
            .map((each) => this.#bringUpToDate(each)),
        ]);
      },
      abort,
    };
  }

  /** The configuration has changed since the worker was given its own. */
  #bringUpToDate(worker: Worker): Promise<void> {
    return this.#orEnd(worker, worker.follow(this.#config));
  }

  /** Without what all others go by it ends; the one in its place begins with that. */
  async #orEnd(worker: Worker, change: Promise<void>): Promise<void> {
    try {
      await change;
    } catch (error) {
      const what = worker.peer.isGone
        ? 'was gone before it had taken the configuration over'
        : 'has not taken the configuration over and is ended';
      this.#end(worker, what, error as Error);
    }
  }

  /** Replaces the workers one by one; their clients go to the new ones. */
  async restart(limitMs: number): Promise<void> {
    for (let number = 1; number <= this.#workers.length; number++) {
      const fresh = await this.#spawn(number);
      if (this.#stopping) {
        this.#dismiss(fresh);
        return;
      }
      // Whoever is there now: one that crashed meanwhile may have been replaced.
      const old = this.#place(fresh);
      if (old !== null) await this.#retire(old, limitMs);
    }
  }

  async #retire(worker: Worker, limitMs: number): Promise<void> {
    worker.leaving = true;
    this.#leaving.add(worker);
    try {
      const answerMs = limitMs + WORKER_END_MS;
      const last = await worker.peer.ask<object>('leave', { limitMs }, answerMs);
      this.#leaving.delete(worker);
      worker.last = unpackSnapshot(last);
      this.#ended.add(worker);
      worker.peer.tell('exit', {});
    } catch (error) {
      this.#end(worker, NOT_LEFT, error as Error);
    }
  }

  /** @param what it has not done as it was asked to */
  #end({ number, child }: Worker, what: string, { message }: Error): void {
    this.#options.log.write(LOG_WARN, `worker ${number} ${what}: ${message}`);
    child.kill('SIGKILL');
  }

  async handOver(heir: Heir, limitMs: number): Promise<void> {
    this.#stopping = true;
    this.#heir = heir;
    this.#unplaced.giveAll((client) => heir.give(client));
    await Promise.all(this.#live.map((worker) => this.#retire(worker, limitMs)));
  }

  async stop(drainMs = 0): Promise<void> {
    this.#stopping = true;
    this.#unplaced.giveAll((client) => client.release());
    const workers = [...this.#live, ...this.#leaving];
    await Promise.allSettled(
      workers.map(async (worker) => {
        worker.leaving = true;
        try {
          await worker.peer.ask('stop', { drainMs }, drainMs + WORKER_END_MS);
          worker.peer.tell('exit', {});
        } catch (error) {
          this.#end(worker, NOT_LEFT, error as Error);
        }
      }),
    );
    for (const { child } of workers) if (child.connected) child.disconnect();
  }
}
