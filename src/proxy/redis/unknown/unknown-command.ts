import { routeKey } from '../../../distribution/route.ts';
import { keySlot } from '../../../distribution/slots.ts';
import { LEARNED_NAME_BYTES, UNKNOWN_SHOWN_WORDS } from '../../../limits.ts';
import { LIMIT_KEY_BYTES, NO_SERVER } from '../../../protocol/frame-table.ts';
import { encodeRequest, encodeText } from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { bulkOf, listOf } from '../../../protocol/redis/replies/reply-parts.ts';
import { arityFits, type CommandSpec } from '../../../protocol/redis/table/commands.ts';
import { type LearnedCommand, learnCommand } from '../../../protocol/redis/table/learn-command.ts';
import type { Claim } from '../../client/claims.ts';
import { MUST_SEND } from '../../client/router.ts';
import type { Kept } from '../../client/stored-reply.ts';
import { type LaneKey, laneKey, laneOf } from '../../pool/lanes.ts';
import type { Pool } from '../../pool/pool.ts';
import type { Server } from '../../pool/server.ts';
import { answer, copyOf, type SpecialRequest } from '../../routing/request.ts';
import { commonServer } from '../common-server.ts';
import { failureReply, INVALID } from '../failure-reply.ts';
import { type Answer, askAgain, askServers } from '../server-answers.ts';
import { Words } from '../words.ts';
import { keepLearned, knownCommand } from './known-commands.ts';

type Handle = (request: SpecialRequest, spec: CommandSpec) => boolean;

const NOTHING = Buffer.alloc(0);
/** What COMMAND GETKEYS says to a request without keys, or that every server would refuse. */
const KEYLESS = /^-ERR (The command has no key|Invalid (number of )?arguments|Invalid command)/i;

const BLOCKS = 'it may block, and where its timeout is nobody says';

/** Why a learnt command is not sent, or null. */
function whyNotSent({ blocking, administers, hides }: LearnedCommand): string | null {
  if (hides !== null) return `a server has it for ${hides}, which is not sent under another name`;
  if (administers) return 'it is about one server or one connection; send it to that server';
  return blocking ? BLOCKS : null;
}

/** A command that the table does not have: configured, to be asked for, or an error. */
export function handleUnknown(request: SpecialRequest, handle: Handle): boolean {
  const { client } = request;
  const { pool } = client;
  const words = Words.of(request);
  const name = words.text(0).toUpperCase();
  const known = knownCommand(pool, name);
  if (known !== undefined) {
    if (!arityFits(known.spec.arity, words.count)) return answer(client, replies.wrongArity(name));
    const why = whyNotSent(known);
    if (why !== null) return answer(client, replies.unsupported(name, why));
    if (!known.movable) return handle(request, known.spec);
  } else if (!pool.config.askUnknownCommands || name.length > LEARNED_NAME_BYTES) {
    return answer(client, replies.unknownCommand(words.texts(0, UNKNOWN_SHOWN_WORDS)));
  }
  if (known !== undefined && !words.complete) return answer(client, replies.TOO_MANY_ARGUMENTS);
  return ask(request, words, name, known ?? null);
}

/** A request that is sent when a server has said where its keys are. */
interface Later extends Kept {
  readonly request: SpecialRequest;
  /** The lane it was made on. */
  readonly lane: LaneKey;
  bytes: Buffer;
  /** How many words it has. */
  readonly count: number;
  /** All words, or as many as the table holds. */
  words: readonly Buffer[];
  /** Whom to ask. */
  readonly teacher: Server;
}

/** Asks a server about a command, or where the keys of this request are. */
function ask(
  request: SpecialRequest,
  words: Words,
  name: string,
  known: LearnedCommand | null,
): boolean {
  const { client } = request;
  const { pool } = client;
  const place = pool.placeholderServer();
  if (place === NO_SERVER) return client.failForward(pool.nowhere);
  const later: Later = {
    request: { ...request, intent: MUST_SEND },
    lane: laneKey(laneOf(client)),
    bytes: copyOf(request),
    count: words.count,
    words: words.copies(0),
    teacher: pool.servers[place],
    drop: () => {
      later.bytes = NOTHING;
      later.words = [];
    },
  };
  const kept = [later, 2 * request.length] as const;
  const bytes = known === null ? encodeText('COMMAND', 'INFO', name) : keysQuestion(later);
  const servers = [later.teacher];
  const question = { request, servers, bytes, lane: client.lane, kept };
  const asked = askServers(question, ([first], claim) => {
    if (known !== null) sendByKeys(later, first, claim);
    else onLearned(later, name, first, claim);
  });
  if (asked) client.barrier();
  return asked;
}

