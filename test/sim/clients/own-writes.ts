import type { Op } from '../cases/case.ts';
import { countIn, type Written } from './check-reply.ts';
import type { Place, SentWrite } from './history.ts';
import type { Reply } from './reply-stream.ts';
import { channelName, keysOf } from './requests.ts';
import type { ClientSetting } from './setting.ts';
import { labelOf } from './values.ts';

/** A key that is watched, and the write that it held. */
interface Looked {
  readonly key: number;
  readonly id: number | null;
}

/** What is larger is not kept whole in what a proxy reads at once. */
export const LARGE_BYTES = 65_536;

/** What one connection of a client has written, and what it knows of that. */
export class OwnWrites {
  readonly #setting: ClientSetting;
  readonly #connection: number;
  #order = 0;
  /** Of what is being sent: writes, and where in its bytes each begins and ends. */
  #partly: { readonly write: SentWrite; readonly start: number; readonly end: number }[] = [];
  #length = 0;
  #sent = 0;
  /** By database and key: its last write that was acknowledged. */
  readonly #last: Map<string, number> = new Map();
  /** Since it asked last which replicas have it. */
  written: Written[] = [];
  /** What it has read behind WATCH. */
  #looked: Looked | null = null;
  #watching = false;

  constructor(setting: ClientSetting, connection: number) {
    this.#setting = setting;
    this.#connection = connection;
  }

  /** A request is about to be sent. */
  asks(op: Op, request: Buffer): void {
    const asked = op.op === 'queued' ? op.of : op;
    const start = this.#length;
    this.#length += request.length;
    if ('id' in asked) this.#partly.push({ write: this.#note(asked), start, end: this.#length });
    this.#order++;
  }

  #note(asked: Op & { readonly id: number }): SentWrite {
    const { history, proxy, world } = this.#setting;
    const write: SentWrite = {
      connection: this.#connection,
      order: this.#order,
      proxy,
      sentAt: world.micros,
      wholeAt: Number.POSITIVE_INFINITY,
    };
    history.sent(asked.id, write);
    this.#setting.sent(asked.id);
    const looked = this.#looked;
    if (asked.op === 'swap' && looked?.key === asked.key) history.expect(asked.id, looked.id);
    return write;
  }

  /** So many bytes of what it asks are sent. */
  sent(bytes: number): void {
    const { micros } = this.#setting.world;
    this.#sent += bytes;
    for (const { write, end } of this.#partly) if (end <= this.#sent) write.wholeAt = micros;
    this.#partly = this.#partly.filter(({ end }) => end > this.#sent);
  }

  /** A part of a large write is sent. */
  get began(): boolean {
    const [first] = this.#partly;
    return first !== undefined && first.start < this.#sent && first.end - first.start > LARGE_BYTES;
  }

  /** A request is answered, by no error. */
  answered(op: Op, db: number, sentAt: number, reply: Reply): void {
    const of = op.op === 'exec' && reply.kind === 'array' ? op.of : [op];
    for (const each of of) {
      if (!('id' in each)) continue;
      this.#setting.acknowledged(each.id, sentAt);
      for (const key of keysOf(each)) {
        this.#last.set(`${db} ${key}`, each.id);
        this.written.push({ db, key, id: each.id });
      }
    }
    if (op.op === 'confirm') this.written = [];
    this.#noteCount(op, sentAt, reply);
  }

  /** Where its last write of a key stands. */
  placeOf(db: number, key: string): Place | null {
    const id = this.#last.get(`${db} ${key}`);
    return id === undefined ? null : this.#setting.history.placeOf(id, key);
  }

  /** Between WATCH and EXEC it knows what it has read. */
  watch(op: Op, reply: Reply): void {
    if (op.op === 'watch') this.#watching = reply.kind === 'status';
    else if (op.op === 'exec') this.#looked = null;
    else if (op.op === 'look' && this.#watching) {
      const id = reply.kind === 'bulk' ? (labelOf(reply.bytes)?.id ?? null) : null;
      this.#looked = reply.kind === 'error' ? null : { key: op.key, id };
      this.#watching = false;
    }
  }

  /** How many are told to hear something: whether that is so is known later. */
  #noteCount(op: Op, from: number, reply: Reply): void {
    const { census, proxy, world } = this.#setting;
    const told = { proxy, from, to: world.micros };
    if (op.op === 'publish' && reply.kind === 'integer') {
      const channel = channelName(op.isShard, op.channel);
      census.published({ ...told, count: reply.value }, channel);
    } else if (op.op === 'count') {
      const name = channelName(op.kind === 'shard', op.channel);
      const count = countIn(op.kind, name, reply);
      const topic = op.kind === 'pattern' ? null : name;
      if (count !== null) census.counted({ ...told, count }, op.kind, topic);
    }
  }
}
