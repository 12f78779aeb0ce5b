import { arrayReply, integerReply, nullReply } from '../../protocol/redis/replies/encode.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import { countOf, elementsOf, isNull, textOf } from '../../protocol/redis/replies/reply-parts.ts';
import type { CommandSpec, Merge } from '../../protocol/redis/table/commands.ts';
import { failureReply, REASON_INVALID } from '../backend/failure.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { answer, copyOf, type SpecialRequest } from '../routing/request.ts';
import { type Answer, joinServers } from './server-answers.ts';

type Join = (answers: readonly Answer[], client: ClientConnection) => Buffer;

/** The error of the first server that has one, named unless all say the same. */
function firstError(answers: readonly Answer[]): Buffer | null {
  const bad = answers.find(({ isError }) => isError);
  if (bad === undefined) return null;
  if (answers.every(({ reply }) => reply.equals(bad.reply))) return bad.reply;
  return replies.serverSaid(bad.server.name, bad.reply);
}

function same(answers: readonly Answer[]): Buffer {
  const error = firstError(answers);
  if (error !== null) return error;
  const [first] = answers;
  const other = answers.find(({ reply }) => !reply.equals(first.reply));
  if (other === undefined) return first.reply;
  return replies.disagree(first.server.name, other.server.name);
}

/** As `same`, for arrays whose order says nothing. */
function sameSet(answers: readonly Answer[]): Buffer {
  const error = firstError(answers);
  if (error !== null) return error;
  const sets = answers.map(({ reply }) =>
    (elementsOf(reply) ?? [reply]).map((element) => element.toString('latin1')).sort(),
  );
  const wrong = sets.findIndex((set) => set.join() !== sets[0].join());
  if (wrong < 0) return answers[0].reply;
  return replies.disagree(answers[0].server.name, answers[wrong].server.name);
}

function sum(answers: readonly Answer[]): Buffer {
  let total = 0;
  for (const { server, reply } of answers) {
    const count = countOf(reply);
    if (count === null) return replies.serverSaid(server.name, failureReply(REASON_INVALID));
    total += count;
  }
  return integerReply(total);
}

function concat(answers: readonly Answer[]): Buffer {
  const lists = answers.map(({ reply }) => elementsOf(reply) ?? []);
  return arrayReply(lists.flat());
}

/** A one for what every server has. */
function every(answers: readonly Answer[]): Buffer {
  const lists = answers.map(({ reply }) => (elementsOf(reply) ?? []).map(textOf));
  const flags = lists[0].map((_, i) => lists.every((list) => list[i] === '1'));
  return arrayReply(flags.map((flag) => integerReply(flag ? 1 : 0)));
}

/** One server that did it is enough; else the first error. */
function anyOne(answers: readonly Answer[]): Buffer {
  const good = answers.find(({ isError }) => !isError);
  return good?.reply ?? answers[0].reply;
}

function randomOne(answers: readonly Answer[], client: ClientConnection): Buffer {
  const keys = answers.filter(({ reply, isError }) => !isError && !isNull(reply));
  if (keys.length > 0) return keys[Math.floor(Math.random() * keys.length)].reply;
  return firstError(answers) ?? nullReply(client.pool.lanes.at(client.lane).resp);
}

/** Any error is the answer; `join` only sees good replies. */
function unlessError(join: Join): Join {
  return (answers, client) => firstError(answers) ?? join(answers, client);
}

const JOINS: Readonly<Record<Exclude<Merge, 'none'>, Join>> = {
  same,
  'same-set': sameSet,
  sum: unlessError(sum),
  concat: unlessError(concat),
  every: unlessError(every),
  any: anyOne,
  random: randomOne,
};

/** Sends a request as it is to every server of the pool and joins the replies. */
export function sendToAllServers(request: SpecialRequest, spec: CommandSpec): boolean {
  const { client } = request;
  const { servers, config } = client.pool;
  if ((spec.name === 'FLUSHALL' || spec.name === 'FLUSHDB') && !config.allowFlush) {
    return answer(client, replies.flushRefused(spec.name));
  }
  if (spec.merge === 'none') throw new Error(`${spec.name} has no way to join replies`);
  const join = JOINS[spec.merge];
  return joinServers({ request, servers, bytes: copyOf(request) }, (answers) =>
    join(answers, client),
  );
}