function keysQuestion({ words }: Later): Buffer {
  return encodeRequest([Buffer.from('COMMAND'), Buffer.from('GETKEYS'), ...words]);
}

function onLearned(later: Later, name: string, said: Answer, claim: Claim): void {
  if (said.error !== null) return void claim.deliver(said.error);
  const { pool } = later.request.client;
  const learned = learnCommand(name, said.body);
  if (learned === 'malformed') return void claim.deliver(INVALID);
  if (learned === null) {
    const shown = later.words.slice(0, UNKNOWN_SHOWN_WORDS).map((each) => each.toString('latin1'));
    return void claim.deliver(replies.unknownCommand(shown));
  }
  keepLearned(pool, name, learned);
  if (!arityFits(learned.spec.arity, later.count))
    return void claim.deliver(replies.wrongArity(name));
  const why = whyNotSent(learned);
  if (why !== null) return void claim.deliver(replies.unsupported(name, why));
  if (!learned.movable) return void sendBySpec(later, learned.spec, claim);
  if (later.words.length < later.count) return void claim.deliver(replies.TOO_MANY_ARGUMENTS);
  askLater(later, later.teacher, keysQuestion(later), claim, (keys) => {
    sendByKeys(later, keys, claim);
  });
}

/** Asks one server on the lane that the request was made on; the client hears why it cannot. */
function askLater(
  { request, lane: madeOn }: Later,
  server: Server,
  bytes: Buffer,
  claim: Claim,
  done: (said: Answer) => void,
  slot: number | null = null,
): void {
  const lane = request.client.pool.lanes.again(madeOn);
  if (lane < 0) return void claim.deliver(replies.TOO_MANY_LANES);
  const question = { request, servers: [server], bytes, lane, slot };
  const refusal = askAgain(question, claim, ([said]) => done(said));
  if (refusal !== null) claim.deliver(refusal);
}

function sendBySpec(later: Later, spec: CommandSpec, claim: Claim): void {
  const { client } = later.request;
  if (spec.handling === 'forward') {
    const key = later.words[spec.firstKey];
    const { pool } = client;
    if (key !== undefined && key.length > LIMIT_KEY_BYTES) {
      return void claim.deliver(replies.KEY_TOO_LONG);
    }
    sendTo(later, key === undefined ? pool.placeholderServer() : serverOfKey(pool, key), claim);
    return;
  }
  const start = client.pool.engine.placeAssembled(later.bytes);
  const server = commonServer({ ...later.request, start, length: later.bytes.length }, spec);
  if (typeof server === 'number') sendTo(later, server, claim);
  else claim.deliver(server);
}

function sendByKeys(later: Later, said: Answer, claim: Claim): void {
  const { pool } = later.request.client;
  if (said.error !== null) {
    if (KEYLESS.test(said.error.toString('latin1'))) sendTo(later, pool.placeholderServer(), claim);
    // Where its keys are is not known, so no server is the right one.
    else claim.deliver(said.error);
    return;
  }
  const keys = listOf(said.body, bulkOf);
  if (keys === null || keys.length >= later.words.length) return void claim.deliver(INVALID);
  if (keys.some((key) => key.length > LIMIT_KEY_BYTES)) {
    return void claim.deliver(replies.KEY_TOO_LONG);
  }
  const [slot = null, ...others] = keys.map((key) => keySlot(key, 0, key.length));
  if (pool.slots !== null && others.some((each) => each !== slot)) {
    return void claim.deliver(replies.CROSS_SLOT);
  }
  const places = keys.map((key) => serverOfKey(pool, key));
  const stranger = places.findIndex((place) => place !== places[0]);
  if (stranger < 0 || pool.config.distribution === 'random') {
    sendTo(later, places[0] ?? pool.placeholderServer(), claim, slot);
    return;
  }
  const [one, other] = [0, stranger].map((i): replies.PlacedKey => {
    return [keys[i].toString('latin1'), pool.servers[places[i]].name];
  });
  claim.deliver(replies.crossServer(one, other, pool.config.hashTag !== null));
}

function serverOfKey(pool: Pool, key: Buffer): number {
  return routeKey(key, 0, key.length, pool.engine.words, pool.descriptor);
}

/** @param slot of its keys, where only a server could tell them; else null */
function sendTo(later: Later, server: number, claim: Claim, slot: number | null = null): void {
  const { servers, nowhere } = later.request.client.pool;
  if (server === NO_SERVER) return void claim.deliver(failureReply(nowhere));
  const target = servers[server];
  const tell = ({ reply }: Answer): void => claim.deliver(reply);
  askLater(later, target, later.bytes, claim, tell, slot);
}
