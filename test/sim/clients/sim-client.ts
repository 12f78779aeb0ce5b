import type { Action, ClientPlan, ClientState, Op } from '../cases/case.ts';
import type { Endpoint, EndpointOwner } from '../net/connection.ts';
import type { Attempt } from '../net/network.ts';
import type { Loop } from '../world/loop.ts';
import { complaintAbout, isFailure, shown } from './check-reply.ts';
import type { Replies } from './dialect.ts';
import { Lateness, type Open } from './lateness.ts';
import { OwnWrites } from './own-writes.ts';
import type { Reply } from './reply-stream.ts';
import { textOf } from './requests.ts';
import type { ClientSetting } from './setting.ts';

/** A client whose connection is lost waits so long before it connects again. */
const AGAIN_MICROS = 5_000;

let connections = 0;

/** Connections are numbered within a world. */
export function resetConnections(): void {
  connections = 0;
}

/** A client that follows its plan and checks each reply. */
export class SimClient implements EndpointOwner {
  readonly index: number;
  readonly name: string;
  readonly loop: Loop;
  readonly complaints: string[] = [];
  readonly #setting: ClientSetting;
  readonly #lateness: Lateness;
  readonly #actions: readonly Action[];
  #next = 0;
  #endpoint: Endpoint | null = null;
  #open: Open[] = [];
  #replies: Replies;
  #db = 0;
  /** It has done something for which it may be closed. */
  #suspect = false;
  #ending = false;
  #deafUntil = 0;
  #waits = false;
  /** Bytes of a request of which the rest is still to be sent. */
  #unsent: Buffer[] = [];
  #writes: OwnWrites;
  done = false;
  answered = 0;
  failed = 0;
  lost = 0;

