import { randomBytes } from 'node:crypto';
import { ROUND_MS } from '../../../../limits.ts';
import { FLAG_LAST } from '../../../../protocol/frame-table.ts';
import type { BackendConnection } from '../../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../../backend/in-flight.ts';
import type { ClientConnection } from '../../../client/client-connection.ts';
import { millis } from '../../../engine/clock.ts';
import type { Pool } from '../../../pool/pool.ts';
import { addressOf } from '../../../pool/pool-changes.ts';
import { askUnnoticed } from '../../info/unnoticed.ts';
import type { Hub } from '../hub/hub.ts';
import type { HubServer } from '../hub/hub-server.ts';
import type { Leaving } from '../hub/topic.ts';
import type { Subscriptions } from '../subscriptions.ts';
import { MarkedCut } from './marked-cut.ts';
import type { Heir, RoundAnswer, RoundQuestion } from './questions.ts';

const ERROR_TYPE = 0x2d; // '-'

const SUBSCRIBING = 0;
const PUBLISHING = 1;
/** The clients may go. */
const CUT = 2;
const OVER = 3;

function subscriptionsOf({ subscriptions }: ClientConnection): Subscriptions {
  return subscriptions as Subscriptions;
}

function openServers(hub: Hub): Map<string, HubServer> {
  const open = [...hub.servers.members].filter(({ isOpen }) => isOpen);
  return new Map(open.map((server) => [addressOf(server.target), server]));
}

/**
 * Clients with subscriptions that go to another process together. That process hears what they
 * hear; then a message is published on each server. What comes before it they hear here, and what
 * comes behind it there: nothing is lost, and nothing comes twice.
 */
export class LeavingRound extends MarkedCut implements Leaving {
  readonly id: string;
  readonly #secret: string;
  readonly #pool: Pool;
  readonly #clients: readonly ClientConnection[];
  readonly #heir: Heir;
  readonly #asked: BackendConnection[] = [];
  readonly #until: number = millis() + ROUND_MS;
  #phase: number = SUBSCRIBING;
  #isExpected = false;
  /** Why it came to nothing; null = it did not. */
  failure: string | null = null;
  /** No further try is of use. */
  isHopeless = false;

  /** @param clients with subscriptions of the shared hub, one at least */
  constructor(hub: Hub, pool: Pool, clients: readonly ClientConnection[], heir: Heir) {
    const id = randomBytes(16).toString('hex');
    const secret = randomBytes(16).toString('hex');
    super(hub, id, secret, openServers(hub));
    this.id = id;
    this.#secret = secret;
    this.#pool = pool;
    this.#clients = clients;
    this.#heir = heir;
  }

  begin(): void {
    for (const client of this.#clients) subscriptionsOf(client).leaving = this;
    this.open();
    const settle = (answer: object | null): void => {
      try {
        this.#onAnswer(answer as RoundAnswer | null);
      } catch (error) {
        this.onException(error);
      }
    };
    this.#heir.ask(this.#question).then(settle, () => settle(null));
    this.onProgress();
  }

  get #question(): RoundQuestion {
    const topics = new Set(this.#clients.flatMap((client) => subscriptionsOf(client).all));
    return {
      pool: this.#pool.config.name,
      round: this.id,
      secret: this.#secret,
      servers: [...this.markers.keys()].map(({ target }) => addressOf(target)),
      home: this.hub.places.home,
      topics: [...topics].map(({ kind, name }) => [kind, name.toString('base64')]),
    };
  }

  #onAnswer(answer: RoundAnswer | null): void {
    if (this.#phase !== SUBSCRIBING) return;
    const refusal = answer === null ? 'the other process does not answer' : answer.refusal;
    if (refusal === undefined) {
      this.isHopeless = true;
      this.#fail('the other program does not take them over');
    } else if (refusal !== null) {
      this.#fail(refusal);
    } else {
      this.#isExpected = true;
      this.onProgress();
    }
  }

  onProgress(): void {
    if (this.#phase !== SUBSCRIBING) return;
    if (this.isRefused) this.#fail('a server refuses the channel of ringway');
    else if (this.#isExpected && this.isSubscribed) this.#publish();
  }

  #publish(): void {
    this.#phase = PUBLISHING;
    const { servers, lanes } = this.#pool;
    const owners = new Map(servers.map((owner, i) => [this.hub.serverAt(i), owner] as const));
    for (const [server, { request }] of this.markers) {
      const owner = owners.get(server);
      if (owner === undefined) {
        this.#fail('a server has left');
        return;
      }
      this.#asked.push(askUnnoticed(owner, lanes.first, request, this.#target));
    }
    if (this.isComplete) this.onComplete();
  }

  get #target(): ReplyTarget {
    return {
      claim: null,
      distrusts: false,
      awaitsMore: () => false,
      onReply: (_start, _length, info) => {
        const isError = (info & 0xff) === ERROR_TYPE;
        if (isError && (info & FLAG_LAST) !== 0) this.#fail('a server refuses to publish');
      },
      onFailure: () => this.#fail('a server cannot be told'),
    };
  }

  protected onComplete(): void {
    if (this.#phase !== PUBLISHING) return;
    this.#phase = CUT;
    this.#stopAsking();
    for (const client of this.#clients) {
      const subscriptions = subscriptionsOf(client);
      subscriptions.heardElsewhere = true;
      client.goOn();
    }
  }

  /** They may be in the middle of their replies. */
  #stopAsking(): void {
    const { guard } = this.#pool.engine;
    for (const connection of this.#asked.splice(0)) {
      setImmediate(guard.bind(connection, () => connection.abandon()));
    }
  }

  onLost(server: HubServer): void {
    if (this.passed.has(server) || this.#phase > PUBLISHING) return;
    this.#fail('a server is lost');
  }

  isOver(server: object): boolean {
    return this.passed.has(server);
  }

  wants(): boolean {
    return false;
  }

  keep(): void {}

  onException(error: unknown): void {
    this.#pool.engine.guard.note('subscribers that go to another process', error);
    this.#fail('internal error');
  }

  #fail(why: string): void {
    if (this.#phase >= CUT) return;
    const missed = [...this.markers.keys()].some((server) => this.passed.has(server));
    this.failure = why;
    this.#stopAsking();
    for (const client of this.#clients) {
      const subscriptions = subscriptionsOf(client);
      subscriptions.leaving = null;
      subscriptions.failedRounds++;
      // What came behind a mark was not heard here.
      if (missed && !client.closed) client.drain();
    }
    this.#end();
  }

  #end(): void {
    this.#phase = OVER;
    this.close();
    const done = (): void => {};
    this.#heir.ask({ pool: this.#pool.config.name, over: this.id }).then(done, done);
  }

  /** Looks whether it has come to its end. @returns false when it has */
  goesOn(): boolean {
    if (this.#phase < CUT && millis() >= this.#until) this.#fail('it takes too long');
    if (this.#phase === CUT && this.#clients.every(({ closed }) => closed)) this.#end();
    return this.#phase !== OVER;
  }

  /** Its clients may go: others may follow. */
  get isCut(): boolean {
    return this.#phase >= CUT;
  }
}
