import { WAIT_POLL_MAX_MS, WAIT_POLL_MS, WAIT_UNREAD_MS } from '../../../limits.ts';
import { encodeText, integerReply } from '../../../protocol/redis/replies/encode.ts';
import { isIntegerWord } from '../../../protocol/redis/replies/integers.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { integerOf } from '../../../protocol/redis/replies/reply-parts.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { MUST_SEND } from '../../client/router.ts';
import { exactMillis } from '../../engine/clock.ts';
import { type LaneKey, laneKey, laneOf } from '../../pool/lanes.ts';
import type { Server } from '../../pool/server.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { INVALID } from '../failure-reply.ts';
import { type Answer, askAgain, askServers, type Question } from '../server-answers.ts';
import type { Words } from '../words.ts';

const DIGITS = 18;
/** More replicas than any server has. */
const MOST_REPLICAS = 1n << 31n;

/**
 * WAIT: the smallest count of replicas that have taken what this client wrote, over the servers
 * that are in the ring. Servers share their connections, so they are asked again and again instead
 * of letting them wait. As in Redis, what the client sends behind it waits, so that a client has
 * one WAIT at a time; one with so much behind it that it is not read any more ends after
 * WAIT_UNREAD_MS.
 */
export function wait(request: SpecialRequest, words: Words): boolean {
  const { client } = request;
  const [replicas, timeout] = words.texts(1);
  if (!isIntegerWord(replicas, DIGITS)) return answer(client, replies.NOT_AN_INTEGER);
  if (!isIntegerWord(timeout, DIGITS)) {
    return answer(client, replies.NOT_A_TIMEOUT);
  }
  if (Number(timeout) < 0) return answer(client, replies.NEGATIVE_TIMEOUT);
  const wanted = Number(replicas);
  const until = Number(timeout) === 0 ? Infinity : exactMillis() + Number(timeout);
  if (!new Rounds(request, client.pool.liveServers, wanted, until).begin()) return false;
  client.session.leased = false;
  client.barrier();
  return true;
}

/** One WAIT: its servers are asked in rounds. */
class Rounds {
  readonly #question: Question;
  readonly #client: ClientConnection;
  readonly #wanted: number;
  /** On the clock; Infinity = without end. */
  readonly #until: number;
  readonly #madeOn: LaneKey;
  /**
   * To be asked puts a connection behind all that its server has written so far: what this client
   * wrote over another one counts from the second time on.
   */
  #isFirst: boolean;
  #pause = WAIT_POLL_MS;

  constructor(request: SpecialRequest, servers: readonly Server[], wanted: number, until: number) {
    const { client } = request;
    const bytes = encodeText('WAIT', '0', '0');
    this.#question = { request, servers, bytes, lane: client.lane };
    this.#client = client;
    this.#wanted = wanted;
    this.#until = until;
    this.#madeOn = laneKey(laneOf(client));
    this.#isFirst = client.session.leased;
  }

  /** @returns false when the request has to wait */
  begin(): boolean {
    return askServers(this.#question, (answers, claim) => this.#take(answers, claim));
  }

  #take(answers: readonly Answer[], claim: Claim): void {
    const least = leastOf(answers);
    if (typeof least !== 'number') {
      claim.deliver(least);
      return;
    }
    const first = this.#isFirst;
    this.#isFirst = false;
    if (first && this.#again(claim)) return;
    const left = this.#until - exactMillis();
    if (least >= this.#wanted || left <= 0 || mayHaveLeft(this.#client)) {
      claim.deliver(integerReply(least));
      return;
    }
    const { guard } = this.#client.pool.engine;
    const goOn = guard.bind(this.#client, () => this.#goOn(least, claim));
    setTimeout(goOn, Math.min(this.#pause, left));
    this.#pause = Math.min(this.#pause * 2, WAIT_POLL_MAX_MS);
  }

  /** Asks once more. @returns false when that cannot be done now */
  #again(claim: Claim): boolean {
    const lane = this.#client.pool.lanes.again(this.#madeOn);
    if (lane < 0) return false;
    const request = { ...this.#question.request, intent: MUST_SEND };
    const question = { ...this.#question, request, lane };
    return askAgain(question, claim, (answers) => this.#take(answers, claim));
  }

  /** @param least as the round before found */
  #goOn(least: number, claim: Claim): void {
    const client = this.#client;
    if (client.closed) {
      claim.forget();
      return;
    }
    // All that had come was read, and there was no end.
    if (!client.unread) client.session.unseen = false;
    if (mayHaveLeft(client) || !this.#again(claim)) claim.deliver(integerReply(least));
  }
}

/**
 * Who has left, or may have while nothing is read, or is about to be closed, hears at once; so do
 * the WAITs behind that one, or each would hide the end for as long again.
 */
function mayHaveLeft(client: ClientConnection): boolean {
  if (client.leaves) return true;
  if (!client.unread) return false;
  const { session } = client;
  session.unseen ||= exactMillis() - client.lastRead >= WAIT_UNREAD_MS;
  return session.unseen;
}

/** The smallest number, or an error. */
function leastOf(answers: readonly Answer[]): number | Buffer {
  let least = MOST_REPLICAS;
  for (const { body, error } of answers) {
    if (error !== null) return error;
    const count = integerOf(body);
    if (count === null || count < 0n || count > MOST_REPLICAS) return INVALID;
    if (count < least) least = count;
  }
  return Number(least);
}
