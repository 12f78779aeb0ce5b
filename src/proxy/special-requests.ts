import { timingSafeEqual } from 'node:crypto';
import {
  FLAG_BAD_ARITY,
  FLAG_INLINE,
  FLAG_KEY_TOO_LONG,
  FLAG_SPECIAL,
  LIMIT_KEY_BYTES,
  NO_COMMAND,
  NO_SERVER,
  PART_TABLE,
  PART_TABLE_RECORDS,
  RECORD_BYTES,
  RECORD_INFO,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_SERVER,
  SCRATCH,
  SCRATCH_BYTES,
} from '../protocol/frame-table.ts';
import {
  arityFits,
  COMMANDS,
  type CommandSpec,
  findSubcommand,
} from '../protocol/redis/commands.ts';
import { bulkReply, encodeRequest } from '../protocol/redis/encode.ts';
import { splitInline } from '../protocol/redis/inline.ts';
import { keyWords } from '../protocol/redis/key-words.ts';
import * as replies from '../protocol/redis/replies.ts';
import type { ClientConnection } from './client-connection.ts';
import { isHttpWord, refuseHttp } from './cross-protocol.ts';
import { REASON_REFUSED } from './failure.ts';
import { sendFragments } from './fragmented-request.ts';

const PART_WORD = PART_TABLE / 4;
const RECORD_WORDS = RECORD_BYTES / 4;

/** A complete request in the arena that is not simply forwarded. */
export interface SpecialRequest {
  readonly client: ClientConnection;
  readonly start: number;
  readonly length: number;
  /** It cannot be put back: it is sent even if its server has much to take already. */
  readonly mustSend: boolean;
}

/**
 * Answers or sends one request at [start, start + length) that the fast loop left out.
 * @returns false when it must wait for a server to take more
 */
export function handleSpecial(
  client: ClientConnection,
  start: number,
  length: number,
  info: number,
  mustSend = false,
): boolean {
  const request: SpecialRequest = { client, start, length, mustSend };
  if ((info & FLAG_INLINE) !== 0) return handleInline(request);
  const index = info & NO_COMMAND;
  if (index === NO_COMMAND && isHttpWord(nameOf(request))) return refuseHttp(client);
  if (!client.authenticated && !mayComeBeforeAuth(index)) return answer(client, replies.NO_AUTH);
  if (index === NO_COMMAND) return answer(client, replies.unknownCommand(nameOf(request)));
  const spec = COMMANDS[index];
  if ((info & FLAG_BAD_ARITY) !== 0) return answer(client, replies.wrongArity(spec.name));
  if ((info & FLAG_KEY_TOO_LONG) !== 0) {
    return answer(client, replies.error(`key is longer than ${LIMIT_KEY_BYTES} bytes`));
  }
  if ((info & FLAG_SPECIAL) === 0) return forwardByKey(request, spec);
  return handleBySpec(request, spec);
}

function handleBySpec(request: SpecialRequest, spec: CommandSpec): boolean {
  const { client } = request;
  switch (spec.handling) {
    case 'local':
      return answerLocally(request, spec);
    case 'fragment':
      return sendFragments(request, spec);
    case 'same-server':
      return sendToCommonServer(request, spec);
    case 'container':
      return handleSubcommand(request, spec);
    case 'placeholder':
      return forward(request, client.pool.placeholderServer());
    case 'forward':
      return forwardByKey(request, spec);
    case 'unsupported':
      return answer(client, replies.unknownCommand(nameOf(request)));
  }
}

function answer(client: ClientConnection, reply: Buffer): true {
  client.answer(reply);
  return true;
}

function mayComeBeforeAuth(index: number): boolean {
  const name = index === NO_COMMAND ? '' : COMMANDS[index].name;
  return name === 'AUTH' || name === 'QUIT';
}

/** Splits the request into PART_TABLE, unrouted. @returns the number of words */
function split(request: SpecialRequest): number {
  const { client, start, length } = request;
  return client.pool.engine.codec.splitRequest(
    start,
    start + length,
    PART_TABLE,
    PART_TABLE_RECORDS,
    0,
    client.pool.descriptor,
    0,
    0,
  );
}

/** @returns a copy of word `index` of the request that was split last */
function word(request: SpecialRequest, index: number): Buffer {
  const { engine } = request.client.pool;
  const at = PART_WORD + index * RECORD_WORDS;
  const start = engine.words[at + RECORD_KEY];
  return Buffer.from(engine.memory.subarray(start, start + engine.words[at + RECORD_KEY_LENGTH]));
}

function nameOf(request: SpecialRequest): string {
  split(request);
  return word(request, 0).toString('latin1');
}