  constructor(index: number, plan: ClientPlan, setting: ClientSetting) {
    this.index = index;
    this.name = `client${index}`;
    this.#setting = setting;
    this.#lateness = new Lateness(setting);
    this.#replies = setting.dialect.replies();
    this.#writes = new OwnWrites(setting, 0);
    this.#actions = plan.actions;
    this.loop = setting.world.process(this.name);
    setting.network.place(this.loop, `10.0.2.${index + 1}`);
    this.done = plan.actions.length === 0;
    if (this.done) return;
    setting.world.at(plan.startMs * 1000, () => this.loop.io(() => this.#connect()));
  }

  get proxy(): number {
    return this.#setting.proxy;
  }

  get address(): string {
    return this.#setting.network.addressOf(this.loop);
  }

  get endpoint(): Endpoint | null {
    return this.#endpoint;
  }

  /** What it is at, for the pairs of faults and states. */
  get state(): ClientState {
    if (this.done) return 'done';
    if (this.#endpoint === null) return 'connecting';
    if (this.#deafUntil > this.#setting.world.micros) return 'deaf';
    if (this.#unsent.length > 0) return 'sending';
    if (this.#ending) return 'ending';
    if (this.#replies.partial) return 'receiving';
    return this.#open.length > 0 ? 'waiting' : 'idle';
  }

  /** What it waits for, in order. */
  get waiting(): readonly Op[] {
    return this.#open.map(({ op }) => op);
  }

  /** It has sent a part of a large request. */
  get began(): boolean {
    return this.#unsent.length > 0 && this.#writes.began;
  }

  /** What it waits for: answers, or the end of a pause. */
  get waitsFor(): string {
    const last = this.#actions[this.#next - 1];
    if (this.#open.length === 0 && last?.do === 'sleep') return `${last.ms} ms to go by`;
    return this.waiting.map(({ op }) => op).join();
  }

  #trace(of: number | Uint8Array, text: () => string): void {
    this.#setting.world.trace.add(this.name, of, text);
  }

  #complain(text: string): void {
    this.complaints.push(`${this.name} ${text}`);
    this.#trace(1, () => `COMPLAINT: ${text}`);
  }

  // --- connection ------------------------------------------------------------------------------

  #connect(): void {
    const { network, host, port } = this.#setting;
    const attempt: Attempt = {
      cancelled: false,
      onConnected: (endpoint) => this.#onConnected(endpoint),
      onFailed: (code) => {
        this.#trace(2, () => `does not get in: ${code}`);
        this.#again();
      },
    };

    network.connect(this.loop, host, port, attempt);
  }

  #onConnected(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
    endpoint.owner = this;
    this.#writes = new OwnWrites(this.#setting, ++connections);
    this.#replies = this.#setting.dialect.replies();
    this.#open = [];
    this.#unsent = [];
    this.#db = 0;
    this.#suspect = false;
    this.#ending = false;
    this.#trace(3, () => 'connects');
    endpoint.startReading();
    if (this.#setting.password !== null) this.#send(endpoint, [{ op: 'auth' }], 1);
    this.#goOn();
  }

  /** The connection is gone, whoever ended it. */
  #lose(): void {
    this.lost += this.#open.length;
    this.#endpoint = null;
    this.#open = [];
    this.#unsent = [];
    this.#waits = false;
    this.#again();
  }

  #again(): void {
    if (this.#next >= this.#actions.length) {
      this.#finish();
      return;
    }
    this.#setting.world.after(AGAIN_MICROS, () => this.loop.io(() => this.#connect()));
  }

  #finish(): void {
    this.done = true;
    this.#endpoint?.close();
    this.#endpoint = null;
    this.#trace(4, () => 'is done');
  }

  // --- the plan --------------------------------------------------------------------------------

  #goOn(): void {
    while (this.#endpoint !== null && !this.#ending && !this.#waits) {
      if (this.#next >= this.#actions.length) {
        if (this.#open.length === 0) this.#finish();
        return;
      }
      if (!this.#act(this.#endpoint, this.#actions[this.#next++])) return;
    }
  }

  /** @returns whether the next action follows at once */
  #act(endpoint: Endpoint, action: Action): boolean {
    const { world } = this.#setting;
    switch (action.do) {
      case 'send':
        return this.#send(endpoint, action.ops, action.pieces, action.pauseMs ?? 1);
      case 'wait':
        this.#waits = this.#open.length > 0;
        return true;
      case 'sleep':
        this.#pause(action.ms);
        return false;
      case 'deaf':
        this.#trace(5, () => `does not read for ${action.ms} ms`);
        this.#suspect = true;
        this.#deafUntil = world.micros + action.ms * 1000;
        endpoint.stopReading();
        this.#setting.disturbances.begin('');
        world.after(action.ms * 1000, () => {
          this.#setting.disturbances.end('');
          this.loop.io(() => endpoint.startReading());
        });
        return true;
      case 'leave':
        this.#trace(6, () => 'resets its connection');
        endpoint.abort();
        this.#lose();
        return false;
      case 'half':
        this.#trace(7, () => 'sends no more');
        this.#ending = true;
        endpoint.shutdown(() => {});
        return false;
      case 'break': {
        const whole = this.#setting.dialect.large(action.bytes);
        this.#trace(8, () => `sends a part of a request of ${whole.length} bytes and leaves`);
        this.#unsent = [whole];
        endpoint.write(whole.subarray(0, Math.ceil(whole.length / 2)), () => {});
        this.#pauseThen(2, () => {
          if (this.#endpoint !== endpoint) return;
          endpoint.abort();
          this.#lose();
        });
        return false;
      }
    }
  }

  #pause(ms: number): void {
    const endpoint = this.#endpoint;
    this.#pauseThen(ms, () => {
      if (this.#endpoint === endpoint) this.#goOn();
    });
  }

  #pauseThen(ms: number, then: () => void): void {
    this.#setting.world.after(ms * 1000, () => this.loop.io(then));
  }

  /** Sends requests in so many pieces, some time apart. */
  #send(endpoint: Endpoint, ops: readonly Op[], pieces: number, pauseMs = 1): boolean {
    const requests = ops.map((op) => this.#request(op, pieces <= 1));
    const bytes = Buffer.concat(requests);
    this.#trace(bytes, () => `asks ${ops.map(textOf).join(', ')}`);
    if (pieces <= 1) {
      this.#write(endpoint, bytes);
      return true;
    }
    const size = Math.ceil(bytes.length / pieces);
    for (let at = 0; at < bytes.length; at += size) {
      this.#unsent.push(bytes.subarray(at, at + size));
    }
    this.#sendPiece(endpoint, pauseMs);
    return false;
  }

  #sendPiece(endpoint: Endpoint, pauseMs: number): void {
    if (this.#endpoint !== endpoint) return;
    const piece = this.#unsent.shift();
    if (piece !== undefined) this.#write(endpoint, piece);
    if (this.#unsent.length > 0) this.#pauseThen(pauseMs, () => this.#sendPiece(endpoint, pauseMs));
    else this.#goOn();
  }

  #write(endpoint: Endpoint, bytes: Buffer): void {
    endpoint.write(bytes, () => {});
    this.#writes.sent(bytes.length);
  }

  /** @param atOnce its bytes go out together */
  #request(op: Op, atOnce: boolean): Buffer {
    const sentAt = this.#setting.world.micros;
    this.#open.push({ op, sentAt, alone: atOnce && this.#open.length === 0 });
    const { dialect, password } = this.#setting;
    const speaker = { db: this.#db, client: this.index, password: password ?? '' };
    const request = dialect.encode(op, speaker);
    this.#writes.asks(op, request);
    return request;
  }

  // --- replies ---------------------------------------------------------------------------------

  onData(bytes: Uint8Array): void {
    this.#replies.add(bytes);
    try {
      for (;;) {
        const reply = this.#replies.next(this.#open[0]?.op);
        if (reply === null) break;
        this.#take(reply);
      }
    } catch (error) {
      this.#complain((error as Error).message);
      this.#endpoint?.abort();
      this.#lose();
      return;
    }
    if (this.#open.length === 0) this.#waits = false;
    if (this.#unsent.length === 0) this.#continue();
  }

  /** Goes on where it waited for answers, or where nothing is left to do. */
  #continue(): void {
    if (this.#next >= this.#actions.length || this.#wasWaiting()) this.#goOn();
  }

  #wasWaiting(): boolean {
    return this.#actions[this.#next - 1]?.do === 'wait' && this.#open.length === 0;
  }

  #take(reply: Reply): void {
    const asked = this.#open.shift();
    const { world, history } = this.#setting;
    if (asked === undefined) {
      // The request that it has left half may have failed already.
      if (this.#unsent.length > 0 && reply.kind === 'error' && isFailure(reply.text)) return;
      this.#complain(`gets a reply that it has not asked for: ${JSON.stringify(reply)}`);
      return;
    }
    const { op, sentAt } = asked;
    const failed = reply.kind === 'error';
    this.#trace(
      markOf(reply),
      () => `gets ${failed ? `-${reply.text}` : shown(reply)} to ${textOf(op)}`,
    );
    const complaint = complaintAbout(
      history,
      {
        op,
        from: sentAt,
        to: world.micros,
        db: this.#db,
        written: this.#writes.written,
        behind: (key) => this.#writes.placeOf(this.#db, key),
        mayBeHalf: this.#setting.mayBeHalf(sentAt, op),
        mayFail: (text) => this.#setting.mayFail(sentAt, op, text),
        refusals: this.#setting.refusals,
      },
      reply,
    );
    if (complaint !== null) this.#complain(complaint);
    if (failed) this.failed++;
    else {
      this.answered++;
      this.#writes.answered(op, this.#db, sentAt, reply);
    }
    if (op.op === 'select' && !failed) this.#db = op.db;
    this.#writes.watch(op, reply);
    const others = this.#open.length;
    for (const late of this.#lateness.took(asked, others, this.#deafUntil)) this.#complain(late);
  }

  onEnd(): void {
    this.#endpoint?.close();
    this.#onLost('its connection is closed');
  }

  onError(code: string): void {
    this.#endpoint?.close();
    this.#onLost(`its connection fails: ${code}`);
  }

  #onLost(what: string): void {
    // As in Redis: who waits for an element and sends no more has left.
    const leaves = this.#open.some(({ op }) => op.op === 'await');
    const wanted = this.#ending && (this.#open.length === 0 || leaves);
    this.#trace(11, () => what);
    const from = this.#open[0]?.sentAt ?? this.#setting.world.micros;
    if (!wanted && !this.#suspect && !this.#setting.mayFail(from, null, null)) {
      this.#complain(`${what}, ${this.#open.length} requests unanswered, for no reason`);
    }
    this.#lose();
  }

  /** The network has harmed this connection. */
  harmed(): void {
    this.#suspect = true;
  }
}

/** What tells a reply from another one, for the hash of all that happens. */
function markOf(reply: Reply): number | Uint8Array {
  if (reply.kind === 'bulk') return reply.bytes;
  if (reply.kind === 'integer') return reply.value;
  return Buffer.from('text' in reply ? reply.text : shown(reply));
}
