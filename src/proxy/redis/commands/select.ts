import { FLAG_LAST, WHOLE } from '../../../protocol/frame-table.ts';
import { encodeText } from '../../../protocol/redis/replies/encode.ts';
import { isIntegerWord } from '../../../protocol/redis/replies/integers.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import {
  errorOf,
  isStatus,
  withoutAttributes,
} from '../../../protocol/redis/replies/reply-parts.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { exactMillis } from '../../engine/clock.ts';
import { type LaneKey, laneKey, laneOf } from '../../pool/lanes.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { INVALID } from '../failure-reply.ts';
import type { Words } from '../words.ts';

const INT32_MAX = 2147483647;
const PING = encodeText('PING');
const OUT_OF_RANGE = /^-ERR (DB index is out of range|invalid DB index)/i;

/** SELECT: the client's later requests take another lane, if the servers have the database. */
export function select(request: SpecialRequest, words: Words): boolean {
  const { client } = request;
  const wanted = words.text(1);
  if (!isIntegerWord(wanted, 10) || Math.abs(Number(wanted)) > INT32_MAX) {
    return answer(client, replies.NOT_AN_INTEGER);
  }
  if (Number(wanted) < 0) return answer(client, replies.DB_OUT_OF_RANGE);
  const db = Number(wanted);
  const { lanes, refusedDatabases } = client.pool;
  const { resp, tracking, login } = laneOf(client);
  // What is refused to one user may be granted to another.
  const isKnown = login !== null || lanes.isVerified(db, login);
  const refused = isKnown ? null : refusedDatabases.replyFor(db, exactMillis());
  if (refused !== null) return answer(client, refused);
  const lane = lanes.find(db, resp, tracking, login);
  if (lane === null) return answer(client, replies.TOO_MANY_LANES);
  if (lane.verified) {
    client.enterLane(lane);
    return answer(client, replies.OK);
  }
  return ask(request, laneKey(lane));
}

/** Sends a PING to every server in the ring, on connections of the lane: they need it granted. */
function ask({ client, intent }: SpecialRequest, lane: LaneKey): boolean {
  const { pool, router } = client;
  const { liveServers } = pool;
  const servers = liveServers.length > 0 ? liveServers : pool.servers;
  const chosen = router.chooseAll(client, servers, lane.index, intent);
  if (chosen === null) return false;
  const connections = chosen.filter((each) => each !== null);
  if (connections.length === 0) return client.failForward(router.reasons[0] ?? pool.nowhere);
  const question = new DatabaseQuestion(client, lane, connections.length);
  client.barrier();
  for (const connection of connections) {
    connection.out.append(PING);
    connection.sentFor(new Grant(question, connection), PING.length, null);
  }
  return true;
}

/**
 * Whether the servers have a database: the first that grants or refuses it decides, so that one
 * which says nothing holds up nobody whose keys are elsewhere. What another says later is found
 * out by the requests that go there.
 */
class DatabaseQuestion {
  readonly claim: Claim;
  readonly #client: ClientConnection;
  readonly #lane: LaneKey;
  #left: number;
  #decided = false;

  constructor(client: ClientConnection, lane: LaneKey, count: number) {
    this.#client = client;
    this.#lane = lane;
    this.#left = count;
    this.claim = client.claims.claim();
  }

  get decided(): boolean {
    return this.#decided;
  }

  grant(): void {
    const { lanes } = this.#client.pool;
    const index = lanes.again(this.#lane);
    if (index < 0) return void this.#decide(replies.TOO_MANY_LANES);
    const lane = lanes.at(index);
    lane.verified = true;
    if (this.#decided) return;
    if (!this.#client.closed) this.#client.enterLane(lane);
    this.#decide(replies.OK);
  }

  refuse(error: Buffer): void {
    const { refusedDatabases } = this.#client.pool;
    const { db, login } = this.#lane;
    const isBeyond = OUT_OF_RANGE.test(error.toString('latin1'));
    if (login === null && isBeyond) refusedDatabases.addFrom(db, error, exactMillis());
    else if (login === null) refusedDatabases.add(db, error, exactMillis());
    this.#decide(error);
  }

  /** A server cannot say. The last of them decides. */
  fail(error: Buffer): void {
    if (--this.#left === 0) this.#decide(error);
  }

  #decide(reply: Buffer): void {
    if (this.#decided) return;
    this.#decided = true;
    this.claim.deliver(reply);
  }
}

/** What one server says to it. */
class Grant implements ReplyTarget {
  readonly distrusts = false;
  readonly #question: DatabaseQuestion;
  readonly #connection: BackendConnection;

  constructor(question: DatabaseQuestion, connection: BackendConnection) {
    this.#question = question;
    this.#connection = connection;
  }

  /** Nobody waits for it any more once another server has decided. */
  get claim(): Claim | null {
    return this.#question.decided ? null : this.#question.claim;
  }

  onReply(start: number, length: number, info: number): void {
    if ((info & FLAG_LAST) === 0) return;
    const { memory } = this.#connection.owner.pool.engine;
    const whole = (info & WHOLE) === WHOLE;
    const body = whole
      ? withoutAttributes(Buffer.from(memory.subarray(start, start + length)))
      : INVALID;
    if (isStatus(body)) this.#question.grant();
    else this.#question.fail(errorOf(body) ?? INVALID);
  }

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    if (this.#connection.refused) this.#question.refuse(error);
    else this.#question.fail(error);
  }
}
