import {
  INFO_ANSWER_BYTES,
  WAIT_POLL_MAX_MS,
  WAIT_POLL_MS,
  WAIT_UNREAD_MS,
} from '../../../limits.ts';
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
import { AckedOffsets } from '../info/acked-offsets.ts';
import { requestAcks } from '../leases/blocking/ack-request.ts';
import {
  type Answer,
  askAgain,
  askServers,
  mustBeAlone,
  type Question,
} from '../server-answers.ts';
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
  read(body: Buffer, server: Server): readonly bigint[] | null;
  reply(least: readonly number[]): Buffer;
  /** Asked instead of a server that does not say it so; null = there is no other way. */
  readonly otherwise: Wanted | null;
  /** Replicas of a server are asked as well, when it has not got all. */
  readonly asksReplicas: boolean;
}

const REPLICATION_BYTES = encodeText('INFO', 'replication');
const WAIT_BYTES = encodeText('WAIT', '0', '0');
const WAITAOF_BYTES = encodeText('WAITAOF', '0', '0', '0');
/** Asked first when a server's own file is waited for: one that keeps none would never say so. */
const PERSISTENCE = encodeText('INFO', 'persistence');
const KEEPS_NO_FILE = 'aof_enabled:0';
/** Such a server has given way, if masters are followed: who has taken its place is heard soon. */
const ON_REPLICA = /^-ERR WAIT(AOF)? cannot be used with replica instances/;

/**
 * WAIT: the smallest count of replicas that have taken what this client wrote, over the servers
 * that are in the ring. Servers share their connections, so they are asked again and again instead
 * of letting them wait, and their replicas once, as in Redis. What the client sends behind it
 * waits, so that a client has one WAIT at a time; one with so much behind it that it is not read
 * any more ends after WAIT_UNREAD_MS. When a server gave way to another one since the last WAIT,
 * or since the client came, nobody knows whether what it wrote is lost: the count is 0, once.
 */