/** Sends the request as it is to one server. */
export function forward(request: SpecialRequest, server: number): boolean {
  const { client, start, length } = request;
  if (server === NO_SERVER) {
    client.failForward(REASON_REFUSED);
    return true;
  }
  const connection = client.pool.servers[server].connectionFor(client.id);
  if (connection === null) {
    client.failForward(client.pool.servers[server].lastFailure);
    return true;
  }
  if (connection.full && !request.mustSend) {
    connection.waitFor(client);
    return false;
  }
  client.references++;
  connection.sendFrom(start, length, client.id, client.pipeline.open());
  return true;
}

/** Server of word `index` of the request that was split last. */
function serverOf(request: SpecialRequest, index: number): number {
  const { engine, descriptor } = request.client.pool;
  const at = PART_WORD + index * RECORD_WORDS;
  const length = engine.words[at + RECORD_KEY_LENGTH];
  return engine.codec.route(engine.words[at + RECORD_KEY], length, descriptor);
}

function forwardByKey(request: SpecialRequest, spec: CommandSpec): boolean {
  split(request);
  return forward(request, serverOf(request, spec.firstKey));
}

/** All keys must live on one server; with none, the server of the pseudo key answers. */
function sendToCommonServer(request: SpecialRequest, spec: CommandSpec): boolean {
  const { client } = request;
  const { pool } = client;
  const count = split(request);
  if (count === PART_TABLE_RECORDS) return answer(client, replies.error('too many arguments'));
  const keys = keyWords(spec, count, (index) => word(request, index).toString('latin1'));
  if (keys === 'blocking') return answer(client, replies.unknownCommand(`${spec.name} ... BLOCK`));
  if (keys.length === 0) return forward(request, pool.placeholderServer());
  const server = serverOf(request, keys[0]);
  for (const key of keys) {
    const other = serverOf(request, key);
    if (other === server || pool.config.distribution === 'random') continue;
    return answer(
      client,
      replies.crossServer(
        word(request, keys[0]).toString('latin1'),
        pool.servers[server].name,
        word(request, key).toString('latin1'),
        pool.servers[other].name,
      ),
    );
  }
  return forward(request, server);
}

function handleSubcommand(request: SpecialRequest, container: CommandSpec): boolean {
  const { client } = request;
  const count = split(request);
  const name = count > 1 ? word(request, 1).toString('latin1') : '';
  const spec = findSubcommand(container, name);
  if (spec === undefined) {
    return answer(client, replies.unknownSubcommand(container.name, name));
  }
  if (!arityFits(spec.arity, count)) return answer(client, replies.wrongArity(spec.name));
  return handleBySpec(request, spec);
}

function answerLocally(request: SpecialRequest, spec: CommandSpec): boolean {
  const { client } = request;
  const count = split(request);
  switch (spec.name) {
    case 'PING':
      if (count > 2) return answer(client, replies.wrongArity('PING'));
      return answer(client, count === 1 ? replies.PONG : bulkReply(word(request, 1)));
    case 'ECHO':
      return answer(client, bulkReply(word(request, 1)));
    case 'TIME':
      return answer(client, replies.time());
    case 'AUTH':
      return authenticate(request, count);
    case 'QUIT':
      client.stopReading();
      return true;
    default:
      throw new Error(`no local answer for ${spec.name}`);
  }
}

function authenticate(request: SpecialRequest, count: number): boolean {
  const { client } = request;
  const password = client.pool.config.redisAuth;
  if (count > 3) return answer(client, replies.SYNTAX_ERROR);
  if (password === null) return answer(client, replies.NO_PASSWORD_SET);
  const user = count === 3 ? word(request, 1).toString('latin1') : 'default';
  const given = word(request, count - 1);
  const right = given.length === password.length && timingSafeEqual(given, password);
  client.authenticated = right && user === 'default';
  if (client.authenticated) return answer(client, replies.OK);
  return answer(client, count === 3 ? replies.WRONG_PASS : replies.INVALID_PASSWORD);
}

/** An inline request is written again as a multibulk one, which then takes the usual way. */
function handleInline(request: SpecialRequest): boolean {
  const { client, start, length, mustSend } = request;
  const { engine, descriptor } = client.pool;
  const line = Buffer.from(engine.memory.subarray(start, start + length));
  const words = splitInline(line);
  if (words === null) {
    client.answer(replies.UNBALANCED_QUOTES);
    client.stopReading();
    return true;
  }
  if (words.length === 0) return true;
  const encoded = encodeRequest(words);
  if (encoded.length > SCRATCH_BYTES)
    return answer(client, replies.error('too big inline request'));
  encoded.copy(engine.memory, SCRATCH);
  engine.loadState(null);
  engine.codec.scanRequests(SCRATCH, SCRATCH + encoded.length, PART_TABLE, 1, descriptor);
  const info = engine.words[PART_WORD + RECORD_INFO];
  const again: SpecialRequest = { client, start: SCRATCH, length: encoded.length, mustSend };
  if ((info & FLAG_SPECIAL) !== 0 || !client.authenticated) {
    return handleSpecial(client, SCRATCH, encoded.length, info, mustSend);
  }
  return forward(again, engine.words[PART_WORD + RECORD_SERVER]);
}
