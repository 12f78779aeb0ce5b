import { JOINED_LIST_BYTES } from '../../limits.ts';
import { arrayReply, integerReply, nullReply } from '../../protocol/redis/replies/encode.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import {
  bulkOf,
  elementsOf,
  errorOf,
  integerOf,
  isNull,
  isStatus,
  listOf,
  pairsOf,
  wordOf,
} from '../../protocol/redis/replies/reply-parts.ts';
import type { CommandSpec, Merge } from '../../protocol/redis/table/commands.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { laneOf } from '../pool/lanes.ts';
import { answer, copyOf, type SpecialRequest } from '../routing/request.ts';
import { notAllowed } from './allowed.ts';
import { INVALID } from './failure-reply.ts';
import { ChainedArrays } from './fragments/chained-arrays.ts';
import { BusyOrders } from './leases/busy-orders.ts';
import {
  type Answer,
  answerOf,
  askServers,
  joinServers,
  mustBeAlone,
  type Question,
  wasTooLarge,
} from './server-answers.ts';
import { wordCount } from './words.ts';

const ARRAY = 0x2a; // '*'
const NOT_BUSY = '-NOTBUSY';
/** What is joined so is asked of servers that may hear nothing else. */
const HEARD_WHEN_BUSY: ReadonlySet<Merge> = new Set<Merge>(['any', 'busiest']);
const EJECTED = replies.error('it is ejected');
const MAX_INTEGER = (1n << 63n) - 1n;

/** Null when a reply is not one that the command has. */
type Join = (answers: readonly Answer[], request: Joined) => Buffer | null;

interface Joined {
  readonly client: ClientConnection;
  /** Words of the request. */
  readonly words: number;
}

/** The error of the first server that has one, named unless all say the same. */
function firstError(answers: readonly Answer[]): Buffer | null {
  const bad = answers.find(({ error }) => error !== null);
  if (bad === undefined || bad.error === null) return null;
  if (answers.every(({ body }) => body.equals(bad.body))) return bad.error;
  return replies.serverSaid(bad.server.name, bad.error);
}

/** A status or a text. */
function same(answers: readonly Answer[]): Buffer | null {
  if (answers.some(({ body }) => wordOf(body) === null)) return null;
  const [first] = answers;
  const other = answers.find(({ body }) => !body.equals(first.body));
  if (other === undefined) return first.body;
  return replies.disagree(first.server.name, other.server.name);
}

/** As `same`, for arrays whose order says nothing. */
function sameSet(answers: readonly Answer[], { client }: Joined): Buffer | null {
  const sets: string[][] = [];
  const mayBeSet = laneOf(client).resp === 3;
  for (const { body } of answers) {
    const elements = elementsOf(body);
    if (elements === null || (body[0] !== ARRAY && !mayBeSet)) return null;
    sets.push(elements.map((element) => element.toString('latin1')).sort());
  }
  const [first] = sets;
  const wrong = sets.findIndex(
    (set) => set.length !== first.length || set.some((element, i) => element !== first[i]),
  );
  if (wrong < 0) return answers[0].body;
  return replies.disagree(answers[0].server.name, answers[wrong].server.name);
}

function sum(answers: readonly Answer[]): Buffer | null {
  let total = 0n;
  for (const { body } of answers) {
    const value = integerOf(body);
    if (value === null || value < 0n) return null;
    total += value;
  }
  return total > MAX_INTEGER ? null : integerReply(total);
}

/** Lists of texts. */
function concat(answers: readonly Answer[]): Buffer | null {
  const all: Buffer[][] = [];
  for (const { body } of answers) {
    if (listOf(body, bulkOf) === null) return null;
    all.push(elementsOf(body) ?? []);
  }
  return arrayReply(all.flat());
}

/**
 * Asks for lists that become one. What is too much to be joined here is read again, and passed on
 * as it comes: nothing is sent behind it that it could see. Where the last ones were that long it
 * is passed on from the start: a server makes it once, and nobody waits behind its bytes.
 */
function sendForList(question: Question, joined: Joined): boolean {
  const { client } = question.request;
  if (isLikelyLong(question)) {
    new ChainedArrays(client, client.claims.claim(), question.servers, question.bytes, true);
    return true;
  }
  const most = Math.min(JOINED_LIST_BYTES, client.pool.config.clientOutputLimit);
  client.barrier();
  return askServers({ ...question, most }, (answers, claim) => {
    const isWhole = !answers.some((each) => wasTooLarge(each));
    if (isWhole || claim.unheard || client.session.detour !== null) {
      claim.deliver(JOINS.concat(answers, joined) ?? INVALID);
    } else {
      new ChainedArrays(client, claim, question.servers, question.bytes, false);
    }
  });
}

