import { WAIT_POLL_MAX_MS, WAIT_POLL_MS, WAIT_UNREAD_MS } from '../../../limits.ts';
import { arrayReply, encodeText, integerReply } from '../../../protocol/redis/replies/encode.ts';
import { isIntegerWord } from '../../../protocol/redis/replies/integers.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { integerOf, listOf } from '../../../protocol/redis/replies/reply-parts.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
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

/** What is waited for, in numbers of which each server tells its own. */
interface Wanted {
  /** How a server is asked what it has got by now: it answers at once. */
  readonly bytes: Buffer;
  readonly numbers: readonly number[];
  /** What a complete reply says; null when it is none. */
  read(body: Buffer): readonly bigint[] | null;
  reply(least: readonly number[]): Buffer;
}

const WAIT_BYTES = encodeText('WAIT', '0', '0');
const WAITAOF_BYTES = encodeText('WAITAOF', '0', '0', '0');
/** Asked first when a server's own file is waited for: one that keeps none would never say so. */
const PERSISTENCE = encodeText('INFO', 'persistence');
const KEEPS_NO_FILE = 'aof_enabled:0';

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
  const wanted: Wanted = {
    bytes: WAIT_BYTES,
    numbers: [Number(replicas)],
    read: (body) => listFrom(integerOf(body)),
    reply: ([least]) => integerReply(least),
  };
  return waitFor(request, wanted, timeout, false);
}

function listFrom(number: bigint | null): readonly bigint[] | null {
  return number === null ? null : [number];
}

/**
 * WAITAOF: as WAIT, for what is in the file of each server, and in those of how many replicas. It
 * counts as much as that server has got which has got least.
 */
export function waitAof(request: SpecialRequest, words: Words): boolean {
  const { client } = request;
  const [local, replicas, timeout] = words.texts(1);
  if (!isIntegerWord(local, DIGITS)) return answer(client, replies.NOT_AN_INTEGER);
  if (local !== '0' && local !== '1') return answer(client, replies.NOT_0_OR_1);
  if (!isIntegerWord(replicas, DIGITS)) return answer(client, replies.NOT_AN_INTEGER);
  if (Number(replicas) < 0) return answer(client, replies.NOT_POSITIVE);
  const wanted: Wanted = {
    bytes: WAITAOF_BYTES,
    numbers: [Number(local), Number(replicas)],
    read: pairOf,
    reply: (least) => arrayReply(least.map(integerReply)),
  };
  return waitFor(request, wanted, timeout, local === '1');
}

function pairOf(body: Buffer): readonly bigint[] | null {
  const numbers = listOf(body, integerOf);
  return numbers?.length === 2 ? numbers : null;
}

/** @param needsFiles servers are asked first whether they keep a file of what is written */
function waitFor(
  request: SpecialRequest,
  wanted: Wanted,
  timeout: string,
  needsFiles: boolean,
): boolean {
  const { client } = request;
  if (!isIntegerWord(timeout, DIGITS)) return answer(client, replies.NOT_A_TIMEOUT);
  if (Number(timeout) < 0) return answer(client, replies.NEGATIVE_TIMEOUT);
  const until = Number(timeout) === 0 ? Infinity : exactMillis() + Number(timeout);
  const asked = new Rounds(request, client.pool.liveServers, wanted, until).begin(needsFiles);
  if (!asked) return false;
  client.session.leased = false;
  client.barrier();
  return true;
}

/** One WAIT: its servers are asked in rounds. */
class Rounds {
  readonly #question: Question;
  readonly #client: ClientConnection;
  readonly #wanted: Wanted;
  /** On the clock; Infinity = without end. */
  readonly #until: number;
  readonly #madeOn: LaneKey;
  /**
   * To be asked puts a connection behind all that its server has written so far: what this client
   * wrote over another one counts from the second time on.
   */
  #isFirst: boolean;
  #pause = WAIT_POLL_MS;

  constructor(request: SpecialRequest, servers: readonly Server[], wanted: Wanted, until: number) {
    const { client } = request;
    this.#question = { request, servers, bytes: wanted.bytes, lane: client.lane };
    this.#client = client;
    this.#wanted = wanted;
    this.#until = until;
    this.#madeOn = laneKey(laneOf(client));
    this.#isFirst = client.session.leased;
  }

  /** @returns false when the request has to wait */
  begin(needsFiles: boolean): boolean {
    if (!needsFiles) {
      return askServers(this.#question, (answers, claim) => this.#take(answers, claim));
    }
    const question = { ...this.#question, bytes: PERSISTENCE };
    return askServers(question, (answers, claim) => this.#onFiles(answers, claim));
  }

  #onFiles(answers: readonly Answer[], claim: Claim): void {
    const failed = answers.find(({ error }) => error !== null)?.error;
    if (failed) claim.deliver(failed);
    else if (answers.some(({ body }) => body.includes(KEEPS_NO_FILE))) {
      claim.deliver(replies.KEEPS_NO_FILE);
    } else {
      const refusal = this.#again(claim);
      if (refusal !== null) claim.deliver(refusal);
    }
  }

  #take(answers: readonly Answer[], claim: Claim): void {
    const least = leastOf(answers, this.#wanted);
    if (Buffer.isBuffer(least)) {
      claim.deliver(least);
      return;
    }
    const first = this.#isFirst;
    this.#isFirst = false;
    if (first && this.#again(claim) === null) return;
    const left = this.#until - exactMillis();
    const { numbers } = this.#wanted;
    const done = numbers.every((number, i) => least[i] >= number);
    if (done || left <= 0 || mayHaveLeft(this.#client)) {
      claim.deliver(this.#wanted.reply(least));
      return;
    }
    const { guard } = this.#client.pool.engine;
    const goOn = guard.bind(this.#client, () => this.#goOn(least, claim));
    setTimeout(goOn, Math.min(this.#pause, left));
    this.#pause = Math.min(this.#pause * 2, WAIT_POLL_MAX_MS);
  }

  /** Asks once more. @returns null, or why that cannot be done now */
  #again(claim: Claim): Buffer | null {
    const lane = this.#client.pool.lanes.again(this.#madeOn);
    if (lane < 0) return replies.TOO_MANY_LANES;
    const question = { ...this.#question, lane };
    return askAgain(question, claim, (answers) => this.#take(answers, claim));
  }

  /** @param least as the round before found */
  #goOn(least: readonly number[], claim: Claim): void {
    const client = this.#client;
    if (client.closed) {
      claim.forget();
      return;
    }
    // All that had come was read, and there was no end.
    if (!client.unread) client.session.unseen = false;
    if (mayHaveLeft(client) || this.#again(claim) !== null) {
      claim.deliver(this.#wanted.reply(least));
    }
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

/** The smallest numbers, or an error. */
function leastOf(answers: readonly Answer[], { numbers, read }: Wanted): number[] | Buffer {
  const least = numbers.map(() => MOST_REPLICAS);
  for (const { body, error } of answers) {
    if (error !== null) return error;
    const counts = read(body);
    if (counts === null || counts.some((count) => count < 0n || count > MOST_REPLICAS)) {
      return INVALID;
    }
    counts.forEach((count, i) => {
      if (count < least[i]) least[i] = count;
    });
  }
  return least.map(Number);
}