export function wait(request: SpecialRequest, words: Words): boolean {
  const { client } = request;
  const [replicas, timeout] = words.texts(1);
  if (!isIntegerWord(replicas, DIGITS)) return answer(client, replies.NOT_AN_INTEGER);
  const counts = {
    numbers: [Number(replicas)],
    reply: ([least]: readonly number[]) => integerReply(least),
  };
  // A server whose login may not ask for INFO, or that has another one.
  const bare: Wanted = {
    ...counts,
    bytes: WAIT_BYTES,
    read: (body) => listFrom(integerOf(body)),
    otherwise: null,
    asksReplicas: false,
  };
  const offsets = new AckedOffsets(client.pool.config.followsMaster);
  const wanted: Wanted = {
    ...counts,
    bytes: REPLICATION_BYTES,
    read: (body, server) => listFrom(offsets.count(server, body)),
    otherwise: bare,
    asksReplicas: true,
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
    otherwise: null,
    asksReplicas: true,
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
  if (mustBeAlone(request)) return false;
  const until = Number(timeout) === 0 ? Infinity : exactMillis() + Number(timeout);
  if (hasMoved(client)) return answer(client, replyOf(client, wanted, []));
  const { slots, liveServers } = client.pool;
  const servers = slots?.holding ?? liveServers;
  const asked = new Rounds(request, servers, wanted, until).begin(needsFiles);
  if (!asked) return false;
  client.session.leased = false;
  client.barrier();
  return true;
}

/** Whether a server gave way to another one, that may lack what the client wrote before. */
function hasMoved({ session, pool }: ClientConnection): boolean {
  return session.moves !== pool.moves;
}

/** What the client hears; for a server that gave way to another one, once, nobody vouches. */
function replyOf(client: ClientConnection, wanted: Wanted, least: readonly number[]): Buffer {
  const vouched = !hasMoved(client);
  client.session.moves = client.pool.moves;
  return wanted.reply(wanted.numbers.map((_, i) => (vouched ? least[i] : 0)));
}

/** One WAIT: its servers are asked in rounds. */
class Rounds {
  #question: Question;
  readonly #client: ClientConnection;
  #wanted: Wanted;
  /** On the clock; Infinity = without end. */
  readonly #until: number;
  readonly #madeOn: LaneKey;
  /**
   * To be asked puts a connection behind all that its server has written so far: what this client
   * wrote over another one counts from the second time on.
   */
  #isFirst: boolean;
  #asksReplicas: boolean;
  #pause = WAIT_POLL_MS;

  constructor(request: SpecialRequest, servers: readonly Server[], wanted: Wanted, until: number) {
    const { client } = request;
    const { bytes, asksReplicas } = wanted;
    const { lane } = client;
    this.#question = { request, servers, bytes, lane, most: INFO_ANSWER_BYTES };
    this.#client = client;
    this.#wanted = wanted;
    this.#until = until;
    this.#madeOn = laneKey(laneOf(client));
    this.#isFirst = client.session.leased;
    this.#asksReplicas = asksReplicas;
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
    const counts = countsOf(answers, this.#wanted);
    if (Buffer.isBuffer(counts)) {
      if (hasMoved(this.#client)) claim.deliver(replyOf(this.#client, this.#wanted, []));
      else this.#onError(answers, counts, claim);
      return;
    }
    const { numbers, otherwise } = this.#wanted;
    const least = numbers.map((_, i) => Math.min(...counts.map((each) => Number(each[i]))));
    const first = this.#isFirst && otherwise === null;
    this.#isFirst = false;
    if (first && this.#again(claim) === null) return;
    const left = this.#until - exactMillis();
    const done = numbers.every((number, i) => least[i] >= number);
    const client = this.#client;
    if (done || left <= 0 || mayHaveLeft(client) || hasMoved(client)) {
      claim.deliver(replyOf(client, this.#wanted, least));
      return;
    }
    this.#askReplicas(counts);
    const { guard } = client.pool.engine;
    const goOn = guard.bind(client, () => this.#goOn(least, claim));
    setTimeout(goOn, Math.min(this.#pause, left));
    this.#pause = Math.min(this.#pause * 2, WAIT_POLL_MAX_MS);
  }

  /** A server does not say what it is asked for, or cannot. */
  #onError(answers: readonly Answer[], error: Buffer, claim: Claim): void {
    const { otherwise } = this.#wanted;
    if (otherwise === null || answers.some(({ lost }) => lost)) {
      claim.deliver(error);
      return;
    }
    this.#wanted = otherwise;
    this.#question = { ...this.#question, bytes: otherwise.bytes };
    this.#asksReplicas = otherwise.asksReplicas;
    const refusal = this.#again(claim);
    if (refusal !== null) claim.deliver(refusal);
  }

  /** Replicas of servers that have not got all are to say how far they are. */
  #askReplicas(counts: readonly (readonly bigint[])[]): void {
    if (!this.#asksReplicas) return;
    this.#asksReplicas = false;
    const { numbers } = this.#wanted;
    this.#question.servers.forEach((server, at) => {
      const isDone = numbers.every((number, i) => counts[at][i] >= number);
      if (!isDone) requestAcks(this.#client, server);
    });
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
      claim.deliver(replyOf(client, this.#wanted, least));
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

function isOnReplica(error: Buffer): boolean {
  return ON_REPLICA.test(error.toString('latin1'));
}

/** What each server has got, in the order of the answers; or an error. */
function countsOf(
  answers: readonly Answer[],
  { numbers, read }: Wanted,
): readonly (readonly bigint[])[] | Buffer {
  const all: (readonly bigint[])[] = [];
  for (const { body, error, server } of answers) {
    const vouches = error === null || !server.pool.config.followsMaster || !isOnReplica(error);
    if (error !== null && vouches) return error;
    const counts = vouches ? read(body, server) : numbers.map(() => 0n);
    if (counts === null || counts.some((count) => count < 0n || count > MOST_REPLICAS)) {
      return INVALID;
    }
    all.push(counts);
  }
  return all;
}