/** Whether connections of its own are worth it, and to be had. */
function isLikelyLong({ request: { client }, servers }: Question): boolean {
  if (client.pool.longLists === 0 || client.muted || client.session.detour !== null) return false;
  return servers.every((server) => !server.breakerOpen);
}

/** A one for what every server has; each says so for each word behind the subcommand. */
function every(answers: readonly Answer[], { words }: Joined): Buffer | null {
  const count = words - 2;
  const flags = new Array<number>(count).fill(1);
  for (const { body } of answers) {
    const list = listOf(body, integerOf);
    if (list === null || list.length !== count) return null;
    if (list.some((value) => value !== 0n && value !== 1n)) return null;
    for (let i = 0; i < count; i++) if (list[i] === 0n) flags[i] = 0;
  }
  return arrayReply(flags.map((flag) => integerReply(flag)));
}

/** One server that did it is enough; else an error, rather of one that had something to end. */
function anyOne(answers: readonly Answer[]): Buffer | null {
  const good = answers.find(({ error }) => error === null);
  if (good !== undefined) return isStatus(good.body) ? good.body : null;
  const idle = ({ body }: Answer): boolean =>
    body.toString('latin1', 0, NOT_BUSY.length) === NOT_BUSY;
  const telling = answers.find((each) => !idle(each));
  if (telling === undefined || telling.error === null) return answers[0].error;
  return firstError([telling, ...answers]);
}

/** Of a server that runs a script, where one does; a server that is busy may only say that. */
function busiest(answers: readonly Answer[]): Buffer | null {
  const error = firstError(answers);
  if (error !== null && answers.every((each) => each.error !== null)) return error;
  const good = answers.filter((each) => each.error === null);
  const states = good.map(({ body }) => (pairsOf(body)?.flat() ?? elementsOf(body))?.at(1));
  if (states.includes(undefined)) return null;
  const running = states.findIndex((state) => state !== undefined && !isNull(state));
  if (running >= 0) return good[running].body;
  return error ?? good[0].body;
}

function randomOne(answers: readonly Answer[], { client }: Joined): Buffer | null {
  const good = answers.filter(({ error }) => error === null);
  if (good.some(({ body }) => bulkOf(body) === null && !isNull(body))) return null;
  const keys = good.filter(({ body }) => !isNull(body));
  if (keys.length > 0) return keys[Math.floor(Math.random() * keys.length)].body;
  return firstError(answers) ?? nullReply(laneOf(client).resp);
}

/** Any error is the answer; `join` only sees good replies. */
function unlessError(join: Join): Join {
  return (answers, request) => firstError(answers) ?? join(answers, request);
}

const JOINS: Readonly<Record<Exclude<Merge, 'none'>, Join>> = {
  same: unlessError(same),
  'same-set': unlessError(sameSet),
  sum: unlessError(sum),
  concat: unlessError(concat),
  every: unlessError(every),
  any: anyOne,
  busiest,
  random: randomOne,
};

/**
 * Sends a request as it is to every server that is in the ring and joins the replies. Of what
 * changes something, a server that is not in it is told: it has not done that.
 */
export function sendToAllServers(request: SpecialRequest, spec: CommandSpec): boolean {
  const { client } = request;
  const { servers, liveServers, slots } = client.pool;
  const refusal = notAllowed(request, spec);
  if (refusal !== null) return answer(client, refusal);
  if (mustBeAlone(request)) return false;
  if (spec.merge === 'none') throw new Error(`${spec.name} has no way to join replies`);
  const join = JOINS[spec.merge];
  const isChange = spec.merge === 'same';
  // A node of a cluster that has no slot may get one in a moment.
  const wanted = slots !== null && isChange ? servers : liveServers;
  const absent = isChange ? servers.find((each) => !wanted.includes(each)) : undefined;
  const bytes = copyOf(request);
  const joined: Joined = { client, words: wordCount(request) };
  const question = { request, servers: wanted, bytes, lane: client.lane };
  if (spec.merge === 'concat') return sendForList(question, joined);
  const asked = spec.merge === 'any' ? servers : liveServers;
  if (HEARD_WHEN_BUSY.has(spec.merge) && asked.length > 0) {
    new BusyOrders(client, asked, bytes, (replies, claim) => {
      claim.deliver(join(replies.map(answerOf), joined) ?? INVALID);
    });
    return true;
  }
  return joinServers(question, (answers) => {
    const reply = join(answers, joined);
    if (absent === undefined || reply === null || errorOf(reply) !== null) return reply;
    return replies.serverSaid(absent.name, EJECTED);
  });
}
