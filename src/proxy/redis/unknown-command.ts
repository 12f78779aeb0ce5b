import { routeKey } from '../../distribution/route.ts';
import { LEARNED_COMMANDS } from '../../limits.ts';
import { NO_SERVER, PART_TABLE_RECORDS } from '../../protocol/frame-table.ts';
import { encodeRequest, encodeText } from '../../protocol/redis/replies/encode.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import { bodyOf, elementsOf } from '../../protocol/redis/replies/reply-parts.ts';
import { arityFits, type CommandSpec } from '../../protocol/redis/table/commands.ts';
import { type LearnedCommand, learnCommand } from '../../protocol/redis/table/learn-command.ts';
import { whyUnsupported } from '../../protocol/redis/table/unsupported.ts';
import { failureReply, REASON_REFUSED } from '../backend/failure.ts';
import type { Pool, Server } from '../pool/pool.ts';
import { answer, copyOf, type SpecialRequest, split, text, word } from '../routing/request.ts';
import { commonServer } from './common-server.ts';
import { type Answer, askServers, collect } from './server-answers.ts';

type Reply = (bytes: Buffer) => void;
type Handle = (request: SpecialRequest, spec: CommandSpec) => boolean;

/** Arguments that an error may show. */
const SHOWN_WORDS = 128;
/** What COMMAND GETKEYS says to a request without keys, or that every server would refuse. */
const KEYLESS = /^-ERR (The command has no key|Invalid (number of )?arguments|Invalid command)/i;
const TOO_MANY_WORDS = replies.error('too many arguments');

/** Why a learnt command is not sent, or null. */
function whyNotSent({ blocking, hides }: LearnedCommand): string | null {
  if (hides !== null) return `a server has it for ${hides}, which is not sent under another name`;
  return blocking ? whyUnsupported('BLPOP') : null;
}

/** A command that the table does not have: configured, to be asked for, or an error. */
export function handleUnknown(request: SpecialRequest, handle: Handle): boolean {
  const { client } = request;
  const { pool } = client;
  const count = split(request);
  const name = text(request, 0).toUpperCase();
  const known = pool.customCommands.get(name) ?? pool.learnedCommands.get(name);
  if (known !== undefined) {
    if (!arityFits(known.spec.arity, count)) return answer(client, replies.wrongArity(name));
    const why = whyNotSent(known);
    if (why !== null) return answer(client, replies.unsupported(name, why));
    if (!known.movable) return handle(request, known.spec);
  } else if (!pool.config.askUnknownCommands) {
    const shown = Array.from({ length: Math.min(count, SHOWN_WORDS) }, (_, i) => text(request, i));
    return answer(client, replies.unknownCommand(shown));
  }
  if (known !== undefined && count === PART_TABLE_RECORDS) return answer(client, TOO_MANY_WORDS);
  return ask(request, count, name, known ?? null);
}

/** A request that is sent when a server has said where its keys are. */
interface Later {
  readonly request: SpecialRequest;
  readonly bytes: Buffer;
  readonly words: readonly Buffer[];
  /** Whom to ask. */
  readonly teacher: Server;
}

/** Asks a server about a command, or where the keys of this request are. */
function ask(
  request: SpecialRequest,
  count: number,
  name: string,
  known: LearnedCommand | null,
): boolean {
  const { client } = request;
  const { pool } = client;
  const place = pool.placeholderServer();
  if (place === NO_SERVER) {
    client.failForward(REASON_REFUSED);
    return true;
  }
  const later: Later = {
    request: { ...request, mustSend: true },
    bytes: copyOf(request),
    words: Array.from({ length: count }, (_, i) => word(request, i)),
    teacher: pool.servers[place],
  };
  const bytes = known === null ? encodeText('COMMAND', 'INFO', name) : keysQuestion(later);
  const servers = [later.teacher];
  const asked = askServers({ request, servers, bytes }, ([first], reply) => {
    if (known !== null) sendByKeys(later, first, reply);
    else onLearned(later, name, first, reply);
  });
  if (asked) client.barrier();
  return asked;
}

function keysQuestion({ words }: Later): Buffer {
  return encodeRequest([Buffer.from('COMMAND'), Buffer.from('GETKEYS'), ...words]);
}

function onLearned(later: Later, name: string, said: Answer, reply: Reply): void {
  if (said.isError) return void reply(said.reply);
  const { pool } = later.request.client;
  const learned = learnCommand(name, said.reply);
  if (learned === null) {
    const shown = later.words.slice(0, SHOWN_WORDS).map((each) => each.toString('latin1'));
    return void reply(replies.unknownCommand(shown));
  }
  if (pool.learnedCommands.size < LEARNED_COMMANDS) pool.learnedCommands.set(name, learned);
  if (!arityFits(learned.spec.arity, later.words.length))
    return void reply(replies.wrongArity(name));
  const why = whyNotSent(learned);
  if (why !== null) return void reply(replies.unsupported(name, why));
  if (!learned.movable) return void sendBySpec(later, learned.spec, reply);
  if (later.words.length === PART_TABLE_RECORDS) return void reply(TOO_MANY_WORDS);
  const question = { request: later.request, servers: [later.teacher], bytes: keysQuestion(later) };
  const sent = collect(question, ([keys]) => sendByKeys(later, keys, reply));
  if (!sent) reply(failureReply(later.teacher.lastFailure));
}

function sendBySpec(later: Later, spec: CommandSpec, reply: Reply): void {
  const { client } = later.request;
  if (spec.handling === 'forward') {
    sendTo(later, serverOfKey(client.pool, later.words[spec.firstKey]), reply);
    return;
  }
  const start = client.pool.engine.placeAssembled(later.bytes);
  const server = commonServer({ ...later.request, start, length: later.bytes.length }, spec);
  if (typeof server === 'number') sendTo(later, server, reply);
  else reply(server);
}

function sendByKeys(later: Later, said: Answer, reply: Reply): void {
  const { pool } = later.request.client;
  if (said.isError) {
    if (KEYLESS.test(said.reply.toString('latin1'))) sendTo(later, pool.placeholderServer(), reply);
    else reply(said.reply); // Where its keys are is not known, so no server is the right one.
    return;
  }
  const keys = elementsOf(said.reply) ?? [];
  const places = keys.map((key) => serverOfKey(pool, bodyOf(key)));
  const stranger = places.findIndex((place) => place !== places[0]);
  if (stranger < 0 || pool.config.distribution === 'random') {
    sendTo(later, places[0] ?? pool.placeholderServer(), reply);
    return;
  }
  const [a, b] = [keys[0], keys[stranger]].map((key) => bodyOf(key).toString('latin1'));
  const [serverA, serverB] = [places[0], places[stranger]].map((i) => pool.servers[i].name);
  reply(replies.crossServer(a, serverA, b, serverB));
}

function serverOfKey(pool: Pool, key: Buffer): number {
  return routeKey(key, 0, key.length, pool.engine.words, pool.descriptor);
}

function sendTo(later: Later, server: number, reply: Reply): void {
  if (server === NO_SERVER) return void reply(failureReply(REASON_REFUSED));
  const { request, bytes } = later;
  const target = request.client.pool.servers[server];
  const question = { request, servers: [target], bytes };
  const sent = collect(question, ([answered]) => reply(answered.reply));
  if (!sent) reply(failureReply(target.lastFailure));
}
