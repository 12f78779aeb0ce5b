import { encodeText, nilArray } from '../../../protocol/redis/replies/encode.ts';
import { isIntegerWord } from '../../../protocol/redis/replies/integers.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { REQUESTS } from '../../../stats/counters.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { Transaction } from '../../client/session/transaction.ts';
import type { Server } from '../../pool/server.ts';
import { LeasedRequest } from '../../routing/leased-request.ts';
import { failureReply } from '../failure-reply.ts';
import { sendBlock } from './block.ts';
import { BlockProof } from './block-proof.ts';
import { ExecReply } from './exec-reply.ts';
import { LaneSwitch } from './lane-switch.ts';
import { serverOfTransaction } from './queueing.ts';
import { endWatch, type WatchedConnection, watchedOf } from './watched-connection.ts';

const STATUS = 0x2b; // '+'

function isDatabase(word: string): boolean {
  return isIntegerWord(word, 10);
}

/**
 * A transaction on a connection of its own: it is large and would hold others up, or it selects
 * databases. Behind it the same ones are selected again, to see which of them the server has, and
 * then the connection's own.
 */
export class LeasedBlock extends LeasedRequest {
  readonly #transaction: Transaction;
  #selects: SelectReplies | null = null;
  /** It selects what no server of today takes for a database: where one is then nobody can say. */
  readonly #strays: boolean;
  /** Keeps the client's next request from an old database. */
  #exec: ExecReply | null = null;
  #hold: Claim | null = null;

  constructor(client: ClientConnection, transaction: Transaction) {
    super(client);
    this.#transaction = transaction;
    this.#strays = !transaction.selected.every(isDatabase);
    this.claim.keep({ drop: () => transaction.fail() }, transaction.heldBytes);
  }

  protected place(): Server | Buffer {
    const server = serverOfTransaction(this.client, this.#transaction);
    if (server !== null) return server;
    return this.#transaction.failed ? replies.EXEC_ABORT : failureReply(this.client.pool.nowhere);
  }

  protected send(connection: BackendConnection): void {
    const { known, refusal, distrusts } = BlockProof.of(connection);
    // It goes on when that is answered.
    if (!known) return;
    if (refusal !== null) {
      this.claim.deliver(replies.execAborted(refusal));
      if (distrusts) this.close();
      else this.giveBack();
      return;
    }
    const selected = this.#transaction.selected.filter(isDatabase);
    if (selected.length > 0) this.#hold = this.client.claims.hold();
    sendBlock(connection, this.#transaction, this.passReply(connection));
    if (selected.length > 0) this.#selectAgain(connection, selected);
  }

  #selectAgain(connection: BackendConnection, selected: readonly string[]): void {
    const own = encodeText('SELECT', String(connection.lane.db));
    const bytes = Buffer.concat([...selected.map((each) => encodeText('SELECT', each)), own]);
    this.#selects = new SelectReplies(selected);
    connection.out.append(bytes);
    connection.sentUnmeasured(this.#selects, bytes.length);
    connection.owner.counters[REQUESTS] += selected.length;
  }

  protected answered(connection: BackendConnection): void {
    const reply = this.#exec;
    if (reply === null) {
      this.send(connection);
      return;
    }
    const selects = this.#selects;
    const isBack = !this.#strays && (selects === null || selects.isBack);
    if (this.isAsItWas && isBack) this.giveBack();
    else this.close();
    if (selects !== null && reply.carriedOut) this.#enter(selects.last);
    this.#hold?.forget();
    this.#hold = null;
  }

  protected override replyOver(connection: BackendConnection): ExecReply {
    this.#exec = new ExecReply(this.client, connection, this.claim);
    return this.#exec;
  }

  /** The connection is in no transaction, and in the lane that it was opened for. */
  protected get isAsItWas(): boolean {
    return this.reply?.distrusts === false;
  }

  /** The client is in another database now. */
  #enter(db: number | null): void {
    const { client } = this;
    if (db === null || client.closed) return;
    const { resp, tracking, login } = this.lane;
    const lane = client.pool.lanes.find(db, resp, tracking, login);
    if (lane === null) {
      client.destroy('too many databases are in use to follow it into another');
      return;
    }
    lane.verified = true;
    client.enterLane(lane);
  }

  override onWritable(): void {
    super.onWritable();
    if (this.runs) return;
    this.#hold?.forget();
    this.#hold = null;
  }

  override drop(): void {
    super.drop();
    this.#hold?.forget();
    this.#hold = null;
  }
}

/** A transaction over the connection that keys are watched on: EXEC ends that. */
export class WatchedBlock extends LeasedBlock {
  #watched: WatchedConnection | null = null;
  #switch: LaneSwitch | null = null;

  protected override get owned(): BackendConnection | null {
    return this.#watched?.connection ?? null;
  }

  protected override place(): Server | Buffer {
    const { client } = this;
    const watched = watchedOf(client);
    watched?.reroute();
    if (watched === null || !watched.atRest) {
      endWatch(client);
      return nilArray(this.lane.resp);
    }
    this.#watched = watched;
    return watched.server;
  }

  protected override send(connection: BackendConnection): void {
    const watched = this.#watched as WatchedConnection;
    const { place } = watched;
    const { db, resp } = this.lane;
    if (place.db !== db || place.resp !== resp) {
      this.#switch = new LaneSwitch(connection, place, this.lane);
      watched.place = { db, resp };
    } else if (this.#switch?.refusal) {
      this.claim.deliver(replies.execAborted(this.#switch.refusal));
      this.close();
    } else {
      super.send(connection);
    }
  }

  /** Keys whose slot has moved are as good as changed: clients try again then. */
  protected override replyOver(connection: BackendConnection): ExecReply {
    const exec = super.replyOver(connection);
    exec.again = () => {
      exec.instead = nilArray(this.lane.resp);
      return false;
    };
    return exec;
  }

  protected override get isAsItWas(): boolean {
    return super.isAsItWas && this.#watched?.strayed === false;
  }

  protected override giveBack(): void {
    // Without an EXEC the server still watches.
    if (this.reply === null) this.close();
    else super.giveBack();
  }

  protected override end(): void {
    super.end();
    endWatch(this.client);
  }
}

/** The replies to the SELECTs behind a block. */
class SelectReplies implements ReplyTarget {
  readonly claim = null;
  readonly distrusts = false;
  readonly #selected: readonly string[];
  #answered = 0;
  /** The last database that was selected. */
  last: number | null = null;
  /** The connection is in its own database again. */
  isBack = false;

  constructor(selected: readonly string[]) {
    this.#selected = selected;
  }

  onReply(_start: number, _length: number, info: number): void {
    const granted = (info & 0xff) === STATUS;
    if (this.#answered === this.#selected.length) this.isBack = granted;
    else if (granted) this.last = Number(this.#selected[this.#answered]);
  }

  awaitsMore(): boolean {
    return ++this.#answered <= this.#selected.length;
  }

  onFailure(): void {}
}
