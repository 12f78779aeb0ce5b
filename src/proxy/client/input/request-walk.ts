import {
  FLAG_SPECIAL,
  FRAME_TABLE,
  RECORD_BYTES,
  RECORD_DEST,
  RECORD_INFO,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
  WHOLE,
} from '../../../protocol/frame-table.ts';
import type { Engine } from '../../engine/engine.ts';
import { passes } from '../access/gate.ts';
import type { Rates } from '../access/rates.ts';
import { MAY_WAIT } from '../router.ts';
import { failedToForward, forward, sendsAsTheyStand } from './forward.ts';
import type { InputOwner } from './input-owner.ts';
import type { SentRun } from './sent-run.ts';

const FRAME_WORD = FRAME_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;
const PLAIN_MASK = WHOLE | FLAG_SPECIAL;

/** What is scanned for a walk, as that sees it. */
export interface WalkedInput {
  readonly run: SentRun;
  /** Nothing more is sent before everything is answered. */
  readonly barred: boolean;
  /** One more piece of a request that is taken away. */
  takePiece(start: number, length: number, info: number, server: number): void;
}

/** Sends the requests that a scan of a client's bytes has found. */
export class RequestWalk {
  readonly #engine: Engine;
  readonly #client: InputOwner;
  readonly #input: WalkedInput;
  /** The record at hand, the place of its reply, what was unsent before it. */
  #at = FRAME_WORD;
  #slot = 0;
  #unsent = 0;

  constructor(engine: Engine, client: InputOwner, input: WalkedInput) {
    this.#engine = engine;
    this.#client = client;
    this.#input = input;
  }

  /** Sends scanned requests. @returns how many; fewer than `count` when the next must wait */
  send(count: number): number {
    const engine = this.#engine;
    const client = this.#client;
    const { pipeline } = client;
    const first = pipeline.tail;
    const end = FRAME_WORD + count * RECORD_WORDS;
    this.#at = FRAME_WORD;
    this.#slot = first;
    this.#unsent = pipeline.out.unsentBytes;
    engine.beginWalk(count);
    try {
      this.#sendUntil(end);
    } catch (error) {
      // Its bytes go where they were reserved: that queue is whole, or is closed.
      this.#at += RECORD_WORDS;
      const inStep = pipeline.isBare(this.#slot) && pipeline.out.unsentBytes === this.#unsent;
      client.onException(error, inStep);
    } finally {
      const { words } = engine;
      // Records behind a stop are scanned again later: they must not be copied now.
      for (let at = this.#at; at < end; at += RECORD_WORDS) words[at + RECORD_DEST] = 0;
      engine.endWalk();
    }
    pipeline.addBurst(first);
    if (pipeline.outstanding > 0 || pipeline.out.unsentBytes > 0) engine.turn.markClient(client);
    return (this.#at - FRAME_WORD) / RECORD_WORDS;
  }

  /** Sends requests up to the record `end`, or to the one that must wait. */
  #sendUntil(end: number): void {
    const client = this.#client;
    const limiter = client.rates?.refuses ? client.rates : null;
    const asTheyStand = limiter === null && sendsAsTheyStand(client.pool.config);
    while (this.#at < end) {
      if (asTheyStand && client.plain && !this.#sendRow(end)) return;
      if (this.#at >= end || !this.#sendOne(limiter)) return;
      if (client.closing || this.#input.barred || client.closed) return;
    }
  }

  /** Requests in a row that go as they stand. @returns false when the next must wait */
  #sendRow(end: number): boolean {
    const { words } = this.#engine;
    const client = this.#client;
    const { router, claims, pipeline, id, lane } = client;
    for (let record = this.#at; record < end; ) {
      if ((words[record + RECORD_INFO] & PLAIN_MASK) !== WHOLE) return true;
      this.#slot = pipeline.tail;
      const connection = router.choose(client, words[record + RECORD_SERVER], lane, MAY_WAIT);
      if (connection === null) {
        if (!failedToForward(client, words, record)) return false;
        this.#unsent = pipeline.out.unsentBytes;
        this.#at = record + RECORD_WORDS;
        return true;
      }
      const start = words[record + RECORD_START];
      connection.sendRecord(record, start, words[record + RECORD_LENGTH], id, claims.begin());
      record += RECORD_WORDS;
      this.#at = record;
    }
    return true;
  }

  /** The request at hand, whichever it is. @returns false when it must wait */
  #sendOne(limiter: Rates | null): boolean {
    const { words, bytes } = this.#engine;
    const client = this.#client;
    const { pipeline } = client;
    const record = this.#at;
    this.#slot = pipeline.tail;
    const info = words[record + RECORD_INFO];
    if (limiter !== null) limiter.admit(info, words[record + RECORD_LENGTH]);
    let sent: boolean;
    if (
      (info & PLAIN_MASK) === WHOLE &&
      !limiter?.late &&
      (client.plain || passes(client, words, bytes, record))
    ) {
      sent = forward(this.#engine, client, this.#input.run, record);
    } else {
      this.#unsent = pipeline.out.unsentBytes;
      sent = this.#handle(record);
    }
    this.#unsent = pipeline.out.unsentBytes;
    if (sent) this.#at = record + RECORD_WORDS;
    else limiter?.giveBack();
    return sent;
  }

  /** A request that is not simply forwarded, or a piece of one. @returns false when it must wait */
  #handle(record: number): boolean {
    const { words } = this.#engine;
    const client = this.#client;
    const info = words[record + RECORD_INFO];
    const start = words[record + RECORD_START];
    const length = words[record + RECORD_LENGTH];
    words[record + RECORD_DEST] = 0;
    client.forwarded = false;
    if ((info & WHOLE) !== WHOLE) {
      this.#input.takePiece(start, length, info, words[record + RECORD_SERVER]);
    } else if (!client.protocol.handleSpecial(client, start, length, info, MAY_WAIT)) {
      return false;
    }
    if (!client.forwarded) this.#input.run.interrupted = true;
    return true;
  }
}
